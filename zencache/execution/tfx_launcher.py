"""Native TFX components: their part of the intermediate representation, resolved and launched by TFX itself."""

from __future__ import annotations

import base64
import contextlib
import json
import os
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field, replace
from importlib.abc import MetaPathFinder
from importlib.machinery import SourceFileLoader
from importlib.util import spec_from_file_location
from typing import TYPE_CHECKING, Any

from tfx.dsl.compiler import constants, placeholder_utils
from tfx.orchestration.local import runner_utils
from tfx.orchestration.portable import data_types, inputs_utils, launcher, runtime_parameter_utils
from tfx.orchestration.portable.input_resolution import exceptions
from tfx.proto.orchestration import local_deployment_config_pb2, pipeline_pb2

from zencache.code.module_texts import modules_in
from zencache.errors import NotFoundError
from zencache.execution.component_tracking import Outside
from zencache.execution.mlmd_connection import Connection
from zencache.execution.outcomes import FAILED, keep_failure, properties, reuse
from zencache.execution.retries import interruptible
from zencache.execution.run_context import RunContext, StepResult
from zencache.execution.single_flight import alone
from zencache.execution.value_io import verify
from zencache.metadata.schema import KEY_CONTEXT, NODE_CONTEXT, PIPELINE_CONTEXT
from zencache.model.specs import indexed, key_and_index
from zencache.planning.components import IMPORTER, RESOLVER, ComponentBody

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.machinery import ModuleSpec
    from pathlib import Path

    from zencache.model.records import ArtifactRecord, ExecutionRecord
    from zencache.model.specs import StepSpec
    from zencache.planning import PlannedStep

_CONDITION = "its condition does not hold"
_one_at_a_time = threading.RLock()
"""Components change the process while they run (`sys.path`, Beam's and TensorFlow's globals), as TFX's runners let them."""


def prepared(spec: StepSpec, run: RunContext) -> Any:
    """Give a node's representation (`PipelineNode`) as part of a run, under the names that it has there."""
    assert spec.node is not None
    node = pipeline_pb2.PipelineNode.FromString(base64.b64decode(spec.node.ir))
    _rename(node, spec, run.spec.name)
    bindings = {constants.PIPELINE_RUN_ID_PARAMETER_NAME: run.handle.name}
    runtime_parameter_utils.substitute_runtime_parameter(node, bindings)
    node.execution_options.caching_options.enable_cache = False
    node.ClearField("downstream_nodes")
    return node


def _rename(node: Any, spec: StepSpec, pipeline: str) -> None:
    """Give a node, and the queries for what feeds it, the names of the pipeline that it runs in."""
    assert spec.node is not None
    compiled = spec.node.pipeline
    node.node_info.id = spec.name
    queries = [q for each in node.inputs.inputs.values() for c in each.channels for q in c.context_queries]
    for context in (*node.contexts.contexts, *queries):
        value = context.name.field_value
        if context.type.name == PIPELINE_CONTEXT and value.string_value == compiled:
            value.string_value = pipeline
        elif context.type.name == NODE_CONTEXT and value.string_value.startswith(f"{compiled}."):
            value.string_value = pipeline + value.string_value.removeprefix(compiled)
    for context in node.contexts.contexts:
        if context.type.name == NODE_CONTEXT:
            context.name.field_value.string_value = f"{pipeline}.{spec.name}"


def run_node(run: RunContext, spec: StepSpec) -> None:
    """Run, reuse or skip a native component, whose upstream steps have ended."""
    node = prepared(spec, run)
    fed = _fed(run, spec, node)
    if fed is None:
        run.results[spec.name] = StepResult(spec.name, "skipped", is_condition=True, reason=_CONDITION)
        return
    is_decided = False
    while not is_decided:
        with alone(run, spec.name, lambda: run.planner.decide_one(spec, fed.inputs, fed.dynamic)) as planned:
            if planned is not None and planned.hit is not None:
                is_decided = reuse(run, planned, {**fed.inputs, **fed.hidden}, fed.dynamic)
                continue
            is_decided = True
            if planned is None:
                run.results[spec.name] = StepResult(spec.name, "skipped")
            else:
                _compute(run, spec, planned, node, fed)


def _compute(run: RunContext, spec: StepSpec, planned: PlannedStep, node: Any, fed: _Fed) -> None:
    for artifact in fed.inputs.values():
        if artifact.size:  # what has no files may be gone
            verify(artifact, run.runs.metadata)
    with _one_at_a_time if spec.node and spec.node.executor else contextlib.nullcontext():
        if run.interrupted.is_set():
            run.results[spec.name] = StepResult(spec.name, "skipped")
        else:
            _launch(run, spec, planned, node)


