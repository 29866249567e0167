"""Writes a training pipeline as JSON for the records, and reads it back in any process.

::

    {"format": 1, "name": "Pipeline A", "enable_cache": true,
     "steps": {"datasource": {"source": "CSVDatasource", "args": {"name": …, "path": …, "schema": …}},
               "trainer": {"source": "my_module:MyTrainer", "args": {…}}, …}}

`source` is the name of a class of this package, or the import path of a user's trainer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.errors import StoreFormatError
from zencache.util.distributions import DISTRIBUTION
from zencache_tfx.classic.class_import import load_trainer_class, source_of
from zencache_tfx.classic.datasources import CSVDatasource
from zencache_tfx.classic.deployers import LocalDeployer
from zencache_tfx.classic.evaluators import TFMAEvaluator
from zencache_tfx.classic.preprocesser import StandardPreprocesser
from zencache_tfx.classic.splits import (
    CategoricalDomainSplit,
    CategoricalRatioSplit,
    HashSplit,
    NoSplit,
    RandomSplit,
)
from zencache_tfx.classic.trainers import BaseTrainerStep, FeedForwardTrainer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from zencache_tfx.classic.config_values import StepConfig
    from zencache_tfx.classic.pipeline import TrainingPipeline

FORMAT = 1

_KINDS: dict[str, type[StepConfig | BaseTrainerStep]] = {
    kind.__name__: kind
    for kind in (
        CSVDatasource, RandomSplit, HashSplit, CategoricalDomainSplit, CategoricalRatioSplit, NoSplit,
        StandardPreprocesser, TFMAEvaluator, LocalDeployer, FeedForwardTrainer,
    )
}  # fmt: skip


class RecordedTrainer:
    """A recorded trainer, whose class is imported only when the trainer is used."""

    def __init__(self, source: str, args: Mapping[str, Any]) -> None:
        self.source = source
        self.args = dict(args)

    def load(self) -> BaseTrainerStep:
        """Create the trainer; raises CodeUnavailableError if its class cannot be imported."""
        return load_trainer_class(self.source)(**self.args)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RecordedTrainer) and (self.source, self.args) == (other.source, other.args)

    __hash__ = None  # type: ignore[assignment] # its arguments are a dict


def to_config(pipeline: TrainingPipeline) -> dict[str, Any]:
    """Write a training pipeline as JSON."""
    return {
        "format": FORMAT,
        "name": pipeline.name,
        "enable_cache": pipeline.enable_cache,
        "steps": {key: _recorded(step) for key, step in pipeline.steps.items()},
    }


def from_config(config: Mapping[str, Any]) -> TrainingPipeline:
    """Read a training pipeline from its JSON; like every recorded pipeline, it is immutable.

    Raises StoreFormatError for a newer format.
    """
    from zencache_tfx.classic.pipeline import TrainingPipeline  # noqa: PLC0415 - it imports this module

    if config.get("format") != FORMAT:
        raise StoreFormatError(
            f"the record of training pipeline {config.get('name')!r} has format {config.get('format')}, "
            f"not {FORMAT}; upgrade {DISTRIBUTION}-tfx"
        )
    steps = {key: _made(each) for key, each in config["steps"].items()}
    return TrainingPipeline.recorded(config["name"], steps, enable_cache=config["enable_cache"])


def _recorded(step: Any) -> dict[str, Any]:
    if isinstance(step, RecordedTrainer):
        return {"source": step.source, "args": step.args}
    kind = type(step)
    if isinstance(step, BaseTrainerStep):
        source = kind.__name__ if _KINDS.get(kind.__name__) is kind else source_of(kind)
        return {"source": source, "args": step.args()}
    if isinstance(step, CSVDatasource):
        return {"source": kind.__name__, "args": step.args()}
    return {"source": kind.__name__, "args": step.model_dump(mode="json")}


def _made(recorded: Mapping[str, Any]) -> Any:
    source, args = recorded["source"], recorded["args"]
    if ":" in source:
        return RecordedTrainer(source, args)
    if source not in _KINDS:
        raise StoreFormatError(f"the classic API has no step named {source!r}; upgrade {DISTRIBUTION}-tfx")
    return _KINDS[source](**args)
