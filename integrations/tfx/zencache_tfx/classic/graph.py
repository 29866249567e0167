"""Builds the `tfx.dsl.Pipeline` of a training pipeline from TFX's components.

::

    CsvExampleGen → StatisticsGen → SchemaGen → Transform → Trainer → Evaluator
                                                               └────→ Pusher

Components before Trainer do not depend on the trainer, so a changed trainer does not invalidate them.
`Transform` and `Trainer` take functions by import path. With a `module_file`, TFX would build a wheel by pip
in each run.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

# TFX's libraries need Keras 2; TensorFlow reads this when its Keras is first used.
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")

import tensorflow_model_analysis as tfma
from tfx import v1 as tfx

from zencache_tfx.classic import node_names
from zencache_tfx.classic.class_import import code_of, source_of
from zencache_tfx.classic.config import from_config
from zencache_tfx.classic.example_gen import SplitCsvExampleGen
from zencache_tfx.classic.keras_names import evaluation_metric_named
from zencache_tfx.classic.nearest_names import to_transformed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from zencache_tfx.classic.evaluators import TFMAEvaluator
    from zencache_tfx.classic.pipeline_stages import Stages

_PREPROCESSING = "zencache_tfx.classic.transform_module.preprocessing_fn"
_TRAINING = "zencache_tfx.classic.trainer_module.run_fn"
_SIGNATURE = "serving_default"
_TRANSFORMING = "transform_features"
_MODEL_TYPE = "tf_generic"  # TFMA loads the model by its signatures, independent of the Keras version


def build(
    config: Mapping[str, Any],
    pipeline_name: str,
    pipeline_root: str = "",
    metadata_path: str | None = None,
    beam_pipeline_args: Sequence[str] = (),
) -> tfx.dsl.Pipeline:
    """Build the pipeline of a configuration (see `to_config`).

    Artifacts go below the root, records into the SQLite file. Without these two, the runner has to provide
    them. `beam_pipeline_args` are for statistics, Transform and the evaluation.
    """
    pipeline = from_config(config)
    store = (
        tfx.orchestration.metadata.sqlite_metadata_connection_config(metadata_path) if metadata_path else None
    )
    return tfx.dsl.Pipeline(
        pipeline_name=pipeline_name,
        pipeline_root=pipeline_root,
        components=_components(pipeline.stages()),
        enable_cache=pipeline.enable_cache,
        metadata_connection_config=store,
        beam_pipeline_args=list(beam_pipeline_args),
    )


def _components(stages: Stages) -> list[Any]:
    examples = _example_gen(stages)
    statistics = tfx.components.StatisticsGen(examples=examples.outputs["examples"])
    schema = tfx.components.SchemaGen(statistics=statistics.outputs["statistics"], infer_feature_shape=False)
    transform = _transform(stages, examples, schema)
    trainer = _trainer(stages, transform, schema)
    components = [
        examples.with_id(node_names.EXAMPLES),
        statistics.with_id(node_names.STATISTICS),
        schema.with_id(node_names.SCHEMA),
        transform.with_id(node_names.TRANSFORM),
        trainer.with_id(node_names.TRAINER),
    ]
    if stages.evaluator is not None:
        evaluator = _evaluator(stages.evaluator, stages, examples, trainer)
        components.append(evaluator.with_id(node_names.EVALUATOR))
    if stages.deployer is not None:
        components.append(_pusher(stages.deployer.path, trainer).with_id(node_names.PUSHER))
    return components


def _example_gen(stages: Stages) -> SplitCsvExampleGen:
    folder, pattern = stages.datasource.pattern()
    return SplitCsvExampleGen(folder, pattern, stages.split.rule(), stages.datasource.schema_)


def _transform(stages: Stages, examples: Any, schema: Any) -> tfx.components.Transform:
    """Create Transform, which computes statistics of rows over the split `train`."""
    names = stages.split.names()
    analyzed = "train" if "train" in names else names[0]
    return tfx.components.Transform(
        examples=examples.outputs["examples"],
        schema=schema.outputs["schema"],
        preprocessing_fn=_PREPROCESSING,
        splits_config=tfx.proto.SplitsConfig(analyze=[analyzed], transform=names),
        custom_config={"preprocesser": stages.preprocesser.model_dump(mode="json")},
        disable_analyzer_cache=True,  # zencache's cache replaces it
        disable_statistics=True,
    )


def _trainer(stages: Stages, transform: Any, schema: Any) -> tfx.components.Trainer:
    trainer, names = stages.trainer, stages.split.names()
    return tfx.components.Trainer(
        examples=transform.outputs["transformed_examples"],
        transform_graph=transform.outputs["transform_graph"],
        schema=schema.outputs["schema"],
        run_fn=_TRAINING,
        train_args=tfx.proto.TrainArgs(splits=trainer.splits("train", names)),
        eval_args=tfx.proto.EvalArgs(splits=trainer.splits("eval", names)),
        custom_config={
            "source": source_of(type(trainer)),
            "args": trainer.args(),
            "labels": stages.preprocesser.label_names(),
            "code": code_of(type(trainer)),  # so that an edited trainer changes the configuration; never read
        },
    )


def _pusher(path: str, trainer: Any) -> tfx.components.Pusher:
    destination = tfx.proto.PushDestination(
        filesystem=tfx.proto.PushDestination.Filesystem(base_directory=path)
    )
    return tfx.components.Pusher(model=trainer.outputs["model"], push_destination=destination)


# -- evaluator ------------------------------------------------------------------------------------


def _evaluator(
    evaluator: TFMAEvaluator, stages: Stages, examples: Any, trainer: Any
) -> tfx.components.Evaluator:
    """Create Evaluator; it takes raw rows, so that slices use the values of the CSV file."""
    return tfx.components.Evaluator(
        examples=examples.outputs["examples"],
        model=trainer.outputs["model"],
        example_splits=stages.evaluated_splits(),
        eval_config=tfma.EvalConfig(
            model_specs=[_model_spec(stages)],
            slicing_specs=[
                tfma.SlicingSpec(),
                *(tfma.SlicingSpec(feature_keys=columns) for columns in evaluator.slices or []),
            ],
            metrics_specs=_metrics_specs(evaluator, stages),
        ),
    )


def _model_spec(stages: Stages) -> tfma.ModelSpec:
    labels, outputs = stages.preprocesser.label_names(), stages.outputs_by_label()
    keys: dict[str, Any] = (
        {"label_keys": {outputs[label]: to_transformed(label) for label in labels}}
        if outputs
        else {"label_key": to_transformed(labels[0])}
    )
    return tfma.ModelSpec(
        signature_name=_SIGNATURE,
        preprocessing_function_names=[_TRANSFORMING],
        model_type=_MODEL_TYPE,
        **keys,
    )


def _metrics_specs(evaluator: TFMAEvaluator, stages: Stages) -> list[tfma.MetricsSpec]:
    outputs, loss = stages.outputs_by_label(), stages.trainer.loss
    return [
        tfma.MetricsSpec(
            metrics=[tfma.MetricConfig(class_name=name) for name in _metric_names(names, loss)],
            output_names=[outputs[label]] if outputs else None,
        )
        for label, names in evaluator.metrics_by_label(stages.preprocesser.label_names()).items()
    ]


def _metric_names(names: list[str], loss: str | None) -> list[str]:
    """Give the class names of the metrics, and of the count of examples."""
    return list(dict.fromkeys([*(evaluation_metric_named(name, loss) for name in names), "ExampleCount"]))
