"""Imports executions of TFX's own runners into the cache: gives them keys, and their artifacts digests."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfx.components.example_gen import utils as example_gen
from tfx.version import __version__ as tfx_version

from zencache.code.module_origin import origin_of_module
from zencache.errors import ZencacheError
from zencache.execution.example_spans import fingerprint
from zencache.metadata import schema
from zencache.metadata.tfx_runs import executions_without_key, tfx_versions
from zencache.model.specs import CodeRef, NodeRef, OutputSpec, PipelineSpec, StepSpec, key_and_index
from zencache.model.values import from_text
from zencache.pipelines.runner import make_planner
from zencache.planning.component_body import IMPORTER, RESOLVER, ComponentBody
from zencache.tracking.observed_inputs import Seen

if TYPE_CHECKING:
    from zencache.metadata.session import ProjectRecords
    from zencache.metadata.tfx_runs import TfxExecution
    from zencache.model.records import ExecutionRecord

_FILE_DRIVER = "FileBasedDriver"
_BY_DRIVER = (
    example_gen.SPAN_PROPERTY_NAME,
    example_gen.VERSION_PROPERTY_NAME,
    example_gen.FINGERPRINT_PROPERTY_NAME,
)
_RUNNER = (
    "pipeline_root",
    "pipeline_name",
    "component_id",
    "state",
    "name",
    "checksum_md5",
    "execution_timestamp",
)


@dataclass(frozen=True)
class ImportedExecution:
    """An execution that TFX recorded, and whether its result can be reused now."""

    pipeline: str
    node: str
    execution: int
    problem: str = ""
    """Why not; empty where it can."""

    def __str__(self) -> str:
        outcome = f"cannot be reused: {self.problem}" if self.problem else "can be reused"
        return f"{self.pipeline}.{self.node}, execution {self.execution}: {outcome}"


class _UnknownError(Exception):
    """Why a key cannot be known."""


class TfxHistory:
    """Implements `zencache.pipelines.plugins.HistoryPlugin`."""

    def import_history(self, records: ProjectRecords, *, default_executors: bool) -> list[ImportedExecution]:
        """Give keys to executions that TFX recorded; see `import_history` of this module."""
        return import_history(records, default_executors=default_executors)


def import_history(records: ProjectRecords, *, default_executors: bool = False) -> list[ImportedExecution]:
    """Give keys to executions that TFX recorded, where key and code can be known; report each other one.

    TFX does not record which executor a component had. `default_executors` says that none was given
    another one by `custom_executor_spec`; without it, what may have had one is left out.
    """
    imported = []
    for execution in executions_without_key(records.metadata):
        pipeline, node = execution.pipeline, execution.node
        if not node or execution.component in (IMPORTER, RESOLVER):
            continue
        try:
            _check_executor(execution.component, default_executors=default_executors)
            _import(records, execution)
            imported.append(ImportedExecution(pipeline, node, execution.id))
        except (_UnknownError, ZencacheError) as error:
            imported.append(ImportedExecution(pipeline, node, execution.id, str(error)))
    return imported


def _import(records: ProjectRecords, execution: TfxExecution) -> None:
    pipeline, node = execution.pipeline, execution.node
    [record] = records.metadata.executions.by_id([execution.id])
    _check_version(records, record)
    step = _step(execution, record)
    body = ComponentBody.of(step)
    if body.never_cached:
        raise _UnknownError(body.never_cached)
    inputs = {name: artifact.id for name, artifact in record.inputs.items()}
    digest_by_artifact = records.metadata.artifact_records.with_digests(sorted(set(inputs.values())))
    keys = make_planner(PipelineSpec(name=pipeline, steps=(step,)), {node: body}, None, None).keys
    if step.node and step.node.driver.endswith(_FILE_DRIVER):
        _check_files(execution, body)
    parts = keys.parts(step, {name: digest_by_artifact[number] for name, number in inputs.items()})
    targets = records.results.push_destinations(execution.id)
    seen = Seen(targets={path: records.digests.digest(Path(path)) or "" for path in targets})
    values = {
        schema.STEP: node,
        schema.KEY: parts.key,
        schema.KEY_PARTS: keys.explained(step, parts).model_dump_json(),
        schema.REASON: "run by TFX itself, and imported",
        schema.OBSERVED_INPUTS: seen.to_json(),
        schema.SECONDS: (record.updated - record.created).total_seconds(),
    }
    records.results.annotate(execution.id, values)
    records.results.associate_with_key(parts.key, execution.id)
    records.results.remember(parts.key, step.identity, execution.id)


def _check_executor(path: str, *, default_executors: bool) -> None:
    takes = inspect.signature(_component(path).__init__).parameters
    if "custom_executor_spec" in takes and not default_executors:
        raise _UnknownError(
            "TFX does not record whether it had a custom_executor_spec; "
            "if none had one, say so: --default-executors"
        )


def _check_version(records: ProjectRecords, record: ExecutionRecord) -> None:
    """TFX notes its version on what it makes: another one may have computed otherwise."""
    ids = [artifact.id for artifact in record.outputs.values()]
    recorded = tfx_versions(records.metadata, ids) or {None}
    versions = {version or "an unknown version" for version in recorded}
    if versions != {tfx_version}:
        raise _UnknownError(
            f"it was computed by TFX {', '.join(sorted(versions))}; {tfx_version} is installed"
        )


def _step(execution: TfxExecution, record: ExecutionRecord) -> StepSpec:
    """Give the step of an execution, from its component's class and the properties that TFX recorded."""
    kind = _component(execution.component)
    driver = getattr(kind, "DRIVER_CLASS", None)
    module, _, qualname = execution.component.rpartition(".")
    executor = kind.EXECUTOR_SPEC.class_path
    own_driver = (
        _class_path(driver)
        if driver is not None and hasattr(driver, "run") and _is_file_driver(driver)
        else ""
    )
    parameters = {n: t for n, t in execution.parameters.items() if n not in (*_BY_DRIVER, *_RUNNER)}
    outputs = {key_and_index(name)[0]: artifact.value_type for name, artifact in record.outputs.items()}
    return StepSpec(
        name=execution.node,
        code=CodeRef(module=module, qualname=qualname),
        outputs=tuple(OutputSpec(name=n, type=t) for n, t in sorted(outputs.items())),
        parameters=parameters,
        node=NodeRef(ir="", pipeline=execution.pipeline, executor=executor, driver=own_driver),
    )


def _component(path: str) -> Any:
    module, _, name = path.rpartition(".")
    if origin_of_module(module) == "project":
        raise _UnknownError(f"the code of {path} as it was then is not recorded")
    try:
        kind = getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise _UnknownError(f"{path} cannot be imported: {error}") from error
    if not hasattr(getattr(kind, "EXECUTOR_SPEC", None), "class_path"):
        raise _UnknownError(f"TFX does not record which executor {name} had")
    return kind


def _is_file_driver(driver: Any) -> bool:
    return any(base.__name__ in (_FILE_DRIVER, "QueryBasedDriver") for base in driver.__mro__)


def _class_path(kind: type) -> str:
    return f"{kind.__module__}.{kind.__name__}"


def _check_files(execution: TfxExecution, body: ComponentBody) -> None:
    """Check that the files of an ExampleGen still have the time and size that TFX recorded."""
    recorded = execution.properties.get(example_gen.FINGERPRINT_PROPERTY_NAME)
    properties = {name: from_text(text) for name, text in body.spec.parameters.items()}
    if not recorded or recorded != fingerprint(properties):
        raise _UnknownError(
            "the files that it read have another time or size now, so what they held then is not known"
        )
