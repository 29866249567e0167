"""`ZencacheDagRunner`: runs a TFX pipeline with the cache, as a drop-in for TFX's own runners."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from tfx.orchestration.portable import tfx_runner

from zencache.pipelines.runner import default_run_name
from zencache_tfx.adoption import adopt, pipeline_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfx import v1 as tfx

    from zencache import CachePolicy
    from zencache.pipelines import Pipeline, PipelineRun


class ZencacheDagRunner(tfx_runner.TfxRunner):  # type: ignore[misc]
    """Runs TFX pipelines with zencache's cache on Beam's DirectRunner, instead of `LocalDagRunner`.

    `store` says where records and artifacts go: where the pipeline says (`"pipeline"`), or into the
    zencache project (`"project"`). `enable_cache` and `policies` are those of `adopt`.
    """

    def __init__(
        self,
        *,
        store: str = "pipeline",
        enable_cache: bool | Mapping[str, bool] | None = None,
        policies: Mapping[str, CachePolicy] | None = None,
    ) -> None:
        self._store = store
        self._enable_cache = enable_cache
        self._policies = policies
        self._exit_handlers: list[Any] = []

    def set_exit_handler(self, exit_handler: Any) -> None:
        """Have a component (or several) run after each run, however it ended, as Kubeflow's runner does.

        A parameter that is given as `FinalStatusStr()` receives how the run ended, as JSON with `state`
        (`SUCCEEDED` or `FAILED`), `pipelineJobResourceName` (the run) and `error`.
        """
        self._exit_handlers = list(exit_handler) if isinstance(exit_handler, list | tuple) else [exit_handler]

    def run(
        self,
        pipeline: tfx.dsl.Pipeline,
        run_options: Any = None,
        *,
        runtime_parameters: Mapping[str, str | int | float] | None = None,
        run_name: str | None = None,
    ) -> PipelineRun:
        """Run a pipeline, reusing what was computed before, under whatever name; see `zencache_tfx.adopt`.

        `run_options` are TFX's, for a partial run.
        """
        adopted = adopt(
            pipeline,
            store=self._store,
            runtime_parameters=runtime_parameters,
            enable_cache=self._enable_cache,
            policies=self._policies,
        )
        part = _part(run_options, adopted) if run_options else {}
        name = run_name or default_run_name(adopted.name)
        try:
            run = adopted.run(run_name=name, **part)
        except BaseException as error:
            try:
                self._exit(pipeline, name, error)
            except Exception as other:  # noqa: BLE001 - what went wrong first is what the user has to know
                print(f"Note: the exit handler failed too: {other}.", file=sys.stderr)  # noqa: T201 - beside the run's lines
            raise
        self._exit(pipeline, name, None)
        return run

    def _exit(self, pipeline: tfx.dsl.Pipeline, run: str, error: BaseException | None) -> None:
        if not self._exit_handlers:
            return
        from zencache_tfx.exit_handlers import exit_pipeline, with_status  # noqa: PLC0415 - imports Kubeflow's part of TFX

        for handler in self._exit_handlers:
            alone = exit_pipeline(pipeline, handler)
            spec = adopt(alone, store=self._store).spec
            pipeline_of(spec.replaced(steps=(with_status(spec.steps[0], handler, run, error),)), alone).run(
                enable_cache=False
            )


def _part(run_options: Any, pipeline: Pipeline) -> dict[str, Any]:
    return {
        "from_steps": _named(run_options.from_nodes, pipeline),
        "to_steps": _named(run_options.to_nodes, pipeline),
        "base_run": run_options.base_pipeline_run_id,
    }


def _named(nodes: Any, pipeline: Pipeline) -> list[str]:
    """Name the nodes that TFX's options mean: a collection of ids, or a function that says which."""
    return [name for name in pipeline.spec.by_name if nodes(name)] if callable(nodes) else list(nodes or ())
