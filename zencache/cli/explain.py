"""`zencache explain`: why the steps of a run ran or were reused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from zencache.cli.output import echo, find_run

if TYPE_CHECKING:
    from zencache.pipelines import StepRun

Run = Annotated[str, typer.Argument(help="As `run list` shows it, or `latest`.")]
StepName = Annotated[str | None, typer.Argument(help="Only this step, with all that its key was made of.")]
Code = Annotated[bool, typer.Option("--code", help="Show the lines of code that differ.")]
All = Annotated[bool, typer.Option("--all", help="Show what the key of every step was made of.")]


def explain(run: Run, step: StepName = None, code: Code = False, every: All = False) -> None:
    """Say why a run's steps ran, or were reused; of one step, also what its key was made of."""
    found = find_run(run)
    if step is not None:
        echo(str(found.get_step(step).explain(code=code)))
        return
    echo(f"Run {found.name} of pipeline {found.pipeline_name}, version {found.version}: {found.status}")
    for each in found.steps.values():
        echo(f"\n{_text(each, code=code, every=every)}")


def _text(step: StepRun, *, code: bool, every: bool) -> str:
    explained = step.explain(code=code)
    if every or not explained.code:
        return str(explained) if every else explained.brief()
    return f"{explained.brief()}\n\n{explained.code}"
