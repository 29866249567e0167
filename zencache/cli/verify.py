"""`zencache cache verify`: compares what is stored with the records."""

from __future__ import annotations

import contextlib
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from zencache.cli.output import counted, import_from_here, open_repository, table
from zencache.util.sizes import size_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zencache.maintenance.artifact_checks import Progress
    from zencache.maintenance.verify import Problem, Verification

Full = Annotated[bool, typer.Option("--full", help="Read and compare every byte.")]
Repair = Annotated[
    bool,
    typer.Option("--repair", help="Set bad copies aside, compute them again, and repair the records."),
]


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
        table(("what", "where", "what is wrong"), map(_row, listed))
        typer.echo()
    for problem in verification.problems if repair else ():
        typer.echo(f"{_subject(problem)}: {problem.outcome}.")
    typer.echo(_summary(verification, repaired=repair))
    if not verification.is_clean:
        if not repair:
            typer.echo("`zencache cache verify --repair` sets bad copies aside and computes them again.")
        raise typer.Exit(1)


def _row(problem: Problem) -> tuple[str, str, str]:
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
