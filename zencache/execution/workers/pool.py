"""Steps in processes of their own: each is computed by a worker process, and everything is recorded by this one.

A worker process imports neither TFX nor Beam. It finds the step's code as the repository does, by
import or from its snapshot, and digests it: a worker whose code is not the one that the key was made
of, because a file was edited or a global is other than in this process, does not compute the step.
"""

from __future__ import annotations

import dataclasses
import inspect
import itertools
import os
import sys
import tempfile
import threading
import time
import traceback
from concurrent import futures
from dataclasses import dataclass, field
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import cloudpickle

from zencache.artifacts.read_cache import holding
from zencache.code.digest import CodeReader
from zencache.errors import CodeUnavailableError, StepProcessError, StepTimeoutError
from zencache.execution.step_call import compute, from_step
from zencache.execution.step_tracking import Watched
from zencache.execution.timeout import took_too_long
from zencache.execution.value_io import read
from zencache.planning.secret_digests import with_values
from zencache.signing import seal_of
from zencache.tracking.audit_events import disown, unwatched
from zencache.tracking.file_digests import FileDigests

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zencache.config import Project
    from zencache.model.records import ArtifactRecord
    from zencache.model.specs import StepSpec
    from zencache.model.step_context import StepContext
    from zencache.planning.bodies import FunctionBody
    from zencache.policy import CachePolicy
    from zencache.tracking.observed_inputs import Seen


_IDLE = 60  # seconds after which a worker without work ends
_START = 600  # seconds that a worker may take to start and to import a step's module
_LOOK = 0.05  # seconds between looks whether it has


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
    """Where its outputs are to be."""
    code: str
    """The digest of the step's code that its key was made of."""
    classes: Mapping[str, str]
    """Classes of the project that its key was made of, to the digests of their code."""
    script: tuple[str, str | None]
    """The name and the file of the script that runs: its classes are known by them."""
    begun: Path | None = None
    """A file that the worker makes when it begins to compute; until then it starts, and finds the step's code."""
    secrets: Mapping[str, Any] = field(default_factory=dict)
    """The step's secrets, which its spec does not have; a task goes through a pipe, never to disk."""


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
    seen: Seen | None


@dataclass(frozen=True)
class Raised:
    """What a step raised, and what it had read before."""

    error: BaseException
    seen: Seen | None = None


class Pool:
    """Worker processes of one run; one is started when a step needs it and none is idle.

    Each has queues of its own, so that one which is killed, or crashes, takes no other step along.
    """

    def __init__(self) -> None:
        self._idle: list[Any] = []
        self._numbers = itertools.count()
        self._folder = tempfile.TemporaryDirectory(prefix="zencache-workers-")  # while it is there, they work

    def compute(self, task: Task, limit: float | None = None) -> Computed | Unavailable | Raised:
        """Compute a step; one that takes longer than `limit` seconds is ended with its process."""
        worker = self._taken()
        try:
            found = self._result(worker, task, limit)
        except BaseException as error:
            with unwatched():
                worker.shutdown(wait=True, kill_workers=True)
            if isinstance(error, StepProcessError | StepTimeoutError):
                return Raised(error)
            raise
        self._idle.append(worker)
        if isinstance(found, Failed):
            raised: BaseException = cloudpickle.loads(found.error)
            raised.__cause__ = RemoteTraceback(found.text)
            return Raised(raised, found.seen)
        return found

    def _taken(self) -> Any:
        """Give an idle worker, or a new one."""
        try:
            return self._idle.pop()
        except IndexError:
            from loky import ProcessPoolExecutor  # noqa: PLC0415 - only a step in a process needs it

            given = (os.getpid(), self._folder.name)
            return ProcessPoolExecutor(1, timeout=_IDLE, initializer=end_with, initargs=given)

    def _result(self, worker: Any, task: Task, limit: float | None) -> Computed | Unavailable | Failed:
        from loky.process_executor import ShutdownExecutorError, TerminatedWorkerError  # noqa: PLC0415 - as above

        begun = Path(self._folder.name, f"begun-{next(self._numbers)}")
        try:
            future = _submitted(worker, dataclasses.replace(task, begun=begun))
            if limit is not None and not _ends_within(future, limit, begun):
                raise took_too_long(task.spec.name, limit)
            return future.result()  # type: ignore[no-any-return]
        except ShutdownExecutorError as closed:
            raise KeyboardInterrupt from closed
        except TerminatedWorkerError as ended:
            if not Path(self._folder.name).exists():
                raise KeyboardInterrupt from ended
            raise StepProcessError(
                f"the process that computed step {task.spec.name} ended without a result: it was killed, "
                "it crashed, or the machine has no memory left"
            ) from ended

    def kill(self) -> None:
        """End the processes, also those that compute; a step that they compute is interrupted."""
        self._folder.cleanup()

    def close(self) -> None:
        """End the processes when they have nothing left to do."""
        for worker in self._idle:
            worker.shutdown(wait=True)
        self._idle.clear()
        self._folder.cleanup()


