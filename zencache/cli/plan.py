"""`zencache plan`: what a run would do, without running anything."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Annotated, Any

import typer

from zencache.cli.output import echo

if TYPE_CHECKING:
    from collections.abc import Iterable

    from zencache.planning import RunPlan

Target = Annotated[
    str, typer.Argument(metavar="MODULE:PIPELINE", help="Or a file: `path/to/file.py:pipeline`.")
]
Given = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="NAME=VALUE", help="A parameter of the pipeline; may be given many times."),
]
NoCache = Annotated[bool, typer.Option("--no-cache", help="As `run(enable_cache=False)`.")]
Code = Annotated[bool, typer.Option("--code", help="Show the lines of code that differ.")]


def plan(target: Target, overrides: Given = None, no_cache: NoCache = False, code: Code = False) -> None:
    """Say what a run would do, step by step, and why; computes nothing and records nothing."""
    from zencache.cli.targets import find_pipeline  # noqa: PLC0415 - `--help` needs no pipelines

    pipeline = find_pipeline(target, dict(map(parameter, overrides or ())))
    show(pipeline.plan(enable_cache=False if no_cache else None), code=code)


def show(planned: RunPlan, *, code: bool) -> None:
    """Print a plan, with the lines of code that differ if they are asked for."""
    echo(str(planned))
    for text in _diffs(planned) if code else ():
        echo(f"\n{text}")


def parameter(text: str) -> tuple[str, Any]:
    """Read `name=value`: the value as a Python literal, or else as text.

    >>> parameter("lr=0.1"), parameter("sizes=[1, 2]"), parameter("name=adam")
    (('lr', 0.1), ('sizes', [1, 2]), ('name', 'adam'))
    """
    name, equals, value = text.partition("=")
    if not equals or not name.isidentifier():
        raise typer.BadParameter(f"{text!r} is not of the form name=value", param_hint="--set")
    try:
        return name, ast.literal_eval(value)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return name, value


def _diffs(planned: RunPlan) -> Iterable[str]:
    for name in planned.steps:
        if diff := planned.diff(name):
            yield f"{name}:\n{diff}"
