"""`zencache pipeline versions` and `zencache pipeline diff`: what a pipeline was, and how it changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from zencache.cli.output import open_repository, table

if TYPE_CHECKING:
    from zencache.pipelines import PipelineVersion

Name = Annotated[str, typer.Argument(help="As `pipeline list` shows it.")]
Number = Annotated[int, typer.Argument(help="As `pipeline versions` shows it.", min=1)]


def versions(name: Name) -> None:
    """List a pipeline's versions: their steps and runs."""
    table(("version", "steps", "runs", "last run", "status"), map(_row, _versions(name)))


def diff(name: Name, old: Number, new: Number) -> None:
    """Say how a version of a pipeline differs from another: steps, connections, parameters, code."""
    from zencache.pipelines.versions import find_version  # noqa: PLC0415 - `--help` needs no records

    found = _versions(name)
    was, now = find_version(found, old, name), find_version(found, new, name)
    lines = was.diff(now)
    typer.echo(f"Pipeline {name}, version {old} → {new}: {_count(lines)}")
    for line in lines:
        typer.echo(f"  {line}")


def _versions(name: str) -> list[PipelineVersion]:
    return open_repository().get_versions(name)


def _row(version: PipelineVersion) -> tuple[str, ...]:
    runs = version.runs
    last = runs[-1] if runs else None
    steps = ", ".join(version.spec.by_name)
    return (
        str(version.number),
        steps,
        str(len(runs)),
        last.name if last else "",
        last.status if last else "",
    )


def _count(lines: list[str]) -> str:
    return f"{len(lines)} difference{'s' if len(lines) > 1 else ''}" if lines else "no difference"
