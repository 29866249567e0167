"""The command line's root: `init`, `version`, and the groups; a command imports records when it runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

import zencache
from zencache import config
from zencache.cli import cache, compat, explain, migrate, pipeline, plan, run, store, tfx
from zencache.cli.output import echo
from zencache.errors import ZencacheError
from zencache.util.visible_text import visible

app = typer.Typer(
    help="Pipelines that never compute the same thing twice.", no_args_is_help=True, add_completion=False
)
app.add_typer(pipeline.app, name="pipeline")
app.add_typer(run.app, name="run")
app.add_typer(cache.app, name="cache")
app.add_typer(compat.app, name="compat")
app.add_typer(store.app, name="store")
app.add_typer(tfx.app, name="tfx")
app.command("explain")(explain.explain)
app.command("plan")(plan.plan)
app.command("migrate")(migrate.migrate)


def main() -> None:
    """Run the command line; an error of ours is one line on standard error, and exit code 1."""
    try:
        app()
    except ZencacheError as error:
        print(visible(f"Error: {error}"), file=sys.stderr)  # noqa: T201 - the command line's own output
        sys.exit(1)


@app.command()
def version() -> None:
    """Show the version."""
    echo(zencache.__version__)


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="The project's folder.")] = Path()) -> None:
    """Create a project: the folder `.zencache/`, with settings, records and artifacts."""
    there = (folder / config.FOLDER).exists()
    if not folder.is_dir():
        raise typer.BadParameter(f"there is no folder {folder}")
    project = config.create_project(folder.resolve())
    echo(f"{'There is' if there else 'Created'} a zencache project in {project.folder}.")
