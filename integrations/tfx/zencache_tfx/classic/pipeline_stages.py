"""Holds the steps of a training pipeline, complete and typed, for the checks and for the graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from zencache.errors import DefinitionError, ParameterError
from zencache_tfx.classic.nearest_names import to_transformed
from zencache_tfx.classic.trainers import FeedForwardTrainer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zencache_tfx.classic.datasources import CSVDatasource
    from zencache_tfx.classic.deployers import LocalDeployer
    from zencache_tfx.classic.evaluators import TFMAEvaluator
    from zencache_tfx.classic.preprocesser import StandardPreprocesser
    from zencache_tfx.classic.splits import Split
    from zencache_tfx.classic.trainers import BaseTrainerStep

NEEDED = {
    "datasource": "add_datasource(CSVDatasource(name, path))",
    "split": "add_split(RandomSplit({'train': 0.7, 'eval': 0.3}))",
    "preprocesser": "add_preprocesser(StandardPreprocesser(features, labels))",
    "trainer": "add_trainer(FeedForwardTrainer(…))",
}
"""The required steps, each with the call that adds it."""


@dataclass(frozen=True)
class Stages:
    """The steps of a training pipeline that has all required ones."""

    datasource: CSVDatasource
    split: Split
    preprocesser: StandardPreprocesser
    trainer: BaseTrainerStep
    evaluator: TFMAEvaluator | None = None
    deployer: LocalDeployer | None = None

    def evaluated_splits(self) -> list[str]:
        """List the splits that the evaluator measures on: its own choice, or the trainer's `eval`."""
        names = self.split.names()
        chosen = (self.evaluator.split_mapping or {}).get("eval") if self.evaluator else None
        wrong = [name for name in chosen or [] if name not in names]
        if wrong:
            raise ParameterError(f"TFMAEvaluator names split {wrong[0]!r}; there are {', '.join(names)}")
        return chosen or self.trainer.splits("eval", names)

    def outputs_by_label(self) -> dict[str, str]:
        """Give the model's output for each label; an empty mapping for a single label.

        Raises ParameterError if the outputs of several labels are unknown.
        """
        labels = self.preprocesser.label_names()
        mapping = self.evaluator.output_mapping if self.evaluator else None
        if mapping is None and len(labels) > 1:
            if not isinstance(self.trainer, FeedForwardTrainer):
                raise ParameterError(
                    f"there are {len(labels)} labels; give the model's output for each: "
                    "TFMAEvaluator(output_mapping={label: output})"
                )
            return {label: to_transformed(label) for label in labels}
        missing = [label for label in labels if mapping and label not in mapping]
        if missing:
            raise ParameterError(f"output_mapping of TFMAEvaluator has no output for label {missing[0]!r}")
        return mapping or {}


def stages_of(name: str, steps: Mapping[str, Any]) -> Stages:
    """Give the steps of a pipeline; raises DefinitionError that names all missing ones."""
    missing = [step for step in NEEDED if step not in steps]
    if missing:
        raise DefinitionError(
            f"training pipeline {name!r} cannot run without {', '.join(missing)}; add "
            + ", ".join(f"pipeline.{NEEDED[step]}" for step in missing)
        )
    return Stages(**steps)
