"""Trains a small regression as composed configuration says: groups of files, overrides and `_target_` entries."""

import numpy as np
from zencache import BaseParameters, pipeline, step

from lab.config import compose, instantiate
from lab.metrics import METRICS

OVERRIDES = ("train.epochs=30", "model=poly", "+run.name=first")


class Options(BaseParameters):
    """What is changed by hand."""

    overrides: tuple = OVERRIDES
    folder: str = "conf"


CONFIG = compose("conf", OVERRIDES)


@step
def points() -> np.ndarray:
    """Make the data that the configuration names."""
    return instantiate(CONFIG.data)


@step
def trained(data: np.ndarray, options: Options) -> dict:
    """Train; the configuration is composed again, from the step's own parameters."""
    config = compose(options.folder, options.overrides)
    model = instantiate(config.model)
    optimizer = instantiate(config.train.optimizer)
    losses = [optimizer.step(model, data) for _ in range(config.train.epochs)]
    return {"weights": model.weights.tolist(), "losses": losses[:: config.train.get("log_every", 10)], "kind": model.describe()}


@step
def metrics(data: np.ndarray, result: dict) -> dict:
    """Compute the metrics that the configuration lists."""
    model = instantiate(CONFIG.model, weights=result["weights"])
    found = {name: METRICS[name](model, data) for name in CONFIG.train.metrics}
    return {f"{CONFIG.run.name}/{name}": round(value, 5) for name, value in found.items()}


@pipeline
def experiment():
    data = points()
    metrics(data, trained(data))


def build():
    return experiment()
