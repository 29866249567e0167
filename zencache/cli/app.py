"""The commands. Each reads the same records as the Python API, and imports them when it runs."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

import zencache
from zencache import config
from zencache.cli import cache, compat, deletion, explain, gc, migrate, plan, tfx, versions
from zencache.cli.output import find_run, open_repository, shortened, table
from zencache.errors import ZencacheError
from zencache.model.secrets import shown
from zencache.pipelines.console import seconds_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zencache.pipelines import PipelineRun

app = typer.Typer(
    help="Pipelines that never compute the same thing twice.", no_args_is_help=True, add_completion=False
)
pipelines = typer.Typer(help="Pipelines that have run.", no_args_is_help=True)
runs = typer.Typer(help="Runs and their steps.", no_args_is_help=True)
app.add_typer(pipelines, name="pipeline")
app.add_typer(runs, name="run")
app.add_typer(cache.app, name="cache")
app.add_typer(compat.app, name="compat")
app.add_typer(tfx.app, name="tfx")
pipelines.command("versions")(versions.versions)
pipelines.command("diff")(versions.diff)
pipelines.command("delete")(deletion.delete_pipeline)
runs.command("pin")(gc.pin)
runs.command("unpin")(gc.unpin)
runs.command("delete")(deletion.delete_run)
app.command("explain")(explain.explain)
app.command("plan")(plan.plan)
app.command("migrate")(migrate.migrate)

Name = Annotated[str, typer.Argument(help="As `list` shows it.")]


def main() -> None:
    """Run the command line; an error of ours is one line on standard error, and exit code 1."""
    try:
        app()
    except ZencacheError as error:
        print(f"Error: {error}", file=sys.stderr)  # noqa: T201 - the command line's own output
        sys.exit(1)


@app.command()
def version() -> None:
    """Show the version."""
    typer.echo(zencache.__version__)


@app.command()
def init(folder: Annotated[Path, typer.Argument(help="The project's folder.")] = Path()) -> None:
    """Make a project: the folder `.zencache/`, with settings, records and artifacts."""
    there = (folder / config.FOLDER).exists()
    if not folder.is_dir():
        raise typer.BadParameter(f"there is no folder {folder}")
    project = config.create_project(folder.resolve())
    typer.echo(f"{'There is' if there else 'Created'} a zencache project in {project.folder}.")


@pipelines.command("list")
def list_pipelines() -> None:
    """List the pipelines that have run."""
    repository = open_repository()
    rows = []
    for name in repository.get_pipeline_names():
        found = repository.get_runs(name)
        last = found[-1] if found else None
        rows.append(
            (
                name,
                str(last.version or "") if last else "",
                str(len(found)),
                last.name if last else "",
                last.status if last else "",
            )
        )
    table(("pipeline", "version", "runs", "last run", "status"), rows, empty="No pipeline has run here yet.")


@pipelines.command("show")
def show_pipeline(name: Name) -> None:
    """Show a pipeline's steps, versions and runs."""
    repository = open_repository()
    found = repository.get_runs(name)
    last = found[-1]
    version = f"version {last.version}" if last.version else "run by TFX itself"
    typer.echo(f"Pipeline {name}, {version}, {len(found)} runs")
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
    _run_table(found)


@runs.command("list")
def list_runs(pipeline: Annotated[str | None, typer.Option(help="Only this pipeline's.")] = None) -> None:
    """List runs, newest last."""
    _run_table(open_repository().get_runs(pipeline))


@runs.command("show")
def show_run(name: Name) -> None:
    """Show a run's steps: what ran, what was reused, and why."""
    run = find_run(name)
    duration = "" if run.duration is None else f", {seconds_text(run.duration)}"
    version = f", version {run.version}" if run.version else ""
    typer.echo(f"Run {run.name} of pipeline {run.pipeline_name}{version}: {run.status}{duration}")
    table(
        ("step", "status", "time", "reason"),
        [
            (s.name, s.status, "" if s.duration is None else seconds_text(s.duration), s.reason)
            for s in run.steps.values()
        ],
    )
    if run.pinned:
        typer.echo(f"Pinned: {run.pinned}")
    for step in run.steps.values():
        for output in step.outputs.values():
            gone = f", collected on {output.collected}" if output.collected else ""
            typer.echo(f"{step.name}.{output.name}: {output.type}, {output.size} bytes, {output.uri}{gone}")
        if step.error:
            typer.echo(f"\n{step.name} failed:\n{step.error}", nl=False)


def _run_table(found: Iterable[PipelineRun]) -> None:
    rows = [
        (
            r.name,
            r.pipeline_name,
            str(r.version or ""),
            r.status,
            "" if r.duration is None else seconds_text(r.duration),
        )
        for r in found
    ]
    table(("run", "pipeline", "version", "status", "time"), rows, empty="Nothing has run here yet.")
