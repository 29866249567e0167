"""`zencache tfx`: runs and plans TFX pipelines, and imports what TFX recorded."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from zencache.cli.output import echo
from zencache.cli.plan import Code, Given, NoCache, Target, parameter, show
from zencache.errors import NotFoundError
from zencache.util.imports import silence_tensorflow

if TYPE_CHECKING:
    from zencache.pipelines import Pipeline

app = typer.Typer(help="Run, plan and import TFX pipelines.", no_args_is_help=True)

Store = Annotated[
    Literal["pipeline", "project"],
    typer.Option(
        "--store", help="Where records and artifacts go: where the pipeline says, or into the project."
    ),
]
From = Annotated[list[str] | None, typer.Option("--from", metavar="NODE", help="Run from this node on.")]
To = Annotated[list[str] | None, typer.Option("--to", metavar="NODE", help="Run up to this node.")]
RunName = Annotated[str | None, typer.Option("--name", help="The run's name.")]
Metadata = Annotated[
    Path | None,
    typer.Option("--metadata", help="The SQLite file of a metadata store that is new to the project."),
]
Default = Annotated[
    bool,
    typer.Option(
        "--default-executors", help="No component was given a custom_executor_spec: TFX does not record it."
    ),
]


@app.command("run")
def run(
    target: Target,
    parameters: Given = None,
    store: Store = "pipeline",
    no_cache: NoCache = False,
    first: From = None,
    last: To = None,
    name: RunName = None,
) -> None:
    """Run a TFX pipeline; results of earlier runs, of any pipeline, are reused."""
    flag = False if no_cache else None
    _find(target, parameters, store).run(flag, name, from_steps=first or (), to_steps=last or ())


@app.command("plan")
def plan(
    target: Target,
    parameters: Given = None,
    store: Store = "pipeline",
    no_cache: NoCache = False,
    code: Code = False,
) -> None:
    """Show what a run of a TFX pipeline would do, and why; computes and records nothing."""
    show(_find(target, parameters, store).plan(enable_cache=False if no_cache else None), code=code)


@app.command("import")
def import_runs(metadata: Metadata = None, default_executors: Default = False) -> None:
    """Import runs that TFX recorded, so that their results can be reused; report each that cannot."""
    from zencache import config  # noqa: PLC0415 - `--help` needs no records
    from zencache.metadata.project_migration import migrate_if_needed  # noqa: PLC0415 - likewise
    from zencache.metadata.session import open_others, open_records  # noqa: PLC0415 - likewise
    from zencache.model.database import Database  # noqa: PLC0415 - likewise
    from zencache.pipelines.plugins import history  # noqa: PLC0415 - likewise

    project = config.require_project()
    if metadata is not None:
        if not metadata.is_file():
            raise NotFoundError(
                f"there is no metadata store {metadata}; give the SQLite file that the pipeline names"
            )
        other_store = project.on(Database.at(metadata.absolute()))
        _ = open_records(
            other_store
        ).metadata.contexts.types  # raises StoreUnavailableError for what is no such store
        other_store.remember_database()
    migrate_if_needed(open_records(project))
    for records in (open_records(project), *open_others(project)):
        for each in history().import_history(records, default_executors=default_executors):
            echo(str(each))


def _find(target: str, assignments: list[str] | None, store: str) -> Pipeline:
    from zencache.cli.targets import find_pipeline  # noqa: PLC0415 - likewise

    silence_tensorflow()
    parameters: dict[str, Any] = dict(map(parameter, assignments or ()))
    return find_pipeline(target, parameters, store=store)
