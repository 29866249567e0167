"""Worker processes of a run: steps are computed in them, and this process records everything."""

from __future__ import annotations

import dataclasses
import itertools
import os
import tempfile
import time
from concurrent import futures
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.errors import StepProcessError, StepTimeoutError
from zencache.execution.attempt import Raised
from zencache.execution.timeout import took_too_long
from zencache.execution.workers.process import end_with, work
from zencache.execution.workers.task import PickledError
from zencache.tracking.audit_events import disown, unwatched

if TYPE_CHECKING:
    from zencache.execution.attempt import Computed, Unavailable
    from zencache.execution.workers.task import Task

_IDLE = 60  # seconds after which a worker without work ends
_START = 600  # seconds that a worker may take to start and to import a step's module
_POLL = 0.05  # seconds between checks that it has


class Pool:
    """Worker processes of one run; one is started when a step needs it and none is idle.

    Each has queues of its own, so that one which is killed, or crashes, affects no other step.
    """

    def __init__(self) -> None:
        self._idle: list[Any] = []
        self._numbers = itertools.count()
        self._folder = tempfile.TemporaryDirectory(
            prefix="zencache-workers-"
        )  # workers end when it is deleted

    def compute(self, task: Task, limit: float | None = None) -> Computed | Unavailable | Raised:
        """Compute a step; one that takes longer than `limit` seconds is ended with its process."""
        worker = self._take_worker()
        try:
            result = self._result(worker, task, limit)
        except BaseException as error:
            with unwatched():
                worker.shutdown(wait=True, kill_workers=True)
            if isinstance(error, StepProcessError | StepTimeoutError):
                return Raised(error)
            raise
        self._idle.append(worker)
        return result.raised() if isinstance(result, PickledError) else result

    def _take_worker(self) -> Any:
        """Give an idle worker, or a new one."""
        try:
            return self._idle.pop()
        except IndexError:
            from loky import ProcessPoolExecutor  # noqa: PLC0415 - only a step in a process needs it

            lifeline = (os.getpid(), self._folder.name)
            return ProcessPoolExecutor(1, timeout=_IDLE, initializer=end_with, initargs=lifeline)

    def _result(self, worker: Any, task: Task, limit: float | None) -> Computed | Unavailable | PickledError:
        from loky import process_executor  # noqa: PLC0415 - likewise

        begun = Path(self._folder.name, f"begun-{next(self._numbers)}")
        try:
            future = _submitted(worker, dataclasses.replace(task, begun=begun))
            if limit is not None and not _ends_within(future, limit, begun):
                raise took_too_long(task.spec.name, limit)
            return future.result()  # type: ignore[no-any-return]
        except process_executor.ShutdownExecutorError as closed:
            raise KeyboardInterrupt from closed
        except process_executor.TerminatedWorkerError as ended:
            if not Path(self._folder.name).exists():
                raise KeyboardInterrupt from ended
            raise StepProcessError(
                f"the process that computed step {task.spec.name} ended without a result: it was killed, "
                "it crashed, or the machine has no memory left"
            ) from ended

    def kill(self) -> None:
        """End all processes; a step that they compute is interrupted."""
        self._folder.cleanup()

    def close(self) -> None:
        """End the processes when they have nothing left to do."""
        for worker in self._idle:
            worker.shutdown(wait=True)
        self._idle.clear()
        self._folder.cleanup()


def _submitted(worker: Any, task: Task) -> futures.Future[Any]:
    """Send a task to a worker; starting its process counts as an input of no step."""
    with unwatched():
        future: futures.Future[Any] = worker.submit(work, task)
    if thread := getattr(worker, "_executor_manager_thread", None):
        disown(thread)
    return future


def _ends_within(future: futures.Future[Any], limit: float, begun: Path) -> bool:
    """Say whether a step ends within `limit` seconds, counted from when its worker begins to compute it."""
    started = time.monotonic()
    while not futures.wait([future], timeout=_POLL).done and not begun.exists():
        if time.monotonic() - started > _START:
            return False
    return bool(futures.wait([future], timeout=limit).done)
