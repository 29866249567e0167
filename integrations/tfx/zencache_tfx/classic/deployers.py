"""Defines the deployers of training pipelines: a local folder for TensorFlow Serving."""

from __future__ import annotations

from pathlib import Path

from zencache.errors import ParameterError
from zencache_tfx.classic.config_values import StepConfig


class LocalDeployer(StepConfig):
    """Copies the model into a new subfolder named by the time, where TensorFlow Serving finds it.

    The path becomes absolute.
    """

    path: str

    def __init__(self, path: str | Path) -> None:
        if not str(path):
            raise ParameterError("LocalDeployer: the path is empty; name a folder")
        super().__init__(path=str(Path(path).expanduser().absolute()))
