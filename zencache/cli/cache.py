"""The group `zencache cache`, with `drop` (invalidates results) and `audit` (computes hits again)."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from zencache.cli import gc, verify
from zencache.cli.duration_option import span
from zencache.cli.output import counted, import_from_here, open_repository, table
from zencache.pipelines.console import seconds_text

if TYPE_CHECKING:
    from zencache.maintenance.audit import AuditedStep

app = typer.Typer(help="Manage stored results.", no_args_is_help=True)
app.command("size")(gc.size)
app.command("gc")(gc.gc)
app.command("verify")(verify.verify)

Step = Annotated[
    str | None, typer.Option(help="A step's name in a pipeline, or its qualified function name.")
]
PipelineName = Annotated[str | None, typer.Option(help="Only what this pipeline computed or reused.")]
Key = Annotated[str | None, typer.Option(help="A key, or at least its first eight digits.")]
OlderThan = Annotated[str | None, typer.Option(help="Computed longer ago: 90s, 30min, 12h, 7d, 2w.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="List what would be dropped, and drop nothing.")]
Sample = Annotated[str, typer.Option(help="Steps to sample: a count (5) or a percentage (10%).")]
AuditPipeline = Annotated[
    str | None, typer.Option("--pipeline", help="Only results that this pipeline would reuse.")
]
Seed = Annotated[int | None, typer.Option(help="Seed of the sample; the same seed gives the same steps.")]


@app.command()
def drop(
    step: Step = None,
    pipeline: PipelineName = None,
    key: Key = None,
    older_than: OlderThan = None,
    dry_run: DryRun = False,
) -> None:
    """Mark results so that they are never reused. All given options must match; nothing is deleted."""
    age = None if older_than is None else span(older_than)
    repository = open_repository()
    dropped = repository.drop(step=step, pipeline=pipeline, key=key, older_than=age, dry_run=dry_run)
    verb = "Would drop" if dry_run else "Dropped"
    for result in dropped:
        typer.echo(f"{verb} {result}.")
    summary = f"{verb} {counted(len(dropped), 'result')}; history and files stay."
    typer.echo(summary if dropped else "Nothing matches; nothing was dropped.")
    if not dropped and pipeline is not None and pipeline not in repository.get_pipeline_names():
        typer.echo(f"No pipeline named {pipeline!r} has run; `zencache pipeline list` shows all.")


@app.command()
def audit(
    sample: Sample = "10%", pipeline: AuditPipeline = None, step: Step = None, seed: Seed = None
) -> None:
    """Compute a sample of reused results again, record nothing, and compare. Exit code 1 if one differs."""
    repository = open_repository()
    import_from_here(repository.root)
    # What steps print goes to standard error: standard output has the table alone.
    with contextlib.redirect_stdout(sys.stderr):
        audited = repository.audit(sample=sample, pipeline=pipeline, step=step, seed=seed)
    table(
        ("step", "pipeline", "computed in run", "time", "verdict"),
        [
            (a.step, a.pipeline, a.run, "" if a.seconds is None else seconds_text(a.seconds), str(a))
            for a in audited
        ],
        empty="No run would reuse a result; nothing was audited.",
    )
    suspect = [result for result in audited if not result.is_good]
    for result in suspect:
        typer.echo(f"\n{_advice(result)}")
    if suspect:
        raise typer.Exit(1)


def _advice(audited: AuditedStep) -> str:
    command = f"`zencache cache drop --key {audited.key[:12]}`"
    if audited.verdict == "differs":
        return (
            f"Step {audited.step} does not give the same result again. If it draws random numbers, fix their "
            "seed. If it depends on what is not in its key (a service, the time), write "
            f"@step(enable_cache=False). The stored result is reused until you drop it: {command}."
        )
    return (
        f"Step {audited.step} could not compute again the result that runs reuse. Fix the error above; "
        f"to make the next run compute the result again: {command}."
    )