# -- what feeds it ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Fed:
    """What feeds a node."""

    inputs: dict[str, ArtifactRecord] = field(default_factory=dict)
    hidden: dict[str, ArtifactRecord] = field(default_factory=dict)
    """What its condition or its properties are computed from, and its executor does not see."""
    dynamic: dict[str, Any] = field(default_factory=dict)
    """The properties that were computed."""


def _fed(run: RunContext, spec: StepSpec, node: Any) -> _Fed | None:
    """Resolve inputs and the parameters that are computed from them; None where a condition says not to run."""
    assert spec.node is not None
    if spec.identity in (IMPORTER, RESOLVER):
        return _Fed()
    if not spec.node.is_late:
        inputs = run.inputs(spec)
        fix_inputs(node, inputs)
        return _Fed(inputs)
    try:
        resolved = inputs_utils.resolve_input_artifacts(pipeline_node=node, metadata_handle=_connection(run))
    except exceptions.InputResolutionError as error:
        _launcher(run, spec, node).launch()  # records the failure, as TFX's runners do
        raise NotFoundError(f"TFX found nothing to feed {spec.name} with: {error}") from error
    if isinstance(resolved, inputs_utils.Skip):
        return None
    by_key = resolved[0]
    context = placeholder_utils.ResolutionContext(
        exec_info=data_types.ExecutionInfo(
            input_dict={key: list(artifacts) for key, artifacts in by_key.items()},
            pipeline_node=node,
            pipeline_info=pipeline_pb2.PipelineInfo(id=run.spec.name),
            pipeline_run_id=run.handle.name,
        )
    )
    dynamic = inputs_utils.resolve_dynamic_parameters(node.parameters, context)
    filled = {
        name: node.parameters.parameters[name].field_value
        for name in spec.node.dynamic
        if name not in dynamic
    }
    dynamic |= {name: getattr(value, value.WhichOneof("value")) for name, value in filled.items()}
    ids = {indexed(key, n): a.id for key, found in by_key.items() for n, a in enumerate(found)}
    hidden = {key for key, each in node.inputs.inputs.items() if each.hidden or key.startswith("_")}
    known = run.runs.metadata.fingerprinted(sorted(set(ids.values())))
    found = {name: replace(known[number], name=name) for name, number in ids.items()}
    return _Fed(
        {name: artifact for name, artifact in found.items() if key_and_index(name)[0] not in hidden},
        {name: artifact for name, artifact in found.items() if key_and_index(name)[0] in hidden},
        dynamic,
    )


def fix_inputs(node: Any, inputs: Mapping[str, ArtifactRecord]) -> None:
    """Say in a node which artifacts feed it: TFX would read all executions of the pipeline to find them."""
    for key in dict.fromkeys(key_and_index(name)[0] for name in inputs):
        node.inputs.inputs[key].ClearField("channels")
    for name, artifact in inputs.items():
        node.inputs.inputs[key_and_index(name)[0]].static_inputs.artifact_ids.append(artifact.id)


def tie_to_key(node: Any, key: str) -> None:
    """Have TFX tie a node's execution and artifacts to the context of its cache key."""
    context = node.contexts.contexts.add()
    context.type.name = KEY_CONTEXT
    context.name.field_value.string_value = key


# -- launching ----------------------------------------------------------------------------------------


def _launch(run: RunContext, spec: StepSpec, planned: PlannedStep, node: Any) -> None:
    """Have TFX's launcher run a node, tied to its cache key, and note what it read and made."""
    assert planned.parts is not None
    body = run.bodies[spec.name]
    assert isinstance(body, ComponentBody)
    if spec.identity != RESOLVER:
        tie_to_key(node, planned.parts.key)
    if spec.identity == IMPORTER:
        _import_anew(node, run)
    run.parts[spec.name] = planned.parts
    outside = Outside(run, body)
    started = time.perf_counter()
    try:
        with interruptible(run, spec.name), _user_modules(body, node, run), outside:
            info = _launcher(run, spec, node).launch()
    except BaseException as error:  # noqa: BLE001 - also Ctrl-C and SystemExit end a component, not the worker
        _keep_failure(run, spec, planned, error)
        return
    if info is None or not info.execution_id:
        run.results[spec.name] = StepResult(spec.name, "skipped", is_condition=True, reason=_CONDITION)
        return
    seen = outside.seen(info.execution_id)
    measured = {"zencache_seconds": time.perf_counter() - started, "zencache_seen": seen and seen.to_json()}
    _ended(run, spec, planned, run.runs.annotate(info.execution_id, {**properties(run, planned), **measured}))


