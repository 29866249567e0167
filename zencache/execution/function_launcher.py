"""Launches a step that is a Python function: TFX's launcher runs its node with the generic executor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zencache.execution.record_outcome import properties
from zencache.execution.run_context import StepResult
from zencache.execution.step_inputs import StepInputs
from zencache.execution.tfx_launcher import attach_key, fix_inputs, launch_node

if TYPE_CHECKING:
    from zencache.execution.compiler import CompiledPipeline
    from zencache.execution.run_context import RunContext, RunState
    from zencache.model.specs import StepSpec
    from zencache.planning import PlannedStep


@dataclass(frozen=True)
class FunctionLauncher:
    """Launches one step of a run."""

    run: RunContext
    state: RunState
    spec: StepSpec
    compiled: CompiledPipeline

    def resolve_inputs(self) -> StepInputs:
        """Give the outputs of its upstream steps."""
        return StepInputs(self.state.inputs(self.spec))

    def launch(self, planned: PlannedStep, inputs: StepInputs) -> None:
        """Have TFX run the node, tied to its cache key; `StepExecutor` writes the result if it fails."""
        assert planned.parts is not None
        node = self.compiled.node(self.spec.name)
        attach_key(node, planned.parts.key)
        fix_inputs(node, inputs.artifacts)
        self.state.key_parts[self.spec.name] = planned.parts
        self.state.step_inputs[self.spec.name] = inputs.artifacts
        for name, value in properties(self.run, planned).items():
            node.parameters.parameters[name].field_value.string_value = value or ""
        execution = launch_node(
            node,
            self.run,
            root=self.run.root_of(self.spec),
            pipeline=self.compiled.info,
            runtime=self.compiled.runtime,
            deployment=self.compiled.deployment,
        )
        result = self.state.results.get(self.spec.name)
        if result is None or result.status != "failed":
            self._record(planned.parts.key, execution.execution_id)

    def _record(self, key: str, execution_id: int) -> None:
        """Write the result with the artifacts' ids from MLMD, and make the execution its key's newest."""
        [record] = self.run.records.metadata.executions.by_id([execution_id])
        name = self.spec.name
        self.state.results[name] = StepResult(name, "executed", record.outputs, execution=execution_id)
        self.run.records.results.remember(key, self.spec.identity, execution_id)
