"""Attempts at computing a step, and the waits between them. Nothing here imports TFX or Beam."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zencache.artifacts.staging import clear_failed_attempt
from zencache.errors import (
    ArtifactError,
    CodeUnavailableError,
    DefinitionError,
    MaterializerError,
    OutputTypeError,
    text_of,
)
from zencache.execution.attempt import Raised
from zencache.execution.retained_reads import merge_seen, with_own
from zencache.execution.run_context import StepEvent
from zencache.util.durations import timeout_text

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from zencache.execution.attempt import Computed
    from zencache.execution.run_context import Report, RunState
    from zencache.model.specs import StepSpec
    from zencache.tracking.observed_inputs import Seen

# A wrong declaration, or code or data that is gone, fails at the next attempt too.
_NOT_RETRIED = (
    ArtifactError,
    CodeUnavailableError,
    DefinitionError,
    KeyboardInterrupt,
    MaterializerError,
    OutputTypeError,
)
_LONGEST = 200  # characters of an error that a note shows


@dataclass
class RetriedStep:
    """Computes a step, again after a failure as often as its options say; raises the last attempt's error."""

    spec: StepSpec
    attempt: Callable[[], Computed | Raised]
    folders: Sequence[Path]
    """Of its outputs; they are emptied after a failed attempt."""
    state: RunState
    report: Report
    wait: Callable[[float], bool] | None = None
    """Waits that many seconds, and says whether the run was interrupted; None waits for real."""
    attempts: int = 0
    """How many attempts have begun."""
    _seen_before: list[Seen | None] = field(default_factory=list)
    """What the failed attempts were seen to read."""

    def compute(self) -> Computed:
        """Make attempts until one succeeds or none is left."""
        while isinstance(outcome := self._next_attempt(), Raised):
            if self.attempts > (self.spec.tries.retries or 0) or not is_retried(outcome.error):
                raise outcome.error
            self._seen_before.append(outcome.seen)
            self._wait_after(outcome.error)
            for folder in self.folders:
                clear_failed_attempt(folder)
        return dataclasses.replace(outcome, seen=seen_in_all(outcome.seen, self._seen_before))

    def _next_attempt(self) -> Computed | Raised:
        self.attempts += 1
        return self.attempt()

    def _wait_after(self, error: BaseException) -> None:
        """Report a failed attempt and wait; raises KeyboardInterrupt if the run is interrupted."""
        seconds, step = self.spec.tries.delay(self.attempts), self.spec.name
        attempt = f"attempt {self.attempts} of {1 + (self.spec.tries.retries or 0)}"
        text = (
            f"step {step}: {attempt} raised {_in_a_line(error)}; the next begins in {timeout_text(seconds)}"
        )
        self.report(StepEvent(step, "note", text=text))
        wait = self.wait or self.state.interrupted.wait
        with self.state.interruptible(step):
            if wait(seconds):
                raise KeyboardInterrupt


def is_retried(error: BaseException) -> bool:
    """Say whether another attempt may succeed after this error.

    >>> is_retried(ConnectionError("reset")), is_retried(OutputTypeError("declared int"))
    (True, False)
    """
    return isinstance(error, Exception) and not isinstance(error, _NOT_RETRIED)


def seen_in_all(last: Seen | None, failed: Sequence[Seen | None]) -> Seen | None:
    """Give what all attempts read: the last one may use what a failed one read and kept in memory.

    Of a file that the last attempt read itself, its own digest counts: the file may have been corrected.
    """
    earlier = [seen for seen in failed if seen is not None]
    if last is None or not earlier:
        return last
    merged = merge_seen([last, *reversed(earlier)])
    unstable = [name for name in merged.unstable if name in last.unstable or name not in last.files]
    own = with_own(merged, last)
    return dataclasses.replace(own, targets=last.targets, unstable=tuple(unstable))


def _in_a_line(error: BaseException) -> str:
    text = " ".join(f"{type(error).__name__}: {text_of(error)}".split()).rstrip(":. ")
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
