"""Exports the classic API: training pipelines whose steps are values, built of TFX's components.

Importing it loads neither TensorFlow nor TFX nor Beam; a run does.
"""

from zencache_tfx.classic.compare import compare_training_runs
from zencache_tfx.classic.config import from_config, to_config
from zencache_tfx.classic.datasources import CSVDatasource
from zencache_tfx.classic.deployers import LocalDeployer
from zencache_tfx.classic.evaluators import TFMAEvaluator
from zencache_tfx.classic.pipeline import TrainingPipeline
from zencache_tfx.classic.preprocesser import StandardPreprocesser
from zencache_tfx.classic.results import Results
from zencache_tfx.classic.splits import (
    CategoricalDomainSplit,
    CategoricalRatioSplit,
    HashSplit,
    NoSplit,
    RandomSplit,
)
from zencache_tfx.classic.trainers import BaseTrainerStep, FeedForwardTrainer, TFFeedForwardTrainer

__all__ = [
    "BaseTrainerStep",
    "CSVDatasource",
    "CategoricalDomainSplit",
    "CategoricalRatioSplit",
    "FeedForwardTrainer",
    "HashSplit",
    "LocalDeployer",
    "NoSplit",
    "RandomSplit",
    "Results",
    "StandardPreprocesser",
    "TFFeedForwardTrainer",
    "TFMAEvaluator",
    "TrainingPipeline",
    "compare_training_runs",
    "from_config",
    "to_config",
]
