"""`zencache compat run`: runs scripts written for ZenML 0.5 to 0.39 as they are."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from types import TracebackType

app = typer.Typer(help="Code that was written for ZenML 0.5 to 0.39.", no_args_is_help=True)

_INTERRUPTED = 130  # what a shell gives for a program that Ctrl-C ended

Script = Annotated[str, typer.Argument(metavar="SCRIPT.PY", help="A script whose imports say zenml.")]
Args = Annotated[list[str] | None, typer.Argument(metavar="ARGS", help="Passed to the script unchanged.")]


@app.callback()
def compat() -> None:
    """Make `run` a command of a group, though it is the only one."""


@app.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
def run(script: Script, args: Args = None) -> None:
    """Run a script as `python script.py …` does, with zenml read as zencache in all imports."""
    from zencache.compat.alias import prepared  # noqa: PLC0415 - `--help` needs none of it

    start = prepared(script, args or ())
    try:
        start()
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - a script may raise anything, and is shown what it raises
        sys.excepthook(type(error), error, _of_script(error))
        raise typer.Exit(_INTERRUPTED if isinstance(error, KeyboardInterrupt) else 1) from None


def _of_script(error: BaseException) -> TracebackType | None:
    """Cut a traceback so that it begins in the script; None if no frame of the script is in it."""
    trace = error.__traceback__
    while trace is not None and trace.tb_frame.f_globals.get("__name__") != "__main__":
        trace = trace.tb_next
    error.__traceback__ = trace
    return trace
