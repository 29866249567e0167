"""Commands of gc and of what it keeps: `cache size`, `cache gc`, `run pin`, `run unpin`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from zencache.cli.duration_option import span
from zencache.cli.output import counted, open_repository, table
from zencache.errors import ParameterError
from zencache.util.sizes import parse_size, size_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zencache.maintenance.gc import CollectedResult
    from zencache.maintenance.size import Share

_MAX_LISTED = 20  # leftovers that are listed: a step may have left many

OlderThan = Annotated[str | None, typer.Option(help="Keep runs that ended less than this ago: 12h, 30d, 2w.")]
KeepLast = Annotated[int | None, typer.Option(min=0, help="Keep this many last runs of each pipeline.")]
MaxSize = Annotated[
    str | None,
    typer.Option(help="Delete the least recently used results until the store fits: 500MB, 10GB."),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="List what would be deleted, and delete nothing.")]
Run = Annotated[str, typer.Argument(help="The run's name, as `zencache run list` shows it.")]
Why = Annotated[str, typer.Option(help="Why the run is kept; recorded with it.")]


def size() -> None:
    """Show how large the cache is, by pipeline and step, and what gc could free."""
    found = open_repository().cache_size()
    typer.echo(f"In all: {counted(found.count, 'result')}, {size_text(found.size)}\n")
    for title, shares in (("pipeline", found.pipelines), ("step", found.steps)):
        table((title, "results", "size"), [_row(share) for share in shares])
        if shares:
            typer.echo()
    dropped, leftovers, quarantined = found.dropped, found.leftovers, found.set_aside
    typer.echo(f"Dropped or marked: {counted(dropped.count, 'result')}, {size_text(dropped.size)}")
    typer.echo(f"Leftovers without a record: {leftovers.count}, {size_text(leftovers.size)}")
    copies = counted(quarantined.count, "copy", "copies")
    typer.echo(f"Set aside as bad: {copies}, {size_text(quarantined.size)}")
    typer.echo(f"Collected before: {counted(found.collected, 'result')}")
    typer.echo(f"`zencache cache gc --keep-last 1` would free {size_text(found.collectable)}.")


def gc(
    older_than: OlderThan = None,
    keep_last: KeepLast = None,
    max_size: MaxSize = None,
    dry_run: DryRun = False,
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
        typer.echo(f"Leftover {place}: {size_text(leftover_size)}")
    for note in collection.notes:
        typer.echo(f"Note: {note}.")
    left = size_text(collection.left)
    if not collection.results and not collection.leftovers:
        typer.echo(f"Nothing {'would be' if dry_run else 'was'} collected; {left} stay.")
    else:
        verb = "Would collect" if dry_run else "Collected"
        results = counted(len(collection.results), "result")
        leftovers = counted(len(collection.leftovers), "leftover")
        typer.echo(f"{verb} {results} and {leftovers}, {size_text(collection.freed)}; {left} stay.")
    if collection.over:
        typer.echo(
            f"That is {size_text(collection.over)} more than {max_size}: the rest is pinned, served, used by "
            "a run that is going on, or kept by --keep-last."
        )
        raise typer.Exit(1)


def pin(run: Run, why: Why = "") -> None:
    """Keep all that a run needs, whatever the options of gc."""
    open_repository().pin(run, why)
    typer.echo(f"Pinned run {run}.")


def unpin(run: Run) -> None:
    """Remove a run's pin: gc treats it as any other run again."""
    open_repository().unpin(run)
    typer.echo(f"Unpinned run {run}.")


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


def _row(share: Share) -> tuple[str, str, str]:
    return share.name, str(share.count), size_text(share.size)


def _size(text: str) -> int:
    try:
        return parse_size(text)
    except ParameterError as error:
        raise typer.BadParameter(str(error), param_hint="--max-size") from error
