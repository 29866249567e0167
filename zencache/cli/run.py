"""The group `zencache run`: list and show runs, pin and delete them."""

from __future__ import annotations

from typing import Annotated

import typer

from zencache.cli.output import confirm, counted, echo, find_run, freed, open_repository, run_table, table
from zencache.pipelines.console import seconds_text

app = typer.Typer(help="Show, pin and delete runs.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The run's name, as `zencache run list` shows it.")]
Names = Annotated[list[str], typer.Argument(help="The runs' names, as `zencache run list` shows them.")]
Why = Annotated[str, typer.Option(help="Why the run is kept; recorded with it.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be deleted, and delete nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")]


@app.command("list")
def list_runs(pipeline: Annotated[str | None, typer.Option(help="Only this pipeline's.")] = None) -> None:
    """List runs, newest last."""
    run_table(open_repository().get_runs(pipeline))


@app.command("show")
def show_run(name: Name) -> None:
    """Show a run's steps: what ran, what was reused, and why."""
    run = find_run(name)
    duration = "" if run.duration is None else f", {seconds_text(run.duration)}"
    version = f", version {run.version}" if run.version else ""
    echo(f"Run {run.name} of pipeline {run.pipeline_name}{version}: {run.status}{duration}")
    table(
        ("step", "status", "time", "reason"),
        [
            (s.name, s.status, "" if s.duration is None else seconds_text(s.duration), s.reason)
            for s in run.steps.values()
        ],
    )
    if run.pinned:
        echo(f"Pinned: {run.pinned}")
    for step in run.steps.values():
        for output in step.outputs.values():
            gone = f", collected on {output.collected}" if output.collected else ""
            echo(f"{step.name}.{output.name}: {output.type}, {output.size} bytes, {output.uri}{gone}")
        if step.error:
            echo(f"\n{step.name} failed:\n{step.error}", nl=False)


@app.command()
def pin(name: Name, why: Why = "") -> None:
    """Keep all that a run needs, whatever the options of gc."""
    open_repository().pin(name, why)
    echo(f"Pinned run {name}.")


@app.command()
def unpin(name: Name) -> None:
    """Remove a run's pin: gc treats it as any other run again."""
    open_repository().unpin(name)
    echo(f"Unpinned run {name}.")


@app.command("delete")
def delete_run(runs: Names, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Delete runs and free results that no other run uses: nothing reuses these, and gc deletes them."""
    repository = open_repository()
    names = list(dict.fromkeys(runs))
    planned = [repository.delete_run(name, dry_run=True) for name in names]
    for name, deletion in zip(names, planned, strict=True):
        echo(f"Run {name} of pipeline {deletion.pipeline}: {freed(deletion)}")
    if dry_run:
        return
    confirm(f"Delete {counted(len(names), 'run')}?", yes=yes)
    for name in names:
        repository.delete_run(name)
    echo(f"Deleted {counted(len(names), 'run')}; `zencache cache gc` frees what only they needed.")
