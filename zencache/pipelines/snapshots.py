"""Finds a step's code in another process: by import, or from a snapshot.

A step that a module defines at its top level is imported. One that a script, a notebook cell or a
function defines cannot be; its code is pickled by value into `.zencache/code/`, named by its content,
and loaded only if the file's digest is the one that the run's record holds.
"""

from __future__ import annotations

import builtins
import importlib
import io
import pickle
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from blake3 import blake3

from zencache.errors import CodeUnavailableError
from zencache.materializers.pickle import check_no_secret
from zencache.model.names import is_digest
from zencache.pipelines.run_guard import dry
from zencache.planning.component_body import ComponentBody
from zencache.signing import SIGNING_KEY, is_signed, sign
from zencache.steps.binding import gather
from zencache.steps.step import Step
from zencache.steps.trace import make_body
from zencache.util.atomic_write import write_once, write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from zencache.code.digest import CodeDigest
    from zencache.code.redaction import Redactor
    from zencache.config import Project
    from zencache.model.specs import CodeRef, OutputRef, PipelineSpec, StepSpec
    from zencache.planning.bodies import Body, FunctionBody


def with_snapshots(
    spec: PipelineSpec,
    steps: Mapping[str, Step],
    project: Project,
    code: Callable[[str], CodeDigest],
    redacted: Redactor,
) -> PipelineSpec:
    """Give the spec with a snapshot named for each step that cannot be imported again.

    `code` gives the digest of a step's code, for the snapshot; `redacted` removes secrets from texts.
    """
    with_code = []
    for item in spec.steps:
        if item.node is not None:
            with_code.append(item)
            continue
        step = steps[item.name]
        snapshot = None if is_importable(step) else _snapshot(step, project, code(item.name), redacted)
        with_code.append(item.replaced(code=item.code.replaced(snapshot=snapshot)))
    return spec.replaced(steps=tuple(with_code))


def is_importable(step: Step) -> bool:
    """Say whether a step can be imported from its module."""
    module = step.entrypoint.__module__
    if module == "__main__" or "<locals>" in step.qualname:
        return False
    try:
        return isinstance(_import(module, step.qualname), Step)
    except CodeUnavailableError:
        return False


def _import(module: str, qualname: str) -> Any:
    try:
        value: Any = importlib.import_module(module)
        for part in qualname.split("."):
            value = getattr(value, part)
    except (ImportError, AttributeError) as error:
        raise CodeUnavailableError(
            f"step {module}.{qualname} cannot be imported ({error}); "
            "run from where its module can be found, or run the pipeline's own script"
        ) from error
    return value


_taken: WeakKeyDictionary[Step, tuple[Path, str, str]] = WeakKeyDictionary()
"""Step to its last snapshot: the folder, the digest of the code, the snapshot's name."""


def _snapshot(step: Step, project: Project, code: CodeDigest, redacted: Redactor) -> str | None:
    """Name a step's snapshot; one that was taken of the same code is not taken again."""
    *taken, name = _taken.get(step, ("",))
    if taken == [project.snapshots, code.digest] and (project.snapshots / f"{name}.pkl").exists():
        _sign(name, project)
        return name
    written = _write(step.with_snapshot(code, redacted), project, redacted)
    if written is not None:
        _taken[step] = (project.snapshots, code.digest, written)
    return written


def _write(step: Step, project: Project, redacted: Redactor) -> str | None:
    """Write a snapshot and give its name, its content's digest; None if the step cannot be pickled."""
    try:
        data = dumped(step)
    except Exception:  # noqa: BLE001 - a closure may hold anything; the run does not need the snapshot
        return None
    if redacted.finds(data, step.texts):  # a secret that its code has as plain text
        return None
    name = blake3(data).hexdigest()
    file = project.snapshots / f"{name}.pkl"
    write_once(file, data)
    _sign(name, project)
    return str(name)


_BUILTINS = "builtins"
"""What stands in a snapshot for the namespace of Python's builtins."""


class _Unpickler(pickle.Unpickler):
    def persistent_load(self, pid: Any) -> Any:
        if pid != _BUILTINS:
            raise pickle.UnpicklingError(f"it names {pid!r}, which this zencache does not know")
        return vars(builtins)


