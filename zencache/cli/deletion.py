"""Commands that delete: `run delete`, `pipeline delete`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from zencache.cli.output import counted, open_repository
from zencache.util.sizes import size_text

if TYPE_CHECKING:
    from zencache.maintenance.deletion import Deletion

DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be deleted, and delete nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")]
Runs = Annotated[list[str], typer.Argument(help="The runs' names, as `zencache run list` shows them.")]
Pipeline = Annotated[str, typer.Argument(help="The pipeline's name, as `zencache pipeline list` shows it.")]


def delete_run(runs: Runs, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Delete runs and free results that no other run uses: nothing reuses these, and gc deletes them."""
    repository = open_repository()
    names = list(dict.fromkeys(runs))
    planned = [repository.delete_run(name, dry_run=True) for name in names]
    for name, deletion in zip(names, planned, strict=True):
        typer.echo(f"Run {name} of pipeline {deletion.pipeline}: {_freed(deletion)}")
    if dry_run:
        return
    _confirm(f"Delete {counted(len(names), 'run')}?", yes=yes)
    for name in names:
        repository.delete_run(name)
    typer.echo(f"Deleted {counted(len(names), 'run')}; `zencache cache gc` frees what only they needed.")


def delete_pipeline(name: Pipeline, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Delete all runs and versions of a pipeline and free results that no other pipeline uses."""
    repository = open_repository()
    planned = repository.delete_pipeline(name, dry_run=True)
    typer.echo(f"Pipeline {name}, {counted(len(planned.runs), 'run')}: {_freed(planned)}")
    if dry_run:
        return
    _confirm(f"Delete pipeline {name}?", yes=yes)
    repository.delete_pipeline(name)
    typer.echo(f"Deleted pipeline {name}; `zencache cache gc` frees what only its runs needed.")


def _freed(deletion: Deletion) -> str:
    return f"{counted(deletion.results, 'result')} that no other run uses, {size_text(deletion.size)}"


def _confirm(question: str, *, yes: bool) -> None:
    if not yes:
        typer.confirm(question, abort=True)
