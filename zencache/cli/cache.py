"""`zencache cache`: results that are dropped by hand, or computed again to be compared; and its size."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from zencache.cli import gc, verify
from zencache.cli.duration_option import span
from zencache.cli.output import import_from_here, open_repository, table
from zencache.pipelines.console import seconds_text

if TYPE_CHECKING:
    from zencache.maintenance.audit import AuditedStep

app = typer.Typer(help="Results that are reused.", no_args_is_help=True)
app.command("size")(gc.size)
app.command("gc")(gc.gc)
app.command("verify")(verify.verify)

Step = Annotated[
    str | None, typer.Option(help="A step's name in a pipeline, or its qualified function name.")
]
PipelineName = Annotated[str | None, typer.Option(help="What this pipeline computed or reused.")]
Key = Annotated[str | None, typer.Option(help="A key, or at least its first eight digits.")]
OlderThan = Annotated[str | None, typer.Option(help="Computed longer ago: 90s, 30min, 12h, 7d, 2w.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would be dropped.")]
Sample = Annotated[str, typer.Option(help="How many: a share or a number of steps.")]
AuditPipeline = Annotated[
    str | None, typer.Option("--pipeline", help="Only results that this pipeline would reuse.")
]
Seed = Annotated[int | None, typer.Option(help="Makes the choice of the sample repeatable.")]


@app.command()
def drop(
    step: Step = None,
    pipeline: PipelineName = None,
    key: Key = None,
    older_than: OlderThan = None,
    dry_run: DryRun = False,
) -> None:
    """Mark results so that they are never reused. All that is given must hold; nothing is deleted."""
    age = None if older_than is None else span(older_than)
    repository = open_repository()
    found = repository.drop(step=step, pipeline=pipeline, key=key, older_than=age, dry_run=dry_run)
    verb = "Would drop" if dry_run else "Dropped"
    for each in found:
        typer.echo(f"{verb} {each}.")
    count = f"{len(found)} result{'' if len(found) == 1 else 's'}"
    typer.echo(
        f"{verb} {count}; history and files stay." if found else "Nothing matches; nothing was dropped."
    )
    if not found and pipeline is not None and pipeline not in repository.get_pipeline_names():
        typer.echo(f"No pipeline named {pipeline!r} has run; `zencache pipeline list` shows all.")


@app.command()
def audit(
    sample: Sample = "10%", pipeline: AuditPipeline = None, step: Step = None, seed: Seed = None
) -> None:
    """Compute a sample of reused results again, aside, and compare; exit code 1 if one is not the same."""
    repository = open_repository()
    import_from_here(repository.root)
    with contextlib.redirect_stdout(sys.stderr):  # what steps print is not the table
        found = repository.audit(sample=sample, pipeline=pipeline, step=step, seed=seed)
    table(
        ("step", "pipeline", "computed in run", "time", "verdict"),
        [
            (a.step, a.pipeline, a.run, "" if a.seconds is None else seconds_text(a.seconds), str(a))
            for a in found
        ],
        empty="There is no result that a run would reuse; nothing was audited.",
    )
    bad = [each for each in found if not each.is_good]
    for each in bad:
        typer.echo(f"\n{_advice(each)}")
    if bad:
        raise typer.Exit(1)


def _advice(audited: AuditedStep) -> str:
    command = f"`zencache cache drop --key {audited.key[:12]}`"
    if audited.verdict == "differs":
        return (
            f"Step {audited.step} does not give the same result again. If it draws random numbers, fix their "
            "seed; if it depends on what is not in its key (a service, the time), write "
            f"@step(enable_cache=False). What is stored goes on being reused until you drop it: {command}."
        )
    return (
        f"Step {audited.step} could not compute again what is reused of it. Mend what it says; "
        f"to have the next run compute it anew: {command}."
    )
