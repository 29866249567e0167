"""Deployers: where a trained model is copied to."""

from __future__ import annotations

from pathlib import Path

from zencache.errors import ParameterError
from zencache_tfx.classic.config_values import StepConfig


class LocalDeployer(StepConfig):
    """A copy of the model below a folder, in a new folder named by the time, as TensorFlow Serving looks for.

    The path is made absolute.
    """

    path: str

    def __init__(self, path: str | Path) -> None:
        if not str(path):
            raise ParameterError("LocalDeployer: the path is empty; name a folder")
        super().__init__(path=str(Path(path).expanduser().absolute()))
