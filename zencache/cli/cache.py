"""The group `zencache cache`: measure, collect, verify, audit and invalidate stored results."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from zencache.cli.output import counted, echo, import_from_here, open_repository, table
from zencache.errors import ParameterError
from zencache.pipelines.console import seconds_text
from zencache.util.durations import parse_duration, seconds_of
from zencache.util.sizes import parse_size, size_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import timedelta

    from zencache.maintenance.artifact_checks import Progress
    from zencache.maintenance.audit import AuditedStep
    from zencache.maintenance.gc import CollectedResult
    from zencache.maintenance.size import Share
    from zencache.maintenance.verify import Problem, Verification

app = typer.Typer(help="Manage stored results.", no_args_is_help=True)

_MAX_LISTED = 20  # leftovers that are listed: a step may have left many

KeptAge = Annotated[str | None, typer.Option(help="Keep runs that ended less than this ago: 12h, 30d, 2w.")]
KeepLast = Annotated[int | None, typer.Option(min=0, help="Keep this many last runs of each pipeline.")]
MaxSize = Annotated[
    str | None,
    typer.Option(help="Delete the least recently used results until the store fits: 500MB, 10GB."),
]
DryRunOfGc = Annotated[
    bool, typer.Option("--dry-run", help="List what would be deleted, and delete nothing.")
]
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
Trace = Annotated[
    bool,
    typer.Option("--trace", help="Trace every call, and list code that ran without being in key or record."),
]
Full = Annotated[bool, typer.Option("--full", help="Read and compare every byte.")]
Repair = Annotated[
    bool,
    typer.Option("--repair", help="Set bad copies aside, compute them again, and repair the records."),
]


# -- size and gc ---------------------------------------------------------------------------


@app.command()
def size() -> None:
    """Show how large the cache is, by pipeline and step, and what gc could free."""
    measured = open_repository().cache_size()
    echo(f"In all: {counted(measured.count, 'result')}, {size_text(measured.size)}\n")
    for title, shares in (("pipeline", measured.pipelines), ("step", measured.steps)):
        table((title, "results", "size"), [_share_row(share) for share in shares])
        if shares:
            echo()
    dropped, leftovers, quarantined = measured.dropped, measured.leftovers, measured.set_aside
    echo(f"Dropped or marked: {counted(dropped.count, 'result')}, {size_text(dropped.size)}")
    echo(f"Leftovers without a record: {leftovers.count}, {size_text(leftovers.size)}")
    copies = counted(quarantined.count, "copy", "copies")
    echo(f"Set aside as bad: {copies}, {size_text(quarantined.size)}")
    echo(f"Collected before: {counted(measured.collected, 'result')}")
    echo(f"`zencache cache gc --keep-last 1` would free {size_text(measured.collectable)}.")


@app.command()
def gc(
    older_than: KeptAge = None,
    keep_last: KeepLast = None,
    max_size: MaxSize = None,
    dry_run: DryRunOfGc = False,
) -> None:
    """Delete the bytes of results that no kept run needs; records stay.

    Exit code 1 if the store cannot be made to fit.
    """
    age = None if older_than is None else span(older_than)
    limit = None if max_size is None else _size(max_size)
    collection = open_repository().gc(older_than=age, keep_last=keep_last, max_size=limit, dry_run=dry_run)
    _print_results(collection.results)
    sized = sorted((each for each in collection.leftovers if each[1]), key=lambda each: -each[1])
    for place, leftover_size in sized[:_MAX_LISTED]:
        echo(f"Leftover {place}: {size_text(leftover_size)}")
    for note in collection.notes:
        echo(f"Note: {note}.")
    left = size_text(collection.left)
    if not collection.results and not collection.leftovers:
        echo(f"Nothing {'would be' if dry_run else 'was'} collected; {left} stay.")
    else:
        verb = "Would collect" if dry_run else "Collected"
        results = counted(len(collection.results), "result")
        leftovers = counted(len(collection.leftovers), "leftover")
        echo(f"{verb} {results} and {leftovers}, {size_text(collection.freed)}; {left} stay.")
    if collection.over:
        echo(
            f"That is {size_text(collection.over)} more than {max_size}: the rest is pinned, served, used by "
            "a run that is going on, or kept by --keep-last."
        )
        raise typer.Exit(1)


def _print_results(results: Sequence[CollectedResult]) -> None:
    """List results by step, largest first."""
    by_step: dict[tuple[str, str], list[CollectedResult]] = {}
    for result in results:
        by_step.setdefault((result.pipeline, result.step), []).append(result)
    steps = sorted(by_step.items(), key=lambda pair: (-sum(each.size for each in pair[1]), pair[0]))
    if steps:
        table(("pipeline", "step", "results", "size", "last used"), [_step_row(*pair) for pair in steps])


def _step_row(step: tuple[str, str], results: Sequence[CollectedResult]) -> tuple[str, ...]:
    last_used = max(result.last_used for result in results).astimezone()
    total = size_text(sum(result.size for result in results))
    return *step, str(len(results)), total, f"{last_used:%Y-%m-%d %H:%M:%S}"


def _share_row(share: Share) -> tuple[str, str, str]:
    return share.name, str(share.count), size_text(share.size)


def _size(text: str) -> int:
    try:
        return parse_size(text)
    except ParameterError as error:
        raise typer.BadParameter(str(error), param_hint="--max-size") from error


# -- verify -------------------------------------------------------------------------------


@app.command()
def verify(full: Full = False, repair: Repair = False) -> None:
    """Compare what is stored with the records.

    Changes nothing without --repair. Exit code 1 if something is wrong.
    """
    repository = open_repository()
    import_from_here(repository.root)
    # Steps that run again print to standard error: standard output has the table alone.
    with _progress() as progress, contextlib.redirect_stdout(sys.stderr):
        verification = repository.verify(full=full, repair=repair, progress=progress)
    listed = [*verification.problems, *verification.changed]
    if listed:
        table(("what", "where", "what is wrong"), map(_problem_row, listed))
        echo()
    for problem in verification.problems if repair else ():
        echo(f"{_subject(problem)}: {problem.outcome}.")
    echo(_summary(verification, repaired=repair))
    if not verification.is_clean:
        if not repair:
            echo("`zencache cache verify --repair` sets bad copies aside and computes them again.")
        raise typer.Exit(1)


def _problem_row(problem: Problem) -> tuple[str, str, str]:
    is_external = problem.kind == "external file"
    wrong = f"external file changed: {problem.wrong}" if is_external else problem.wrong
    return _subject(problem), problem.where, wrong


def _subject(problem: Problem) -> str:
    if problem.kind == "run":
        return f"run {problem.run}"
    if problem.kind == "key":
        return problem.where
    return ".".join(filter(None, (problem.pipeline, problem.step, problem.output))) or "artifact"


def _summary(verification: Verification, *, repaired: bool) -> str:
    compared = "every byte" if verification.is_full else "sizes and manifests"
    problems, changed = verification.problems, verification.changed
    repaired_count = sum(problem.is_mended for problem in problems)
    parts = [
        f"{counted(verification.count, 'artifact')}, {size_text(verification.size)} checked ({compared})",
        counted(len(problems), "problem"),
        *([f"{repaired_count} repaired"] if repaired and problems else ()),
        *([f"{counted(len(changed), 'external file')} changed"] if changed else ()),
        *([f"{verification.unchecked} without a recorded digest"] if verification.unchecked else ()),
    ]
    return ", ".join(parts)


@contextlib.contextmanager
def _progress() -> Iterator[Progress | None]:
    """Show the progress where standard error is a terminal."""
    if not sys.stderr.isatty():
        yield None
        return

    def show(done: int, count: int, read: int, size: int) -> None:
        end = "\r" if done < count else "\r\x1b[K"
        sys.stderr.write(f"\x1b[K{done} of {count} artifacts, {size_text(read)} of {size_text(size)}{end}")
        sys.stderr.flush()

    yield show


# -- drop and audit ------------------------------------------------------------------------


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
        echo(f"{verb} {result}.")
    summary = f"{verb} {counted(len(dropped), 'result')}; history and files stay."
    echo(summary if dropped else "Nothing matches; nothing was dropped.")
    if not dropped and pipeline is not None and pipeline not in repository.get_pipeline_names():
        echo(f"No pipeline named {pipeline!r} has run; `zencache pipeline list` shows all.")


@app.command()
def audit(
    sample: Sample = "10%",
    pipeline: AuditPipeline = None,
    step: Step = None,
    seed: Seed = None,
    trace: Trace = False,
) -> None:
    """Compute a sample of reused results again, record nothing, and compare. Exit code 1 if one differs."""
    repository = open_repository()
    import_from_here(repository.root)
    # What steps print goes to standard error: standard output has the table alone.
    with contextlib.redirect_stdout(sys.stderr):
        audited = repository.audit(sample=sample, pipeline=pipeline, step=step, seed=seed, trace=trace)
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
        echo(f"\n{_advice(result)}")
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
    if audited.verdict == "not covered":
        return (
            f"Step {audited.step} ran code that neither its key nor its record holds, so an edit of it is "
            "not noticed. Import it at the top of the step's module, or name its file: "
            '`@step(cache=CachePolicy(files=["plugins/*.py"]))`.'
        )
    return (
        f"Step {audited.step} could not compute again the result that runs reuse. Fix the error above; "
        f"to make the next run compute the result again: {command}."
    )


def span(text: str) -> timedelta:
    """Read a duration."""
    try:
        duration = parse_duration(text)
        seconds_of(duration)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--older-than") from error
    return duration