def _ended(run: RunContext, spec: StepSpec, planned: PlannedStep, record: ExecutionRecord) -> None:
    """Keep how a node ended; one that TFX recorded as failed without raising found nothing to work on."""
    assert planned.parts is not None
    if record.done:
        run.results[spec.name] = StepResult(spec.name, "executed", record.outputs, execution=record.id)
        if spec.identity != RESOLVER:
            run.runs.remember(planned.parts.key, spec.identity, record.id)
    elif spec.identity == RESOLVER:
        nothing = StepResult(spec.name, "skipped", is_condition=True, reason="it found nothing")
        run.results[spec.name] = nothing
    else:
        said = (record.error or record.state).strip().splitlines()[-1]
        raise NotFoundError(f"TFX found nothing to feed {spec.name} with: {said}")


def _keep_failure(run: RunContext, spec: StepSpec, planned: PlannedStep, error: BaseException) -> None:
    """Keep what a component raised; TFX records no text of it unless the executor gave one."""
    keep_failure(run, spec.name, error)
    told = json.dumps({"resultMessage": "".join(traceback.format_exception(error)), "code": FAILED})
    said = {**properties(run, planned), "__execution_result__": told}
    run.runs.annotate_failure(run.handle, spec, said)


def _import_anew(node: Any, run: RunContext) -> None:
    """Have an importer make a new artifact where the content at its uri has changed: TFX goes by the uri alone."""
    uri = node.parameters.parameters["artifact_uri"].field_value.string_value
    if run.runs.metadata.has_changed(uri):
        node.parameters.parameters["reimport"].field_value.int_value = 1


def _launcher(run: RunContext, spec: StepSpec, node: Any) -> Any:
    assert spec.node is not None
    deployment = local_deployment_config_pb2.LocalDeploymentConfig()
    deployment.ParseFromString(base64.b64decode(spec.node.deployment))
    platform = deployment.node_level_platform_configs.get(spec.name)
    runtime = pipeline_pb2.PipelineRuntimeSpec()
    runtime.pipeline_root.field_value.string_value = run.root_of(spec)
    runtime.pipeline_run_id.field_value.string_value = run.handle.name
    return launcher.Launcher(
        pipeline_node=node,
        mlmd_connection=_connection(run),
        pipeline_info=pipeline_pb2.PipelineInfo(id=run.spec.name),
        pipeline_runtime_spec=runtime,
        executor_spec=runner_utils.extract_executor_spec(deployment, spec.name),
        custom_driver_spec=runner_utils.extract_custom_driver_spec(deployment, spec.name),
        platform_config=getattr(platform, platform.WhichOneof("config")) if platform else None,
    )


def _connection(run: RunContext) -> Connection:
    return Connection(run.runs.metadata)


# -- the user's modules -------------------------------------------------------------------------------


@contextlib.contextmanager
def _user_modules(body: ComponentBody, node: Any, run: RunContext) -> Iterator[None]:
    """Have the component import the module file as it is now, and nothing of the same name from elsewhere."""
    _, folder = body.module
    if folder is None:
        yield
        return
    _packaged(body, node, run)
    finder = _Folder(modules_in(folder))
    before = {name: sys.modules.pop(name) for name in finder.files.keys() & sys.modules.keys()}
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)
        for name in finder.files.keys() - before.keys():
            sys.modules.pop(name, None)
        sys.modules.update(before)


class _Folder(MetaPathFinder):
    """Finds the modules of a module file's folder there, and nowhere else."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self.files = files

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002 - the import system's interface
        file = self.files.get(fullname)
        return spec_from_file_location(fullname, file, loader=_Fresh(fullname, str(file))) if file else None


class _Fresh(SourceFileLoader):
    """Loads a module's text and no bytecode: that goes by size and seconds, and an edit may change neither."""

    def path_stats(self, path: Any) -> Any:
        raise OSError(f"the bytecode of {path} is not looked at")


def _packaged(body: ComponentBody, node: Any, run: RunContext) -> None:
    """Package a module file as TFX does before it runs a pipeline: only now, where a component runs."""
    parameters = node.parameters.parameters
    file = parameters["module_file"].field_value.string_value if "module_file" in parameters else ""
    if not file or os.environ.get("UNSUPPORTED_DO_NOT_PACKAGE_USER_MODULES"):
        return
    from tfx.components.util import udf_utils  # noqa: PLC0415 - whoever has a module file has the whole of TFX

    _, path = udf_utils.package_user_module_file(body.spec.name, file, run.root_of(body.spec))
    del parameters["module_file"]
    parameters["module_path"].field_value.string_value = path
