"""Defines the evaluators of training pipelines: metrics by TensorFlow Model Analysis."""

from __future__ import annotations

from typing import Any

from pydantic import field_validator

from zencache.errors import ParameterError
from zencache_tfx.classic.config_values import StepConfig
from zencache_tfx.classic.keras_names import check_evaluation_metric


class TFMAEvaluator(StepConfig):
    """Metrics by TensorFlow Model Analysis: `TFMAEvaluator(metrics={"has_diabetes": ["accuracy", "AUC"]})`.

    `metrics` are names of Keras or TFMA metrics, by label; with one label, a plain list will do. `slices` are
    lists of columns whose values are measured separately: `[["job"], ["job", "city"]]`. `output_mapping`
    gives the model's output for each label. It is needed with several labels unless the trainer is
    FeedForwardTrainer. `split_mapping={"eval": ["test"]}` evaluates on other splits than the trainer's.
    """

    metrics: dict[str, list[str]] | list[str] | None = None
    slices: list[list[str]] | None = None
    output_mapping: dict[str, str] | None = None
    split_mapping: dict[str, list[str]] | None = None

    @field_validator("metrics")
    @classmethod
    def _known(
        cls, metrics: dict[str, list[str]] | list[str] | None
    ) -> dict[str, list[str]] | list[str] | None:
        lists = metrics.values() if isinstance(metrics, dict) else [metrics or []]
        for name in (name for names in lists for name in names):
            check_evaluation_metric(name)
        return metrics

    @field_validator("slices", mode="before")
    @classmethod
    def _lists(cls, slices: Any) -> Any:
        if isinstance(slices, list | tuple) and any(isinstance(each, str) for each in slices):
            raise ParameterError(
                f"TFMAEvaluator: slices is {slices!r}; "
                f"give a list of lists of columns: {[[s] for s in slices]!r}"
            )
        return slices

    def metrics_by_label(self, labels: list[str]) -> dict[str, list[str]]:
        """Give the metrics of each label; raises ParameterError for a plain list and several labels."""
        if isinstance(self.metrics, dict):
            return self.metrics
        if len(labels) > 1:
            raise ParameterError(
                f"TFMAEvaluator: there are {len(labels)} labels; give the metrics of each: "
                f"metrics={ {label: self.metrics or ['…'] for label in labels} }"
            )
        return {label: self.metrics or [] for label in labels}
