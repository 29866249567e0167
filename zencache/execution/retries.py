"""Computing a step until it is done: its attempts, and the waits between them. Nothing here imports TFX or Beam."""

from __future__ import annotations

import dataclasses
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zencache.artifacts.staging import clear_failed_attempt
from zencache.errors import (
    ArtifactError,
    CodeUnavailableError,
    DefinitionError,
    MaterializerError,
    OutputTypeError,
)
from zencache.execution.retained_reads import merged
from zencache.execution.run_context import StepEvent
from zencache.execution.workers.pool import Raised
from zencache.util.durations import limit_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from zencache.execution.run_context import RunContext
    from zencache.execution.workers.pool import Computed
    from zencache.model.specs import StepSpec
    from zencache.tracking.observed_inputs import Seen

# What is declared wrongly, or gone, is so at the next attempt as well.
_HOPELESS = (
    ArtifactError,
    CodeUnavailableError,
    DefinitionError,
    KeyboardInterrupt,
    MaterializerError,
    OutputTypeError,
)
_LONGEST = 200  # characters of an error that a note shows


@dataclass
class Trying:
    """Computes a step, again after a failure as often as the step says; raises what the last attempt raised."""

    run: RunContext
    spec: StepSpec
    folders: Sequence[Path]
    """Of its outputs: what a failed attempt left there is removed."""
    attempt: Callable[[], Computed | Raised]
    number: int = 0
    """Of the attempt that runs, or was the last."""
    _failed: list[Seen | None] = field(default_factory=list)

    def __call__(self) -> Computed:
        """Compute the step."""
        while isinstance(found := self._next(), Raised):
            if self.number > (self.spec.tries.retries or 0) or not may_pass(found.error):
                raise found.error
            self._failed.append(found.seen)
            self._wait(found.error)
            for folder in self.folders:
                clear_failed_attempt(folder)
        return dataclasses.replace(found, seen=seen_in_all(found.seen, self._failed))

    def _next(self) -> Computed | Raised:
        self.number += 1
        return self.attempt()

    def _wait(self, error: BaseException) -> None:
        """Tell of a failed attempt, and wait before the next; raises KeyboardInterrupt if the run is interrupted."""
        seconds, step = self.spec.tries.delay(self.number), self.spec.name
        of = f"attempt {self.number} of {1 + (self.spec.tries.retries or 0)}"
        text = f"step {step}: {of} raised {_in_a_line(error)}; the next begins in {limit_text(seconds)}"
        self.run.report(StepEvent(step, "note", text=text))
        with interruptible(self.run, step):
            if self.run.interrupted.wait(seconds):
                raise KeyboardInterrupt


def may_pass(error: BaseException) -> bool:
    """Say whether another attempt may go well where one raised this.

    >>> may_pass(ConnectionError("reset")), may_pass(OutputTypeError("declared int")), may_pass(SystemExit())
    (True, False, False)
    """
    return isinstance(error, Exception) and not isinstance(error, _HOPELESS)


def seen_in_all(last: Seen | None, failed: Sequence[Seen | None]) -> Seen | None:
    """Give what all attempts saw: what a failed one read may have been kept in memory, and used by the last.

    What the last one read itself counts as it was then: a file may have been mended in between.
    """
    earlier = [seen for seen in failed if seen is not None]
    if last is None or not earlier:
        return last
    found = merged([last, *reversed(earlier)])
    unstable = [name for name in found.unstable if name in last.unstable or name not in last.files]
    return dataclasses.replace(
        found, notes=last.notes, remarks=last.remarks, targets=last.targets, unstable=tuple(unstable)
    )


@contextmanager
def interruptible(run: RunContext, step: str) -> Iterator[None]:
    """Let an interruption of the run reach what this thread does meanwhile."""
    run.threads[step] = threading.get_ident()
    try:
        yield
    finally:
        run.threads.pop(step, None)


def _in_a_line(error: BaseException) -> str:
    text = " ".join(f"{type(error).__name__}: {error}".split()).rstrip(":. ")
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
