"""`zencache cache size`, `cache gc`, `run pin`, `run unpin`, `run delete`, `pipeline delete`: keeping the house."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from zencache.cli.duration_option import span
from zencache.cli.output import open_repository, table
from zencache.errors import ParameterError
from zencache.util.sizes import parse_size, size_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from zencache.maintenance.deletion import Deletion
    from zencache.maintenance.gc import CollectedResult
    from zencache.maintenance.size import Share

_SHOWN = 20  # leftovers that are named: a step may have left many

OlderThan = Annotated[str | None, typer.Option(help="Keep runs that ended less than this ago: 12h, 30d, 2w.")]
KeepLast = Annotated[int | None, typer.Option(min=0, help="Keep the last runs of each pipeline, so many.")]
MaxSize = Annotated[
    str | None, typer.Option(help="Free the least recently used until the store fits: 500MB, 10GB.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only say what would go.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Run = Annotated[str, typer.Argument(help="As `zencache run list` shows it.")]
Runs = Annotated[list[str], typer.Argument(help="As `zencache run list` shows them.")]
Pipeline = Annotated[str, typer.Argument(help="As `zencache pipeline list` shows it.")]
Why = Annotated[str, typer.Option(help="What it is kept for.")]


def size() -> None:
    """Show how large the cache is, by pipeline and step, and what gc could free."""
    found = open_repository().cache_size()
    typer.echo(f"In all: {_counted(found.count, 'result')}, {size_text(found.size)}\n")
    for title, shares in (("pipeline", found.pipelines), ("step", found.steps)):
        table((title, "results", "size"), [_row(share) for share in shares])
        if shares:
            typer.echo()
    dropped, lying = found.dropped, found.leftovers
    typer.echo(f"Dropped or marked: {_counted(dropped.count, 'result')}, {size_text(dropped.size)}")
    typer.echo(f"Leftovers that no record names: {lying.count}, {size_text(lying.size)}")
    aside = found.set_aside
    typer.echo(f"Set aside as bad: {_counted(aside.count, 'copy', 'copies')}, {size_text(aside.size)}")
    typer.echo(f"Collected before: {_counted(found.collected, 'result')}")
    typer.echo(f"`zencache cache gc --keep-last 1` would free {size_text(found.collectable)}.")


def gc(
    older_than: OlderThan = None,
    keep_last: KeepLast = None,
    max_size: MaxSize = None,
    dry_run: DryRun = False,
) -> None:
    """Delete the bytes of results that no kept run needs; records stay. Exit code 1 if the store cannot be made to fit."""
    age = None if older_than is None else span(older_than)
    limit = None if max_size is None else _size(max_size)
    done = open_repository().gc(older_than=age, keep_last=keep_last, max_size=limit, dry_run=dry_run)
    verb = "Would collect" if dry_run else "Collected"
    _collected(done.results)
    large = sorted((each for each in done.leftovers if each[1]), key=lambda each: -each[1])
    for path, taken in large[:_SHOWN]:
        typer.echo(f"Leftover {path}: {size_text(taken)}")
    for note in done.notes:
        typer.echo(f"Note: {note}.")
    if not done.results and not done.leftovers:
        typer.echo(f"Nothing {'would be' if dry_run else 'was'} collected; {size_text(done.left)} stay.")
    else:
        what = f"{_counted(len(done.results), 'result')} and {_counted(len(done.leftovers), 'leftover')}"
        typer.echo(f"{verb} {what}, {size_text(done.freed)}; {size_text(done.left)} stay.")
    if done.over:
        typer.echo(
            f"That is {size_text(done.over)} more than {max_size}: the rest is pinned, served, used by a run that is "
            "going on, or kept by --keep-last."
        )
        raise typer.Exit(1)


def pin(run: Run, why: Why = "") -> None:
    """Keep all that a run needs, whatever gc is told."""
    open_repository().pin(run, why)
    typer.echo(f"Pinned run {run}.")


def unpin(run: Run) -> None:
    """Let gc treat a run as any other again."""
    open_repository().unpin(run)
    typer.echo(f"Unpinned run {run}.")


def delete_run(runs: Runs, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Take runs out of sight; what no other run uses is reused no more, and the next gc frees it."""
    repository = open_repository()
    names = list(dict.fromkeys(runs))
    planned = [repository.delete_run(name, dry_run=True) for name in names]
    for name, each in zip(names, planned, strict=True):
        typer.echo(f"Run {name} of pipeline {each.pipeline}: {_lost(each)}")
    if dry_run:
        return
    _ask(f"Delete {_counted(len(names), 'run')}?", yes=yes)
    for name in names:
        repository.delete_run(name)
    typer.echo(f"Deleted {_counted(len(names), 'run')}; `zencache cache gc` frees what only they needed.")


def delete_pipeline(name: Pipeline, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Take all runs and versions of a pipeline out of sight, as `run delete` does."""
    repository = open_repository()
    planned = repository.delete_pipeline(name, dry_run=True)
    typer.echo(f"Pipeline {name}, {_counted(len(planned.runs), 'run')}: {_lost(planned)}")
    if dry_run:
        return
    _ask(f"Delete pipeline {name}?", yes=yes)
    repository.delete_pipeline(name)
    typer.echo(f"Deleted pipeline {name}; `zencache cache gc` frees what only its runs needed.")


def _collected(results: Sequence[CollectedResult]) -> None:
    """List what goes by step, largest first."""
    sizes: dict[tuple[str, str], list[CollectedResult]] = {}
    for each in results:
        sizes.setdefault((each.pipeline, each.step), []).append(each)
    rows = sorted(sizes.items(), key=lambda pair: (-sum(each.size for each in pair[1]), pair[0]))
    if rows:
        table(("pipeline", "step", "results", "size", "last used"), [_collected_row(*pair) for pair in rows])


def _collected_row(place: tuple[str, str], found: Sequence[CollectedResult]) -> tuple[str, ...]:
    last = max(each.last_used for each in found).astimezone()
    size = size_text(sum(each.size for each in found))
    return *place, str(len(found)), size, f"{last:%Y-%m-%d %H:%M:%S}"


def _row(share: Share) -> tuple[str, str, str]:
    return share.name, str(share.count), size_text(share.size)


def _lost(found: Deletion) -> str:
    return f"{_counted(found.results, 'result')} that no other run uses, {size_text(found.size)}"


def _counted(number: int, what: str, many: str | None = None) -> str:
    return f"{number} {what if number == 1 else many or f'{what}s'}"


def _ask(question: str, *, yes: bool) -> None:
    if not yes:
        typer.confirm(question, abort=True)


def _size(text: str) -> int:
    try:
        return parse_size(text)
    except ParameterError as error:
        raise typer.BadParameter(str(error), param_hint="--max-size") from error
