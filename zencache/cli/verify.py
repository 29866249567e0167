"""`zencache cache verify`: whether a store holds what its records say."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from zencache.cli.output import import_from_here, open_repository, table
from zencache.util.sizes import size_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zencache.maintenance.artifact_checks import Progress
    from zencache.maintenance.verify import Problem, Verification

Full = Annotated[bool, typer.Option("--full", help="Read and compare every byte.")]
Repair = Annotated[
    bool, typer.Option("--repair", help="Set bad copies aside and make them anew; mend the records.")
]


def verify(full: Full = False, repair: Repair = False) -> None:
    """Compare what is stored with the records. Changes nothing without --repair; exit code 1 if something is wrong."""
    repository = open_repository()
    import_from_here(repository.root)
    with _progress() as progress, contextlib.redirect_stdout(sys.stderr):  # what steps print is not the table
        found = repository.verify(full=full, repair=repair, progress=progress)
    told = [*found.problems, *found.changed]
    if told:
        table(("what", "where", "what is wrong"), map(_row, told))
        typer.echo()
    for problem in found.problems if repair else ():
        typer.echo(f"{_place(problem)}: {problem.outcome}.")
    typer.echo(_summary(found, repaired=repair))
    if not found.is_clean:
        if not repair:
            typer.echo("`zencache cache verify --repair` sets bad copies aside and makes them anew.")
        raise typer.Exit(1)


def _row(problem: Problem) -> tuple[str, str, str]:
    is_external = problem.kind == "external file"
    return (
        _place(problem),
        problem.where,
        f"external file changed: {problem.wrong}" if is_external else problem.wrong,
    )


def _place(problem: Problem) -> str:
    if problem.kind == "run":
        return f"run {problem.run}"
    if problem.kind == "key":
        return problem.where
    return ".".join(filter(None, (problem.pipeline, problem.step, problem.output))) or "artifact"


def _summary(found: Verification, *, repaired: bool) -> str:
    how = "every byte" if found.is_full else "sizes and manifests"
    mended = sum(problem.is_mended for problem in found.problems)
    parts = [
        f"{_counted(found.count, 'artifact')}, {size_text(found.size)} checked ({how})",
        _counted(len(found.problems), "problem"),
        *([f"{mended} mended"] if repaired and found.problems else ()),
        *([f"{_counted(len(found.changed), 'external file')} changed"] if found.changed else ()),
        *([f"{found.unchecked} of which nothing is recorded to compare"] if found.unchecked else ()),
    ]
    return ", ".join(parts)


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


@contextlib.contextmanager
def _progress() -> Iterator[Progress | None]:
    """Show on a terminal how far it is."""
    if not sys.stderr.isatty():
        yield None
        return

    def show(done: int, count: int, read: int, size: int) -> None:
        end = "\r" if done < count else "\r\x1b[K"
        sys.stderr.write(f"\x1b[K{done} of {count} artifacts, {size_text(read)} of {size_text(size)}{end}")
        sys.stderr.flush()

    yield show
