"""Migrates a project's stores and settings before the first write; reading changes nothing."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from zencache.config import FORMAT, raise_format
from zencache.errors import SettingsError, StoreError
from zencache.metadata.session import open_others

if TYPE_CHECKING:
    from zencache.metadata.migration import Migrated
    from zencache.metadata.session import ProjectRecords


def migrate_if_needed(records: ProjectRecords) -> None:
    """Migrate the records, the project's other stores and the settings, if they have an older format.

    Raises StoreError if these records cannot be migrated. For another store it prints a note, and its results
    are not reused.
    """
    for each in (records, *open_others(records.project)):
        if each.metadata.artifacts.lacks_manifests:
            _migrate(each, is_required=each is records)
    if records.project.settings.format < FORMAT:
        update_settings(records)


def migrate(records: ProjectRecords, *, without_backup: bool = False) -> Migrated | None:
    """Migrate the records of one store, and print what was done; None if another process has done it."""
    from zencache.metadata import migration  # noqa: PLC0415 - hardly ever needed

    migrated = migration.migrate(records.metadata, report=_print, without_backup=without_backup)
    if migrated is not None:
        _print(_summary(migrated))
    return migrated


def update_settings(records: ProjectRecords) -> None:
    """Write the format into the project's settings, so that an older zencache refuses the project."""
    from zencache.metadata.migration import migration_lock  # noqa: PLC0415 - hardly ever needed

    file = records.project.folder / "config.toml"
    try:
        with migration_lock(records.project, _print):
            is_changed = raise_format(file.parent)
    except SettingsError as error:
        _note(str(error))
    except StoreError as error:
        _note(f"{error}; {file} is to say `format = {FORMAT}`")
    else:
        if is_changed:
            _print(f"Wrote `format = {FORMAT}` into {file}; commit it.")


def _migrate(records: ProjectRecords, *, is_required: bool) -> None:
    try:
        migrate(records)
    except StoreError as error:
        if is_required:
            raise
        _note(f"results of a store of this project are not reused: {error}")
        records.metadata.artifacts.lacks_manifests = False


def _summary(migrated: Migrated) -> str:
    parts = [f"{_counted(migrated.manifests, 'artifact')} checked and kept"]
    if migrated.left:
        parts.append(f"{_counted(migrated.left, 'artifact')} not as recorded: computed again when needed")
    if migrated.ended:
        parts.append(f"{_counted(migrated.ended, 'run')} that nobody does any more marked as failed")
    return f"Upgraded the store: {'; '.join(parts)}."


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _print(line: str) -> None:
    print(line, flush=True)  # noqa: T201 - the lines are the product


def _note(text: str) -> None:
    print(f"Note: {text}.", file=sys.stderr)  # noqa: T201 - beside the run's lines
