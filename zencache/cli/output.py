"""What the commands share: opening the repository, finding a run, and tables."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table

from zencache.pipelines.console import seconds_text
from zencache.util.sizes import size_text
from zencache.util.visible_text import visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zencache.maintenance.deletion import Deletion
    from zencache.pipelines import PipelineRun
    from zencache.repo import Repository

LATEST = "latest"


def echo(text: str = "", *, nl: bool = True) -> None:
    """Print a text; control characters in it are made visible."""
    typer.echo(visible(text), nl=nl)


def open_repository() -> Repository:
    """Open the repository of the working folder."""
    from zencache.repo import Repository  # noqa: PLC0415 - `version` and `--help` need no records

    return Repository()


def find_run(name: str) -> PipelineRun:
    """Find a run by its name; `latest` is the newest, unless a run has that name."""
    repository = open_repository()
    if name == LATEST:
        runs = repository.get_runs()
        named = [run for run in runs if run.name == LATEST]
        if runs:
            return (named or runs)[-1]
    return repository.get_run(name)


def import_from_here(*others: Path) -> None:
    """Let the user's own modules be imported as a script of the working folder imports them."""
    folders = [str(Path.cwd()), *map(str, others)]
    sys.path[:0] = [folder for folder in dict.fromkeys(folders) if folder not in sys.path]


def shortened(text: str, width: int = 40) -> str:
    r"""Cut a text so that a table can show it, on one line.

    >>> shortened("a" * 50, 10), shortened("a\n    b")
    ('aaaaaaaaa…', 'a b')
    """
    line = " ".join(text.replace("\\n", " ").split())
    return line if len(line) <= width else line[: width - 1] + "…"


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """Give a number with its noun.

    >>> counted(1, "copy", "copies"), counted(2, "copy", "copies"), counted(0, "run")
    ('1 copy', '2 copies', '0 runs')
    """
    return f"{number} {singular if number == 1 else plural or f'{singular}s'}"


def table(columns: tuple[str, ...], rows: Iterable[tuple[str, ...]], *, empty: str = "") -> None:
    """Print a table; as wide as it needs to be where the output is not a terminal."""
    rows = list(rows)
    if not rows and empty:
        echo(empty)
        return
    made = Table(*columns, box=None, pad_edge=False)
    for row in rows:
        made.add_row(*map(visible, row))
    console = Console(soft_wrap=not sys.stdout.isatty(), highlight=False, markup=False)
    if not sys.stdout.isatty():
        console.width = max(80, 2 * max(sum(map(len, row)) for row in (columns, *rows)))
    console.print(made)


def run_table(runs: Iterable[PipelineRun]) -> None:
    """Print runs as a table."""
    rows = [
        (
            r.name,
            r.pipeline_name,
            str(r.version or ""),
            r.status,
            "" if r.duration is None else seconds_text(r.duration),
        )
        for r in runs
    ]
    table(("run", "pipeline", "version", "status", "time"), rows, empty="Nothing has run here yet.")


def freed(deletion: Deletion) -> str:
    """Say what a deletion frees."""
    return f"{counted(deletion.results, 'result')} that no other run uses, {size_text(deletion.size)}"


def confirm(question: str, *, yes: bool) -> None:
    """Ask before something is deleted, unless `--yes` was given."""
    if not yes:
        typer.confirm(visible(question), abort=True)
