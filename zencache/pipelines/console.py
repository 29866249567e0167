"""Prints what a run does: plain lines on standard output, and a progress display on a terminal."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from zencache.util.visible_text import visible

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zencache.execution.run_context import StepEvent

OVERRIDE = (
    "Runtime configuration overwriting the pipeline cache settings to enable_cache={} for this pipeline run. "
    "The default caching strategy is retained for future pipeline runs."
)


def seconds_text(seconds: float) -> str:
    """Write a duration: milliseconds under a minute, else minutes and seconds.

    >>> seconds_text(0.0141), seconds_text(62.4)
    ('0.014s', '1m2s')
    """
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.3f}s"
    minutes, rest = divmod(int(seconds), 60)
    return f"{minutes}m{rest}s"


class Printer:
    """Prints what happens in a run, one line each."""

    def __init__(self, steps: int) -> None:
        self._lock = threading.Lock()
        self._steps = steps
        self._done = 0
        self._status: Any = None

    @contextmanager
    def display(self) -> Iterator[None]:
        """Show progress inside of the block, if standard output is a terminal."""
        if not sys.stdout.isatty():
            yield
            return
        from rich.console import Console  # noqa: PLC0415 - only a terminal needs it

        self._status = Console().status(self._progress(""), spinner="dots")
        try:
            with self._status:
                yield
        finally:
            self._status = None

    def _progress(self, step: str) -> str:
        text = f"{self._done}/{self._steps} steps{f', {step}' if step else ''}"
        return visible(text).replace("[", r"\[")  # rich reads markup here

    def line(self, text: str) -> None:
        """Print a line, whole even when steps run at once."""
        with self._lock:
            print(visible(text), flush=True)  # noqa: T201 - the lines are the product

    def event(self, event: StepEvent) -> None:
        """Print what a step does."""
        if event.what == "started":
            self.line(f"Step {event.step} has started.")
        elif event.what == "cached":
            self.line(f"Using cached version of {event.step}.")
        elif event.what == "finished":
            self.line(f"Step {event.step} has finished in {seconds_text(event.seconds)}.")
        elif event.what == "failed":
            kind = f": {type(event.error).__name__}" if event.error else ""
            self.line(f"Step {event.step} has failed after {seconds_text(event.seconds)}{kind}.")
        elif event.what == "note":
            print(visible(f"Note: {event.text}."), file=sys.stderr, flush=True)  # noqa: T201 - as above
        else:
            self.line(
                f"Step {event.step} was skipped: {event.text or 'a step that it needs did not finish'}."
            )
        self._done += event.what in ("finished", "failed", "skipped")
        if self._status is not None:
            self._status.update(self._progress(event.step if event.what == "started" else ""))
