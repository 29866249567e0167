"""Checks the data and the steps of a training pipeline before a run, with a clear error for each problem."""

from __future__ import annotations

from typing import TYPE_CHECKING

from zencache.errors import DefinitionError, NotFoundError, ParameterError
from zencache_tfx.classic import keras_names
from zencache_tfx.classic.csv_schema import read_facts
from zencache_tfx.classic.keras_names import evaluation_metric_named
from zencache_tfx.classic.trainers import FeedForwardTrainer
from zencache_tfx.classic.transforms import FOR_A_MODEL, kind_after

if TYPE_CHECKING:
    from pathlib import Path

    from zencache_tfx.classic.csv_schema import CsvFacts
    from zencache_tfx.classic.evaluators import TFMAEvaluator
    from zencache_tfx.classic.pipeline_stages import Stages
    from zencache_tfx.classic.preprocesser import StandardPreprocesser
    from zencache_tfx.classic.trainers import BaseTrainerStep

_SCALED = ("scale_by_min_max", "scale_to_0_1", "scale_to_z_score")
_AS_IT_IS = '{"transform": [{"method": "no_transform", "parameters": {}}]}'


def check(stages: Stages, memory: Path | None = None) -> None:
    """Check the data, and that the steps fit the data and one another.

    Raises DefinitionError, ParameterError or NotFoundError.
    """
    facts = read_facts(stages.datasource.files(), memory).with_schema(stages.datasource.schema_)
    _check_split(stages, facts)
    _check_columns(stages.preprocesser, facts)
    _check_chains(stages, facts)
    _check_trainer(stages)
    _check_labels(stages.trainer, stages.preprocesser, facts)
    if stages.evaluator is not None:
        check_evaluator(stages.evaluator, stages, facts)


def _check_split(stages: Stages, facts: CsvFacts) -> None:
    column = stages.split.column_used()
    if column is not None:
        facts.require(column, f"the column of {type(stages.split).__name__}")


# -- columns --------------------------------------------------------------------------------------


def _check_columns(preprocesser: StandardPreprocesser, facts: CsvFacts) -> None:
    features, labels = preprocesser.feature_names(facts.columns), preprocesser.label_names()
    for role, columns in (("a feature", features), ("a label", labels)):
        for column in columns:
            if facts.require(column, role) == "empty" and (preprocesser.features or role == "a label"):
                raise DefinitionError(f"column {column!r}, used as {role}, has no value in any row")
    both = [column for column in features if column in labels]
    if both:
        raise ParameterError(f"column {both[0]!r} is a feature and a label; remove it from one of the two")
    if not features:
        raise ParameterError("there is no feature: name columns in StandardPreprocesser(features=[…])")
    for column in preprocesser.overwrite or {}:
        facts.require(column, "a column of StandardPreprocesser's overwrite")


def _check_chains(stages: Stages, facts: CsvFacts) -> None:
    preprocesser = stages.preprocesser
    for column in preprocesser.feature_names(facts.columns):
        kind = _final_kind(preprocesser, column, facts)
        if kind in ("words", "word_ids"):
            raise ParameterError(
                f"column {column!r} has several values a row after its transforms; "
                "add tfidf(vocab_size) or one_hot_encode(depth), which give rows of one length"
            )
        if kind not in FOR_A_MODEL and isinstance(stages.trainer, FeedForwardTrainer):
            raise ParameterError(
                f"feature {column!r} is still {kind} after its transforms, and FeedForwardTrainer takes "
                "numbers; add compute_and_apply_vocabulary or hash_strings to its transforms"
            )


def _final_kind(preprocesser: StandardPreprocesser, column: str, facts: CsvFacts) -> str:
    kind = facts.kind(column)
    filled = kind_after(column, kind, "filling", preprocesser.calls(column, "filling", kind))
    return kind_after(column, filled, "transform", preprocesser.calls(column, "transform", kind))


# -- trainer and labels ---------------------------------------------------------------------------


def _check_trainer(stages: Stages) -> None:
    trainer, names = stages.trainer, stages.split.names()
    for role in ("train", "eval"):
        trainer.splits(role, names)
    if isinstance(trainer, FeedForwardTrainer) and not stages.preprocesser.label_names():
        raise ParameterError("FeedForwardTrainer needs a label: StandardPreprocesser(labels=[…])")


def _check_labels(trainer: BaseTrainerStep, preprocesser: StandardPreprocesser, facts: CsvFacts) -> None:
    for label in preprocesser.label_names():
        kind = _final_kind(preprocesser, label, facts)
        if kind not in FOR_A_MODEL:
            raise ParameterError(
                f"label {label!r} is {kind} after its transforms; a label is a number or a vector"
            )
        if isinstance(trainer, FeedForwardTrainer):
            _check_label(trainer, preprocesser, label, facts.kind(label), kind)


def _check_label(
    trainer: FeedForwardTrainer, preprocesser: StandardPreprocesser, label: str, raw: str, final: str
) -> None:
    """Check that the loss can compare a label with predictions."""
    loss = trainer.loss
    methods = [call["method"] for call in preprocesser.calls(label, "transform", raw)]
    if raw == "text" and loss in keras_names.NUMERIC_LOSSES:
        raise ParameterError(
            f"label {label!r} is text, and the loss {loss} compares quantities; use a loss for classes "
            "(binary_crossentropy, sparse_categorical_crossentropy), or another label"
        )
    if loss in (*keras_names.BINARY_LOSSES, *keras_names.CLASS_LOSSES) and set(methods) & set(_SCALED):
        raise ParameterError(
            f"label {label!r} is scaled ({', '.join(methods)}), and the loss {loss} needs the number of a "
            f"class; keep it as it is: StandardPreprocesser(overwrite={{{label!r}: {_AS_IT_IS}}})"
        )
    if loss in keras_names.VECTOR_LOSSES and final != "vector":
        raise ParameterError(
            f"label {label!r} is {final}, and the loss {loss} needs a vector; "
            "add one_hot_encode(depth) to its transforms, or use sparse_categorical_crossentropy"
        )
    if loss in keras_names.CLASS_LOSSES and trainer.output_units == 1:
        raise ParameterError(
            f"the loss {loss} needs an output for each class: FeedForwardTrainer(output_units=…)"
        )


# -- evaluator ------------------------------------------------------------------------------------


def check_evaluator(evaluator: TFMAEvaluator, stages: Stages, facts: CsvFacts) -> None:
    """Check that the labels, metrics, slices and splits of an evaluator exist."""
    labels = stages.preprocesser.label_names()
    if not labels:
        raise ParameterError("TFMAEvaluator needs a label: StandardPreprocesser(labels=[…])")
    for label, names in evaluator.metrics_by_label(labels).items():
        if label not in labels:
            raise NotFoundError.named("label", label, labels, hint="TFMAEvaluator(metrics={label: [names]})")
        for name in names:
            evaluation_metric_named(name, stages.trainer.loss)
    for column in (column for slice_ in evaluator.slices or [] for column in slice_):
        facts.require(column, "a column of TFMAEvaluator's slices")
    stages.evaluated_splits()
    stages.outputs_by_label()
