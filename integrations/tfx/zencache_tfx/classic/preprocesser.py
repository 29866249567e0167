"""Defines the preprocessing of columns before training: fillings and transforms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import field_validator

from zencache.errors import NotFoundError, ParameterError
from zencache_tfx.classic.config_values import StepConfig
from zencache_tfx.classic.transforms import DEFAULTS, check_method

if TYPE_CHECKING:
    from collections.abc import Sequence

_STAGES = ("filling", "transform")


class StandardPreprocesser(StepConfig):
    """Fillings and transforms of columns: defaults by type, others by `overwrite`.

    Missing numbers become the column's maximum, and numbers are scaled to z-scores. Missing texts become
    `""`, and texts are numbered by a vocabulary. `features=None` takes all columns that are not labels.
    `overwrite` replaces the defaults of a column::

        StandardPreprocesser(
            features=["age", "job"],
            labels=["has_diabetes"],
            overwrite={"has_diabetes": {"transform": [{"method": "no_transform", "parameters": {}}]}},
        )

    Statistics of rows (a mean, a vocabulary) are computed over the split `train`.
    """

    features: list[str] | None = None
    labels: list[str] | None = None
    overwrite: dict[str, dict[str, list[dict[str, Any]]]] | None = None

    @field_validator("features", "labels", mode="before")
    @classmethod
    def _names(cls, names: Any) -> Any:
        if isinstance(names, str):
            raise ParameterError(
                f"StandardPreprocesser: {names!r} is a text; give a list of columns: [{names!r}]"
            )
        if isinstance(names, list | tuple) and len(set(names)) < len(names):
            raise ParameterError(f"StandardPreprocesser: a column is named twice in {list(names)}")
        return names

    @field_validator("overwrite", mode="before")
    @classmethod
    def _methods(cls, overwrite: Any) -> Any:
        if overwrite is None:
            return None
        if not isinstance(overwrite, dict):
            raise ParameterError(f"StandardPreprocesser: overwrite is {overwrite!r}; give a dict by column")
        return {column: _stages(column, stages) for column, stages in overwrite.items()}

    def label_names(self) -> list[str]:
        """List the labels."""
        return list(self.labels or [])

    def feature_names(self, columns: Sequence[str]) -> list[str]:
        """List the features among the columns of the data."""
        if self.features is not None:
            return list(self.features)
        return [column for column in columns if column not in self.label_names()]

    def calls(self, column: str, stage: str, kind: str) -> list[dict[str, Any]]:
        """List the methods for a column of a kind (`text` or `number`) in a stage."""
        told = (self.overwrite or {}).get(column, {})
        return told[stage] if stage in told else DEFAULTS[kind][stage]


def _stages(column: str, stages: Any) -> dict[str, list[dict[str, Any]]]:
    if not isinstance(stages, dict):
        raise ParameterError(
            f'overwrite of column {column!r} is {stages!r}; give {{"filling": […], "transform": […]}}'
        )
    for stage in stages:
        if stage not in _STAGES:
            raise NotFoundError.named("stage", stage, _STAGES, hint=f"overwrite of column {column!r}")
    return {stage: [check_method(column, stage, call) for call in calls] for stage, calls in stages.items()}
