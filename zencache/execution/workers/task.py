"""What a run sends to a worker process, and what that sends back: a task, and errors that pickle."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import cloudpickle

from zencache.errors import StepProcessError, text_of, traceback_text
from zencache.execution.attempt import Raised, RemoteTraceback
from zencache.execution.step_call import from_step

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from zencache.config import Project
    from zencache.model.records import ArtifactRecord
    from zencache.model.specs import StepSpec
    from zencache.model.step_context import StepContext
    from zencache.planning.bodies import FunctionBody
    from zencache.policy import CachePolicy
    from zencache.tracking.observed_inputs import Seen


@dataclass(frozen=True)
class Task:
    """What a worker process needs to compute a step."""

    project: Project
    spec: StepSpec
    load: Callable[[StepSpec, Project], FunctionBody]
    """Finds the step's live code; it is sent by its import path."""
    policy: CachePolicy
    inputs: Mapping[str, ArtifactRecord]
    context: StepContext
    uris: Mapping[str, str]
    """Output to where it is to be stored."""
    code: str
    """The digest of the step's code in its cache key."""
    classes: Mapping[str, str]
    """The project's classes in its cache key, to the digests of their code."""
    script: tuple[str, str | None]
    """The module name and the file of the running script: its classes are imported under that name."""
    state: Mapping[str, str] = field(default_factory=dict)
    """The state of the libraries that the step reaches, as `tracking.ambient_state` writes it."""
    generators: Mapping[str, tuple[str, Any]] = field(default_factory=dict)
    """The global random generators that were seeded, with their origins and states."""
    begun: Path | None = None
    """A file that the worker creates when it begins to compute, after it imported the step's code."""
    secrets: Mapping[str, Any] = field(default_factory=dict)
    """The step's secrets, which its spec lacks; a task goes through a pipe, never to disk."""


@dataclass(frozen=True)
class PickledError:
    """What a step raised in a worker process, pickled, and its traceback as text."""

    error: bytes
    text: str
    seen: Seen | None

    @classmethod
    def of(cls, error: BaseException, seen: Seen | None) -> PickledError:
        """Pickle an error; one that cannot be pickled is replaced by a StepProcessError with its text."""
        text = traceback_text(from_step(error))
        try:
            pickled = cloudpickle.dumps(error)
            cloudpickle.loads(pickled)
        except Exception:  # noqa: BLE001 - an exception may hold anything
            pickled = cloudpickle.dumps(StepProcessError(f"{type(error).__name__}: {text_of(error)}"))
        return cls(pickled, text, seen)

    def raised(self) -> Raised:
        """Give the error, with the worker's traceback as its cause."""
        error: BaseException = cloudpickle.loads(self.error)
        error.__cause__ = RemoteTraceback(self.text)
        return Raised(error, self.seen)
