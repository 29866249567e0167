"""Steps in processes of their own: each is computed by a worker process, and everything is recorded by this one.

A worker process imports neither TFX nor Beam. It finds the step's code as the repository does, by
import or from its snapshot, and digests it: a worker whose code is not the one that the key was made
of, because a file was edited or a global is other than in this process, does not compute the step.
"""

from __future__ import annotations

import functools
import inspect
import os
import sys
import tempfile
import threading
import time
import traceback
from dataclasses import dataclass
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle

from zencache.code.digest import CodeReader
from zencache.errors import CodeUnavailableError, StepProcessError
from zencache.execution.computing import compute, from_step
from zencache.execution.values import read
from zencache.execution.watched import Watched
from zencache.stores.artifacts import holding
from zencache.watch.digests import FileDigests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zencache.config import Project
    from zencache.graph.context import StepContext
    from zencache.graph.specs import StepBody, StepSpec
    from zencache.policy import CachePolicy
    from zencache.stores.records import ArtifactRecord
    from zencache.watch.seen import Seen


_IDLE = 60  # seconds after which a worker without work ends


@dataclass(frozen=True)
class Task:
    """What a worker process needs to compute a step."""

    project: Project
    spec: StepSpec
    load: Callable[[StepSpec, Project], StepBody]
    """Finds the step's live code; it is sent by its import path."""
    policy: CachePolicy
    inputs: Mapping[str, ArtifactRecord]
    context: StepContext
    uris: Mapping[str, str]
    """Where its outputs are to be."""
    code: str
    """The digest of the step's code that its key was made of."""
    classes: Mapping[str, str]
    """Classes of the project that its key was made of, to the digests of their code."""
    script: tuple[str, str | None]
    """The name and the file of the script that runs: its classes are known by them."""


@dataclass(frozen=True)
class Computed:
    """What a step gave."""

    outputs: Mapping[str, ArtifactRecord]
    seconds: float
    seen: Seen | None


@dataclass(frozen=True)
class Unavailable:
    """Why a worker process cannot compute a step."""

    reason: str


@dataclass(frozen=True)
class Failed:
    """What a step raised, pickled, and its traceback as text."""

    error: bytes
    text: str


class Pool:
    """Worker processes of one run; they are started when the first step needs one."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._folder = tempfile.TemporaryDirectory(prefix="zencache-workers-")  # while it is there, they work

    @functools.cached_property
    def _executor(self) -> Any:
        from loky import ProcessPoolExecutor  # noqa: PLC0415 - only a run with processes needs it

        given = (os.getpid(), self._folder.name)
        return ProcessPoolExecutor(self._workers, timeout=_IDLE, initializer=end_with, initargs=given)

    def compute(self, task: Task) -> Computed | Unavailable:
        """Compute a step; raises what it raises."""
        from loky.process_executor import ShutdownExecutorError, TerminatedWorkerError  # noqa: PLC0415 - as above

        try:
            found = self._executor.submit(work, task).result()
        except ShutdownExecutorError as closed:
            raise KeyboardInterrupt from closed
        except TerminatedWorkerError as ended:
            if not Path(self._folder.name).exists():
                raise KeyboardInterrupt from ended
            raise StepProcessError(
                f"the process that computed step {task.spec.name} ended without a result: it was killed, "
                "it crashed, or the machine has no memory left"
            ) from ended
        if isinstance(found, Failed):
            error: BaseException = cloudpickle.loads(found.error)
            raise error from RemoteTraceback(found.text)
        return found  # type: ignore[no-any-return]

    def kill(self) -> None:
        """End the processes, also those that compute; a step that they compute is interrupted."""
        self._folder.cleanup()

    def close(self) -> None:
        """End the processes when they have nothing left to do."""
        if "_executor" in vars(self):
            self._executor.shutdown(wait=True)
        self._folder.cleanup()


class RemoteTraceback(Exception):  # noqa: N818 - it is no error but where one came from
    """The traceback of an error in a worker process."""

    def __str__(self) -> str:
        return f"\n{self.args[0]}"


# -- in a worker process ----------------------------------------------------------------------------


def end_with(parent: int, folder: str) -> None:
    """Have this process end soon after the run's process, however that ends, or when a folder is gone."""
    threading.Thread(target=_watch, args=(parent, folder), name="zencache-parent", daemon=True).start()


def _watch(parent: int, folder: str) -> None:
    while os.getppid() == parent and Path(folder).exists():
        time.sleep(0.2)
    os._exit(1)


def work(task: Task) -> Computed | Unavailable | Failed:
    """Compute a step in this process."""
    started = time.perf_counter()
    _stand_for(*task.script)
    with holding():
        try:
            watched, body, inputs = _prepared(task)
        except CodeUnavailableError as error:
            return Unavailable(str(error))
        except Exception as error:  # noqa: BLE001 - importing a user's module may do anything
            return Unavailable(f"{type(error).__name__}: {error}")
        try:
            outputs = compute(body, inputs, task.context, task.uris, task.project, watched)
        except BaseException as error:  # noqa: BLE001 - a step may raise anything, and end its process too
            return _failed(error)
    return Computed(outputs, time.perf_counter() - started, watched.seen())


def _stand_for(script: str, file: str | None) -> None:
    """Have the classes of the script that runs known here as they are in its own process."""
    main = sys.modules["__main__"]
    main.__spec__, main.__file__ = ModuleSpec(script, None), file


def _adopt_script(body: StepBody) -> None:
    """Let the classes of a script be found where values of theirs are loaded: a snapshot brings them along."""
    names = inspect.unwrap(body.function).__globals__
    if names.get("__name__") != "__main__":
        return
    main = vars(sys.modules["__main__"])
    main.update({name: value for name, value in names.items() if not name.startswith("__")})
    for kind in (*body.input_types.values(), *body.output_types.values()):
        if getattr(kind, "__module__", None) == "__main__":
            main.setdefault(kind.__qualname__, kind)


def _prepared(task: Task) -> tuple[Watched, StepBody, dict[str, Any]]:
    """Find the step's code and load its inputs; raises CodeUnavailableError if they are not what the key says."""
    body = task.load(task.spec, task.project)
    _adopt_script(body)
    reader = CodeReader()
    code = reader.of(body.function).or_snapshot(body.snapshot)
    if code.digest != task.code or any(reader.of_class(n) != d for n, d in task.classes.items()):
        raise CodeUnavailableError("its code is another there: a global was set, or a file edited")
    inputs = {name: read(artifact, task.project) for name, artifact in task.inputs.items()}
    digests = FileDigests(task.project.digests)
    return Watched(task.spec.name, task.policy, task.project, digests, code, reader.modules), body, inputs


def _failed(error: BaseException) -> Failed:
    text = "".join(traceback.format_exception(from_step(error)))
    try:
        pickled = cloudpickle.dumps(error)
        cloudpickle.loads(pickled)
    except Exception:  # noqa: BLE001 - an exception may hold anything
        pickled = cloudpickle.dumps(StepProcessError(f"{type(error).__name__}: {error}"))
    return Failed(pickled, text)
