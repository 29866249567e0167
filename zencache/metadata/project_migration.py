"""A project of an older format is upgraded when it is first written; reading leaves it as it is."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from zencache.config import FORMAT, raise_format
from zencache.errors import SettingsError, StoreError
from zencache.metadata.session import open_others

if TYPE_CHECKING:
    from zencache.metadata.migration import Upgraded
    from zencache.metadata.session import Records


def make_current(records: Records) -> None:
    """Upgrade what is of an older format before it is written: the records, those of the project's other stores, the settings.

    Raises StoreError where these records cannot be; another store is told of, and its results are not reused.
    """
    for each in (records, *open_others(records.project)):
        if each.metadata.artifacts.lacks_manifests:
            _upgrade(each, is_needed=each is records)
    if records.project.settings.format < FORMAT:
        raise_settings(records)


def upgrade(records: Records, *, without_backup: bool = False) -> Upgraded | None:
    """Upgrade the records of one store, and say so; None where another process has done it."""
    from zencache.metadata import migration  # noqa: PLC0415 - hardly ever needed

    done = migration.upgrade(records.metadata, says=_say, without_backup=without_backup)
    if done is not None:
        _say(_told(done))
    return done


def raise_settings(records: Records) -> None:
    """Have the settings say of which format the project is: an older zencache then leaves it alone."""
    from zencache.metadata.migration import one_upgrade  # noqa: PLC0415 - hardly ever needed

    file = records.project.folder / "config.toml"
    try:
        with one_upgrade(records.project, _say):
            is_raised = raise_format(file.parent)
    except SettingsError as error:
        _note(str(error))
    except StoreError as error:
        _note(f"{error}; {file} is to say `format = {FORMAT}`")
    else:
        if is_raised:
            _say(f"Wrote `format = {FORMAT}` into {file}; commit it.")


def _upgrade(records: Records, *, is_needed: bool) -> None:
    try:
        upgrade(records)
    except StoreError as error:
        if is_needed:
            raise
        _note(f"results of a store of this project are not reused: {error}")
        records.metadata.artifacts.lacks_manifests = False


def _told(done: Upgraded) -> str:
    told = [f"{_counted(done.manifests, 'artifact')} checked and kept"]
    if done.left:
        told.append(f"{_counted(done.left, 'artifact')} not as recorded: made anew when needed")
    if done.ended:
        told.append(f"{_counted(done.ended, 'run')} that nobody does any more marked as failed")
    return f"Upgraded the store: {'; '.join(told)}."


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the lines are the product


def _note(text: str) -> None:
    print(f"Note: {text}.", file=sys.stderr)  # noqa: T201 - beside the run's lines
