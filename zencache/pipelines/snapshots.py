"""Finding a step's code again in another process: by import, or from a snapshot.

A step that a module defines at its top level is imported. One that a script, a notebook cell or a
function defines cannot be; its code is pickled by value into `.zencache/code/`, named by its content,
and loaded only if the file's digest is the one that the run's record holds.
"""

from __future__ import annotations

import importlib
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from blake3 import blake3

from zencache.errors import CodeUnavailableError
from zencache.pipelines.dry import dry
from zencache.planning.nodes import Body, NodeBody
from zencache.steps.binding import gather
from zencache.steps.step import Step
from zencache.steps.trace import make_body
from zencache.writing import write_once

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from zencache.code.digest import CodeDigest
    from zencache.config import Project
    from zencache.graph.specs import CodeRef, OutputRef, PipelineSpec, StepBody, StepSpec


def with_snapshots(
    spec: PipelineSpec, steps: Mapping[str, Step], project: Project, code: Callable[[str], CodeDigest]
) -> PipelineSpec:
    """Give the spec with a snapshot named for each step that cannot be imported again.

    `code` gives the digest of a step's code, which goes into the snapshot.
    """
    made = []
    for item in spec.steps:
        if item.node is not None:
            made.append(item)
            continue
        step = steps[item.name]
        snapshot = None if is_importable(step) else _snapshot(step, project, code(item.name))
        made.append(item.replaced(code=item.code.replaced(snapshot=snapshot)))
    return spec.replaced(steps=tuple(made))


def is_importable(step: Step) -> bool:
    """Say whether importing a step's module gives the step."""
    module = step.entrypoint.__module__
    if module == "__main__" or "<locals>" in step.qualname:
        return False
    try:
        return isinstance(_import(module, step.qualname), Step)
    except CodeUnavailableError:
        return False


def _import(module: str, qualname: str) -> Any:
    try:
        found: Any = importlib.import_module(module)
        for part in qualname.split("."):
            found = getattr(found, part)
    except (ImportError, AttributeError) as error:
        raise CodeUnavailableError(
            f"step {module}.{qualname} cannot be imported ({error}); "
            "run from where its module can be found, or run the pipeline's own script"
        ) from error
    return found


_taken: WeakKeyDictionary[Step, tuple[Path, str, str]] = WeakKeyDictionary()
"""Step to its last snapshot: the folder, the digest of the code, the snapshot's name."""


def _snapshot(step: Step, project: Project, code: CodeDigest) -> str | None:
    """Name a step's snapshot; one that was taken of the same code is not taken again."""
    *taken, name = _taken.get(step, ("",))
    if taken == [project.snapshots, code.digest] and (project.snapshots / f"{name}.pkl").exists():
        return name
    made = _write(step.with_snapshot(code), project)
    if made is not None:
        _taken[step] = (project.snapshots, code.digest, made)
    return made


def _write(step: Step, project: Project) -> str | None:
    """Write a snapshot and give its name, the digest of its content; None where the step cannot be pickled."""
    import cloudpickle  # noqa: PLC0415 - only steps of scripts and notebooks need it

    try:
        data = cloudpickle.dumps(step, protocol=5)
    except Exception:  # noqa: BLE001 - a closure may hold anything; the run does not need the snapshot
        return None
    name = blake3(data).hexdigest()
    file = project.snapshots / f"{name}.pkl"
    write_once(file, data)
    return name


def load_step(code: CodeRef, project: Project) -> Step:
    """Load a step's code; raises CodeUnavailableError that says what is missing."""
    if code.snapshot is None:
        found = _import(code.module, code.qualname)
        if not isinstance(found, Step):
            raise CodeUnavailableError(f"{code.module}.{code.qualname} is not a step any more")
        return found
    file = project.snapshots / f"{code.snapshot}.pkl"
    try:
        data = file.read_bytes()
    except OSError as error:
        raise CodeUnavailableError(f"the snapshot of step {code.qualname} is gone: {error}") from error
    if blake3(data).hexdigest() != code.snapshot:
        raise CodeUnavailableError(
            f"the snapshot of step {code.qualname} was changed: {file}; it is not loaded"
        )
    try:
        step = pickle.loads(data)  # noqa: S301 - its digest is the recorded one
    except Exception as error:
        raise CodeUnavailableError(
            f"the snapshot of step {code.qualname} cannot be loaded: {error}"
        ) from error
    assert isinstance(step, Step)
    return step


def load_bodies(spec: PipelineSpec, project: Project) -> tuple[dict[str, Body], dict[str, Step]]:
    """Load all steps of a recorded spec."""
    own = {item.name: item for item in spec.steps if item.node is None}
    steps = {name: load_step(item.code, project) for name, item in own.items()}
    nodes = {item.name: NodeBody.of(item) for item in spec.steps if item.node is not None}
    bodies = {name: _body(item, steps[name]) for name, item in own.items()}
    return {item.name: nodes.get(item.name) or bodies[item.name] for item in spec.steps}, steps


def load_body(spec: StepSpec, project: Project) -> StepBody:
    """Load one step of a recorded spec, for a worker process; what its module does when imported runs no pipeline."""
    with dry():
        return _body(spec, load_step(spec.code, project))


def _body(spec: StepSpec, step: Step) -> StepBody:
    sources: dict[str, OutputRef] = {item.name: item.source for item in spec.inputs}
    values = gather(step.signature, spec.parameters)
    made = make_body(step, values, sources, name=spec.name, slot=spec.slot)
    return replace(made, spec=_as_recorded(made.spec, spec))


def _as_recorded(made: StepSpec, spec: StepSpec) -> StepSpec:
    """Give the spec of imported code with what the pipeline said of the step beyond its code."""
    chosen = {output.name: output.materializer for output in spec.outputs}
    outputs = tuple(o.replaced(materializer=chosen.get(o.name, o.materializer)) for o in made.outputs)
    said = {"enable_cache": spec.enable_cache, "attempts": spec.attempts, "after": spec.after}
    return made.replaced(outputs=outputs, **said)
