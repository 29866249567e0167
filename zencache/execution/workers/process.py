"""The worker process's side: finds a step's code, checks that it is the key's code, and computes the step.

A worker process imports neither TFX nor Beam. It finds the step's code as the repository does, by
import or from its snapshot, and digests it. If a file was edited, or a global differs from the run's
process, the digest differs and the worker does not compute the step.
"""

from __future__ import annotations

import inspect
import os
import sys
import threading
import time
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.artifacts.read_cache import keep_cached
from zencache.code.digest import CodeReader
from zencache.errors import CodeUnavailableError
from zencache.execution.attempt import Computed, Unavailable
from zencache.execution.step_call import compute
from zencache.execution.step_tracking import FunctionTracking
from zencache.execution.value_io import read
from zencache.execution.workers.task import PickledError
from zencache.planning.secret_digests import with_values
from zencache.signing import seal_of
from zencache.tracking import ambient_state, generator_state
from zencache.tracking.file_digests import FileDigests

if TYPE_CHECKING:
    from zencache.execution.workers.task import Task
    from zencache.planning.bodies import FunctionBody

_POLL = 0.2  # seconds between checks that the run's process is alive


def end_with(parent: int, folder: str) -> None:
    """Have this process end soon after the run's process ends in any way, or the folder is deleted."""
    threading.Thread(target=_watch_parent, args=(parent, folder), name="zencache-parent", daemon=True).start()


def _watch_parent(parent: int, folder: str) -> None:
    while os.getppid() == parent and Path(folder).exists():
        time.sleep(_POLL)
    os._exit(1)


def work(task: Task) -> Computed | Unavailable | PickledError:
    """Compute a step in this process."""
    started = time.perf_counter()
    _set_main(*task.script)
    with keep_cached():
        try:
            body, tracking, inputs = _prepared(task)
        except CodeUnavailableError as error:
            return Unavailable(str(error))
        except Exception as error:  # noqa: BLE001 - importing a user's module may do anything
            return Unavailable(f"{type(error).__name__}: {error}")
        try:
            outputs = compute(body, inputs, task.context, task.uris, task.project, tracking)
        except BaseException as error:  # noqa: BLE001 - a step may raise anything, and end its process too
            return PickledError.of(error, tracking.seen())
    return Computed(outputs, time.perf_counter() - started, tracking.seen())


def _set_main(script: str, file: str | None) -> None:
    """Name `__main__` as in the run's process: the script's classes are found by that name."""
    main = sys.modules["__main__"]
    main.__spec__, main.__file__ = ModuleSpec(script, None), file


def _prepared(task: Task) -> tuple[FunctionBody, FunctionTracking, dict[str, Any]]:
    """Find the step's code and load its inputs; raises CodeUnavailableError for other code than the key's."""
    body = with_values(task.load(task.spec, task.project), task.secrets)
    _add_classes_to_main(body)
    reader = CodeReader(seal_of(task.project))
    code = body.code(reader)
    if code.digest != task.code or any(reader.of_class(n) != d for n, d in task.classes.items()):
        raise CodeUnavailableError("its code is another there: a global was set, or a file edited")
    now = ambient_state.State().now(task.state, task.project.root, FileDigests(task.project.digests))
    for name, value in now.items():
        if value != task.state[name]:
            sentence = ambient_state.State().sentence(name, task.state[name], value)
            raise CodeUnavailableError(f"the state of a library is another there: {sentence}")
    generator_state.adopt(task.generators)
    if task.begun is not None:
        task.begun.touch()
    inputs = {name: read(artifact, task.project) for name, artifact in task.inputs.items()}
    digests = FileDigests(task.project.digests)
    types = [artifact.value_type for artifact in task.inputs.values()]
    tracking = FunctionTracking(body, task.policy, task.project, digests, code, reader.modules, types)
    return body, tracking, inputs


def _add_classes_to_main(body: FunctionBody) -> None:
    """Put a script's classes into `__main__`, where stored values look for them; a snapshot contains them."""
    names = inspect.unwrap(body.function).__globals__
    if names.get("__name__") != "__main__":
        return
    main = vars(sys.modules["__main__"])
    main.update({name: value for name, value in names.items() if not name.startswith("__")})
    for kind in (*body.input_types.values(), *body.output_types.values()):
        if getattr(kind, "__module__", None) == "__main__":
            main.setdefault(kind.__qualname__, kind)