def _submitted(worker: Any, task: Task) -> futures.Future[Any]:
    """Hand a task to a worker; that a process is started, or killed, counts for no step of this process."""
    with unwatched():
        future: futures.Future[Any] = worker.submit(work, task)
    if thread := getattr(worker, "_executor_manager_thread", None):
        disown(thread)
    return future


def _ends_within(future: futures.Future[Any], limit: float, begun: Path) -> bool:
    """Say whether a step ends within that many seconds, counted from when its worker begins to compute it."""
    started = time.monotonic()
    while not futures.wait([future], timeout=_LOOK).done and not begun.exists():
        if time.monotonic() - started > _START:
            return False
    return bool(futures.wait([future], timeout=limit).done)


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
            return _failed(error, watched.seen())
    return Computed(outputs, time.perf_counter() - started, watched.seen())


def _stand_for(script: str, file: str | None) -> None:
    """Have the classes of the script that runs known here as they are in its own process."""
    main = sys.modules["__main__"]
    main.__spec__, main.__file__ = ModuleSpec(script, None), file


def _adopt_script(body: FunctionBody) -> None:
    """Let the classes of a script be found where values of theirs are loaded: a snapshot brings them along."""
    names = inspect.unwrap(body.function).__globals__
    if names.get("__name__") != "__main__":
        return
    main = vars(sys.modules["__main__"])
    main.update({name: value for name, value in names.items() if not name.startswith("__")})
    for kind in (*body.input_types.values(), *body.output_types.values()):
        if getattr(kind, "__module__", None) == "__main__":
            main.setdefault(kind.__qualname__, kind)


def _prepared(task: Task) -> tuple[Watched, FunctionBody, dict[str, Any]]:
    """Find the step's code and load its inputs; raises CodeUnavailableError if they are not what the key says."""
    body = with_values(task.load(task.spec, task.project), task.secrets)
    _adopt_script(body)
    reader = CodeReader(seal_of(task.project))
    code = reader.of(body.function).or_snapshot(body.snapshot)
    if code.digest != task.code or any(reader.of_class(n) != d for n, d in task.classes.items()):
        raise CodeUnavailableError("its code is another there: a global was set, or a file edited")
    if task.begun is not None:
        task.begun.touch()
    inputs = {name: read(artifact, task.project) for name, artifact in task.inputs.items()}
    digests = FileDigests(task.project.digests)
    return Watched(task.spec.name, task.policy, task.project, digests, code, reader.modules), body, inputs


def _failed(error: BaseException, seen: Seen | None) -> Failed:
    text = "".join(traceback.format_exception(from_step(error)))
    try:
        pickled = cloudpickle.dumps(error)
        cloudpickle.loads(pickled)
    except Exception:  # noqa: BLE001 - an exception may hold anything
        pickled = cloudpickle.dumps(StepProcessError(f"{type(error).__name__}: {error}"))
    return Failed(pickled, text, seen)
