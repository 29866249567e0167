"""Launches a native TFX component, watched, with its user's modules as they are now."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tfx.orchestration.portable.input_resolution import exceptions
from tfx.proto.orchestration import local_deployment_config_pb2, pipeline_pb2

from zencache.code.digest import CodeReader
from zencache.errors import NotFoundError, traceback_text
from zencache.execution.component_inputs import node_of, resolve_by_tfx
from zencache.execution.record_outcome import FAILED, properties, record_failure
from zencache.execution.run_context import CONDITION_NOT_MET, StepResult
from zencache.execution.step_inputs import StepInputs
from zencache.execution.step_tracking import ComponentTracking
from zencache.execution.tfx_launcher import attach_key, fix_inputs, launch_node
from zencache.execution.user_modules import user_modules
from zencache.execution.value_io import verify
from zencache.metadata import schema
from zencache.planning.component_body import IMPORTER, RESOLVER, ComponentBody

if TYPE_CHECKING:
    from zencache.execution.run_context import RunContext, RunState
    from zencache.model.records import ExecutionRecord
    from zencache.model.specs import StepSpec
    from zencache.planning import PlannedStep

_one_at_a_time = threading.RLock()
"""Components change the process while they run (`sys.path`, globals of Beam and TensorFlow)."""


class ComponentLauncher:
    """Launches one component of a run."""

    def __init__(self, run: RunContext, state: RunState, spec: StepSpec) -> None:
        self._run = run
        self._state = state
        self._spec = spec
        self._node = node_of(spec, run)

    def resolve_inputs(self) -> StepInputs | None:
        """Give its upstream steps' outputs, or what TFX resolves; None if a condition leaves it out."""
        assert self._spec.node is not None
        if self._spec.identity in (IMPORTER, RESOLVER):
            return StepInputs()
        if not self._spec.node.is_late:
            artifacts = self._state.inputs(self._spec)
            fix_inputs(self._node, artifacts)
            return StepInputs(artifacts)
        try:
            return resolve_by_tfx(self._run, self._spec, self._node)
        except exceptions.InputResolutionError as error:
            self._launch_node()  # records the failure, as TFX's runners do
            raise NotFoundError(f"TFX found nothing to feed {self._spec.name} with: {error}") from error

    def launch(self, planned: PlannedStep, inputs: StepInputs) -> None:
        """Check the inputs, have TFX run the component tied to its cache key, and record what it read."""
        for artifact in inputs.artifacts.values():
            if artifact.size:  # what has no files may be gone
                verify(artifact, self._run.records.metadata)
        with _one_at_a_time if self._spec.node and self._spec.node.executor else contextlib.nullcontext():
            if self._state.interrupted.is_set():
                self._state.skip(self._spec.name)
            else:
                self._launch(planned)

    def _launch(self, planned: PlannedStep) -> None:
        assert planned.parts is not None
        run, name = self._run, self._spec.name
        self._prepare_node(planned.parts.key)
        self._state.key_parts[name] = planned.parts
        body = run.bodies[name]
        assert isinstance(body, ComponentBody)
        tracking = self._tracking(body)
        root = run.root_of(self._spec)
        started = time.perf_counter()
        try:
            with self._state.interruptible(name), user_modules(body, self._node, root), tracking:
                info = self._launch_node()
        except BaseException as error:  # noqa: BLE001 - also SystemExit ends a component, not the worker
            self._record_failure(planned, error)
            return
        if info is None or not info.execution_id:
            self._state.skip(name, CONDITION_NOT_MET, is_condition=True)
            return
        seen = tracking.seen(run.records.results.push_destinations(info.execution_id))
        seconds = time.perf_counter() - started
        measured = {schema.SECONDS: seconds, schema.OBSERVED_INPUTS: seen and seen.to_json()}
        record = run.records.results.annotate(info.execution_id, {**properties(run, planned), **measured})
        self._record_end(planned, record)

    def _prepare_node(self, key: str) -> None:
        if self._spec.identity != RESOLVER:
            attach_key(self._node, key)
        if self._spec.identity == IMPORTER:
            self._import_changed_content()

    def _import_changed_content(self) -> None:
        """Have an importer make a new artifact if the content at its uri changed: TFX compares uris alone."""
        parameters = self._node.parameters.parameters
        uri = parameters["artifact_uri"].field_value.string_value
        if self._run.records.metadata.artifact_records.has_changed(uri):
            parameters["reimport"].field_value.int_value = 1

    def _tracking(self, body: ComponentBody) -> ComponentTracking:
        """Watch the component; its inputs, the files in its key and what the project writes do not count."""
        run, keys, project = self._run, self._run.planner.keys, self._run.project
        root = Path(run.root_of(body.spec)).absolute()
        written = [root / name for name in ("_wheels", *run.spec.by_name)]
        records = [project.database.path] if project.database.path else []
        upstream = [self._state.results[n] for n in body.spec.upstream if n in self._state.results]
        inputs = [artifact.folder for result in upstream for artifact in result.outputs.values()]
        digest = keys.code(body.spec.name).digest
        return ComponentTracking(
            body,
            keys.policy(body.spec),
            project,
            keys.digests,
            ignored=[project.folder, project.lock, project.leases, *records, *written, *inputs],
            is_code_current=lambda: body.code(CodeReader(keys.seal)).digest == digest,
        )

    def _launch_node(self) -> Any:
        assert self._spec.node is not None
        deployment = local_deployment_config_pb2.LocalDeploymentConfig()
        deployment.ParseFromString(base64.b64decode(self._spec.node.deployment))
        runtime = pipeline_pb2.PipelineRuntimeSpec()
        runtime.pipeline_run_id.field_value.string_value = self._run.handle.name
        return launch_node(
            self._node,
            self._run,
            root=self._run.root_of(self._spec),
            pipeline=pipeline_pb2.PipelineInfo(id=self._run.spec.name),
            runtime=runtime,
            deployment=deployment,
        )

    # -- how it ended ---------------------------------------------------------------------------

    def _record_end(self, planned: PlannedStep, record: ExecutionRecord) -> None:
        """Write the result; a component that TFX recorded as failed without an error found no inputs."""
        assert planned.parts is not None
        name = self._spec.name
        is_resolver = self._spec.identity == RESOLVER
        if record.done:
            self._state.results[name] = StepResult(name, "executed", record.outputs, execution=record.id)
            if not is_resolver:
                self._run.records.results.remember(planned.parts.key, self._spec.identity, record.id)
        elif is_resolver:
            self._state.skip(name, "it found nothing", is_condition=True)
        else:
            error = (record.error or record.state).strip().splitlines()[-1]
            raise NotFoundError(f"TFX found nothing to feed {name} with: {error}")

    def _record_failure(self, planned: PlannedStep, error: BaseException) -> None:
        """Record what a component raised; TFX records no text of it unless the executor gave one."""
        record_failure(self._state, self._spec.name, error)
        text = traceback_text(error)
        result = json.dumps({"resultMessage": text, "code": FAILED})
        values = {**properties(self._run, planned), schema.EXECUTION_RESULT: result}
        self._run.records.results.annotate_failure(self._run.handle, self._spec, values)
