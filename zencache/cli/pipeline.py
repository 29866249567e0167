"""The group `zencache pipeline`: list, show and compare pipelines that have run, and delete them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from zencache.cli.output import confirm, counted, echo, freed, open_repository, run_table, shortened, table
from zencache.model.secrets import shown

if TYPE_CHECKING:
    from zencache.pipelines import PipelineVersion

app = typer.Typer(help="Show, compare and delete pipelines that have run.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="The pipeline's name, as `zencache pipeline list` shows it.")]
Number = Annotated[int, typer.Argument(help="As `pipeline versions` shows it.", min=1)]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be deleted, and delete nothing.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Delete without asking.")]


@app.command("list")
def list_pipelines() -> None:
    """List the pipelines that have run."""
    repository = open_repository()
    rows = []
    for name in repository.get_pipeline_names():
        runs = repository.get_runs(name)
        last = runs[-1] if runs else None
        rows.append(
            (
                name,
                str(last.version or "") if last else "",
                str(len(runs)),
                last.name if last else "",
                last.status if last else "",
            )
        )
    table(("pipeline", "version", "runs", "last run", "status"), rows, empty="No pipeline has run here yet.")


@app.command("show")
def show_pipeline(name: Name) -> None:
    """Show a pipeline's steps, versions and runs."""
    repository = open_repository()
    runs = repository.get_runs(name)
    last = runs[-1]
    version = f"version {last.version}" if last.version else "run by TFX itself"
    echo(f"Pipeline {name}, {version}, {len(runs)} runs")
    table(
        ("step", "function", "inputs", "parameters"),
        [
            (
                step.name,
                step.identity,
                ", ".join(f"{i.name} from {i.source.step}.{i.source.output}" for i in step.inputs),
                ", ".join(f"{key}={shortened(shown(text))}" for key, text in step.parameters.items()),
            )
            for step in last.spec.steps
        ],
    )
    run_table(runs)


@app.command()
def versions(name: Name) -> None:
    """List a pipeline's versions: their steps and runs."""
    table(("version", "steps", "runs", "last run", "status"), map(_row, _versions(name)))


@app.command()
def diff(name: Name, old: Number, new: Number) -> None:
    """Say how a version of a pipeline differs from another: steps, connections, parameters, code."""
    from zencache.pipelines.versions import find_version  # noqa: PLC0415 - `--help` needs no records

    listed = _versions(name)
    was, now = find_version(listed, old, name), find_version(listed, new, name)
    lines = was.diff(now)
    echo(f"Pipeline {name}, version {old} → {new}: {_count(lines)}")
    for line in lines:
        echo(f"  {line}")


@app.command("delete")
def delete_pipeline(name: Name, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Delete all runs and versions of a pipeline and free results that no other pipeline uses."""
    repository = open_repository()
    planned = repository.delete_pipeline(name, dry_run=True)
    echo(f"Pipeline {name}, {counted(len(planned.runs), 'run')}: {freed(planned)}")
    if dry_run:
        return
    confirm(f"Delete pipeline {name}?", yes=yes)
    repository.delete_pipeline(name)
    echo(f"Deleted pipeline {name}; `zencache cache gc` frees what only its runs needed.")


def _versions(name: str) -> list[PipelineVersion]:
    return open_repository().get_versions(name)


def _row(version: PipelineVersion) -> tuple[str, ...]:
    runs = version.runs
    last = runs[-1] if runs else None
    steps = ", ".join(version.spec.by_name)
    return (
        str(version.number),
        steps,
        str(len(runs)),
        last.name if last else "",
        last.status if last else "",
    )


def _count(lines: list[str]) -> str:
    return f"{len(lines)} difference{'s' if len(lines) > 1 else ''}" if lines else "no difference"