def dumped(step: Step) -> bytes:
    """Pickle a step by value; raises PicklingError where its code holds a secret, which is never written."""
    import cloudpickle  # noqa: PLC0415 - only steps of scripts and notebooks need it

    class Pickler(cloudpickle.Pickler):  # type: ignore[misc]
        def persistent_id(self, obj: Any) -> str | None:
            # `exec` puts them into its namespace; libraries keep objects there that cannot be pickled.
            return _BUILTINS if obj is vars(builtins) else None

        def reducer_override(self, obj: Any) -> Any:
            check_no_secret(obj)
            return super().reducer_override(obj)

    buffer = io.BytesIO()
    Pickler(buffer, protocol=5).dump(step)
    return buffer.getvalue()


def _sign(name: str, project: Project) -> None:
    """Put a signature beside a snapshot, where there is a key."""
    signature = sign("snapshot", name)
    file = project.snapshots / f"{name}.sig"
    if signature is not None and _signature(file) != signature:
        write_whole(file, signature.encode())


def _signature(file: Path) -> str:
    try:
        return file.read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def load_step(code: CodeRef, project: Project) -> Step:
    """Load a step's code; raises CodeUnavailableError that says what is missing."""
    if code.snapshot is None:
        imported = _import(code.module, code.qualname)
        if not isinstance(imported, Step):
            raise CodeUnavailableError(f"{code.module}.{code.qualname} is not a step any more")
        return imported
    if not is_digest(code.snapshot):
        raise CodeUnavailableError(
            f"the record of step {code.qualname} names a snapshot that is none: {code.snapshot[:80]!a}; "
            "it is not loaded. Run the pipeline's own script again"
        )
    file = project.snapshots / f"{code.snapshot}.pkl"
    try:
        data = file.read_bytes()
    except OSError as error:
        raise CodeUnavailableError(f"the snapshot of step {code.qualname} is gone: {error}") from error
    if blake3(data).hexdigest() != code.snapshot:
        raise CodeUnavailableError(
            f"the snapshot of step {code.qualname} was changed: {file}; it is not loaded"
        )
    if project.settings.require_signature and not is_signed(
        "snapshot", code.snapshot, _signature(file.with_suffix(".sig"))
    ):
        raise CodeUnavailableError(
            f"the snapshot of step {code.qualname} is not signed with this project's key, so it is not "
            f"loaded; run the pipeline's own script again with {SIGNING_KEY} set"
        )
    try:
        # These bytes have the recorded digest, and the signature that is demanded.
        step = _Unpickler(io.BytesIO(data)).load()
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
    nodes = {item.name: ComponentBody.of(item) for item in spec.steps if item.node is not None}
    bodies = {name: _body(item, steps[name]) for name, item in own.items()}
    return {item.name: nodes.get(item.name) or bodies[item.name] for item in spec.steps}, steps


def load_body(spec: StepSpec, project: Project) -> FunctionBody:
    """Load one step of a recorded spec in a worker process; importing its module runs no pipeline."""
    with dry():
        return _body(spec, load_step(spec.code, project))


def _body(spec: StepSpec, step: Step) -> FunctionBody:
    sources: dict[str, list[OutputRef]] = {}
    for item in spec.inputs:
        sources.setdefault(item.name, []).append(item.source)
    values = gather(step.signature, spec.parameters)
    body = make_body(step, values, sources, name=spec.name, slot=spec.slot)
    return replace(body, spec=_as_recorded(body.spec, spec))


def _as_recorded(imported: StepSpec, spec: StepSpec) -> StepSpec:
    """Give the spec of imported code with the options that the recorded pipeline gave the step."""
    chosen = {output.name: output.materializer for output in spec.outputs}
    outputs = tuple(o.replaced(materializer=chosen.get(o.name, o.materializer)) for o in imported.outputs)
    options = {"enable_cache": spec.enable_cache, "attempts": spec.attempts, "after": spec.after}
    return imported.replaced(outputs=outputs, **options)
