"""`adopt`: reads a `tfx.dsl.Pipeline` as a pipeline of zencache, and leaves it unchanged."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from zencache.errors import DefinitionError, NotFoundError
from zencache.model.database import Database
from zencache.model.specs import PipelineSpec, StepSpec
from zencache.pipelines.instance import of_components
from zencache_tfx.node_specs import compiled, steps_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tfx import v1 as tfx

    from zencache import CachePolicy
    from zencache.model.database import Kind
    from zencache.pipelines import Pipeline


def adopt(
    pipeline: tfx.dsl.Pipeline,
    *,
    store: str = "pipeline",
    runtime_parameters: Mapping[str, str | int | float] | None = None,
    enable_cache: bool | Mapping[str, bool] | None = None,
    policies: Mapping[str, CachePolicy] | None = None,
) -> Pipeline:
    """Give a TFX pipeline as a zencache `Pipeline` with plan, copy and versions; the original is unchanged.

    `store`: `"pipeline"` records in the metadata store that the pipeline names and writes below its pipeline
    root; `"project"` does both in the zencache project. The pipeline's own `enable_cache` is ignored: in
    TFX it is off unless one says otherwise. `runtime_parameters` are values for
    `RuntimeParameter`s. `enable_cache` is for the whole pipeline, or by node id; so are `policies`.

    Raises DefinitionError for what cannot be run here, and NotFoundError for a node id that is none.
    """
    spec = spec_of(
        pipeline,
        store=store,
        runtime_parameters=runtime_parameters,
        enable_cache=enable_cache,
        policies=policies,
    )
    return pipeline_of(spec, pipeline)


def spec_of(
    pipeline: tfx.dsl.Pipeline,
    *,
    store: str,
    runtime_parameters: Mapping[str, str | int | float] | None = None,
    enable_cache: bool | Mapping[str, bool] | None = None,
    policies: Mapping[str, CachePolicy] | None = None,
) -> PipelineSpec:
    """Give a TFX pipeline as data; see `adopt`."""
    ir = compiled(pipeline, runtime_parameters)
    spec = PipelineSpec(
        name=ir.pipeline_info.id,
        steps=tuple(steps_of(ir)),
        enable_cache=enable_cache if isinstance(enable_cache, bool) else None,
    )
    flags = {} if isinstance(enable_cache, bool) else enable_cache
    spec = _overridden(spec, flags or {}, policies or {})
    return spec if store == "project" else spec.replaced(root=_root(ir))


def pipeline_of(spec: PipelineSpec, pipeline: tfx.dsl.Pipeline) -> Pipeline:
    """Make a pipeline of the spec that a TFX pipeline was read as."""
    return of_components(spec, database_of(pipeline, spec))


def database_of(pipeline: tfx.dsl.Pipeline, spec: PipelineSpec) -> Database | None:
    """Give the database of a pipeline that writes below its own root; None if it uses the project's."""
    return _database(pipeline) if spec.root else None


def _overridden(
    spec: PipelineSpec, flags: Mapping[str, bool], policies: Mapping[str, CachePolicy]
) -> PipelineSpec:
    for name in (*flags, *policies):
        if name not in spec.by_name:
            raise NotFoundError.named("node", name, list(spec.by_name), hint=f"pipeline {spec.name}")

    def changed(step: StepSpec) -> StepSpec:
        return step.replaced(enable_cache=flags.get(step.name), policy=policies.get(step.name))

    return spec.replaced(steps=tuple(map(changed, spec.steps)))


def _root(ir: Any) -> str:
    root = ir.runtime_spec.pipeline_root
    location = root.field_value.string_value or root.runtime_parameter.default_value.string_value
    if not location:
        raise DefinitionError(
            f"pipeline {ir.pipeline_info.id} has no pipeline_root; give it one, or use store='project'"
        )
    return str(location) if "://" in location else str(Path(location).absolute())


def _database(pipeline: Any) -> Database:
    """Give the database that a pipeline keeps its records in."""
    connection = pipeline.metadata_connection_config
    kind = connection.WhichOneof("config") if connection is not None else None
    if kind is None:
        raise DefinitionError(
            f"pipeline {pipeline.pipeline_info.pipeline_name} has no metadata_connection_config; give it "
            "tfx.orchestration.metadata.sqlite_metadata_connection_config(path), or use store='project'"
        )
    if kind == "sqlite":
        return Database.at(Path(connection.sqlite.filename_uri).absolute())
    if kind == "mysql":
        return _server("mysql", connection.mysql, connection.mysql.database, connection.mysql.port)
    if kind == "postgresql":
        return _server(
            "postgresql",
            connection.postgresql,
            connection.postgresql.dbname,
            int(connection.postgresql.port or 5432),
        )
    raise DefinitionError(
        f"pipeline {pipeline.pipeline_info.pipeline_name} keeps its records in a {kind}; "
        "give it an SQLite, MySQL or PostgreSQL database, or use store='project'"
    )


def _server(kind: Kind, server: Any, name: str, port: int) -> Database:
    secured = server.ssl_options if kind == "mysql" else server.ssloption
    options = tuple(sorted((field.name, _as_text(value)) for field, value in secured.ListFields()))
    return Database(
        kind=kind,
        host=server.host,
        port=port,
        name=name,
        user=server.user,
        password=SecretStr(server.password),
        options=options,
    )


def _as_text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
