"""`zencache migrate`: bring a project's stores to the format of this zencache."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from zencache import config
from zencache.cli.output import echo

if TYPE_CHECKING:
    from zencache.metadata.session import ProjectRecords

DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be done.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="There is a backup of the server's database.")]


def migrate(dry_run: DryRun = False, yes: Yes = False) -> None:
    """Upgrade the project's stores to this zencache's format, with a backup; the next run does so, too."""
    from zencache.metadata.project_migration import migrate as migrate_records  # noqa: PLC0415 - likewise
    from zencache.metadata.project_migration import update_settings  # noqa: PLC0415 - likewise
    from zencache.metadata.session import open_others, open_records  # noqa: PLC0415 - `--help` needs no records

    records = open_records(config.require_project())
    for each in (records, *open_others(records.project)):
        if dry_run:
            _print_preview(each)
        elif migrate_records(each, without_backup=yes) is None:
            echo(f"The records in {each.project.database} are of format {config.FORMAT}.")
    if dry_run:
        echo(f"The settings say format {records.project.settings.format}.")
    elif records.project.settings.format < config.FORMAT:
        update_settings(records)


def _print_preview(records: ProjectRecords) -> None:
    from zencache.metadata.migration import preview  # noqa: PLC0415 - likewise

    to_do, store = preview(records.metadata), records.project.database
    if to_do is None:
        echo(f"The records in {store} are of format {config.FORMAT}: nothing to do.")
        return
    backup = "none can be made" if store.is_server else records.project.backups
    echo(
        f"The records in {store} are of format {to_do.since}. Would back them up ({backup}), check "
        f"{to_do.manifests} artifacts and write their manifests, and mark {to_do.ended} runs as failed that "
        f"nobody does any more."
    )
