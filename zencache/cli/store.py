"""The group `zencache store`: go on after the records were lost."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from zencache import config
from zencache.cli.output import echo

app = typer.Typer(help="Put lost records back, or go on without them.", no_args_is_help=True)

Backup = Annotated[Path, typer.Argument(help="An SQLite file: a copy of the project's metadata.db.")]


@app.command("adopt")
def adopt_records() -> None:
    """Take the records as they are for this project's store from now on."""
    from zencache.metadata.session import open_records  # noqa: PLC0415 - `--help` needs no records

    records = open_records(config.require_project())
    records.metadata.adopt()
    echo(f"The records in {records.project.database} are this store's own.")


@app.command("restore")
def restore_records(backup: Backup) -> None:
    """Restore the records from a backup; what was there moves to `.zencache/backups`."""
    from zencache.metadata.sqlite_backup import restore  # noqa: PLC0415 - `--help` needs no records

    project = config.require_project()
    replaced = restore(project, backup)
    echo(f"The records in {project.database} are those of {backup}.")
    if replaced is not None:
        echo(f"What was there is kept at {replaced}.")
