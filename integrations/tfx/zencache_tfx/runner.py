"""`ZencacheDagRunner`: runs a TFX pipeline where TFX's own runners would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tfx.orchestration.portable import tfx_runner

from zencache_tfx.adopting import adopt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfx import v1 as tfx

    from zencache import CachePolicy
    from zencache.pipelines import Pipeline, PipelineRun


class ZencacheDagRunner(tfx_runner.TfxRunner):  # type: ignore[misc]
    """Runs TFX pipelines with zencache's cache, on Beam's DirectRunner, as `LocalDagRunner` and `BeamDagRunner` do.

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
        self._options = {"store": store, "enable_cache": enable_cache, "policies": policies}

    def run(
        self,
        pipeline: tfx.dsl.Pipeline,
        run_options: Any = None,
        *,
        runtime_parameters: Mapping[str, str | int | float] | None = None,
        run_name: str | None = None,
        **kwargs: Any,
    ) -> PipelineRun:
        """Run a pipeline, reusing what was computed before, under whatever name; see `zencache_tfx.adopt`.

        `run_options` are TFX's, for a partial run.
        """
        adopted = adopt(pipeline, runtime_parameters=runtime_parameters, **self._options, **kwargs)
        if run_options is None:
            return adopted.run(run_name=run_name)
        return adopted.run(
            run_name=run_name,
            from_steps=_named(run_options.from_nodes, adopted),
            to_steps=_named(run_options.to_nodes, adopted),
            base_run=run_options.base_pipeline_run_id,
        )


def _named(nodes: Any, pipeline: Pipeline) -> list[str]:
    """Name the nodes that TFX's options mean: a collection of ids, or a function that says which."""
    return [name for name in pipeline.spec.by_name if nodes(name)] if callable(nodes) else list(nodes or ())
