"""Keras models and TensorFlow tensors as artifacts of zencache."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from zencache.errors import MaterializerError
from zencache.graph.values import digest_of
from zencache.materializers import Materializer

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KerasModelMaterializer", "TensorMaterializer"]

_MODEL = "model.keras"


class KerasModelMaterializer(Materializer):
    """Keras models, with weights, optimizer and compile settings, as `model.keras` (Keras 3's own format)."""

    artifact_type = "Model"

    def save(self, value: Any, folder: Path) -> None:
        """Write `model.keras`."""
        value.save(folder / _MODEL)

    def load(self, folder: Path) -> Any:
        """Read the model."""
        import keras  # noqa: PLC0415 - imported when there is a model

        try:
            return keras.saving.load_model(folder / _MODEL)
        except TypeError as error:
            raise MaterializerError(
                f"Keras cannot load this model: {error}\nA class of your own needs a name to be found by: "
                "decorate it with @keras.saving.register_keras_serializable(), and import its module"
            ) from error

    def digest(self, folder: Path) -> str | None:
        """Name the model by its architecture, weights and optimizer, not by the date of saving."""
        with zipfile.ZipFile(folder / _MODEL) as model:
            parts = {name: _part(name, model.read(name)) for name in model.namelist()}
        return digest_of(["keras/1", parts])


def _part(name: str, content: bytes) -> Any:
    if name == "metadata.json":
        return {key: value for key, value in json.loads(content).items() if key != "date_saved"}
    if name == "config.json":
        return _without_addresses(json.loads(content))
    return blake3(content).hexdigest()


def _without_addresses(node: Any) -> Any:
    """Drop the ids by which Keras marks shared objects while it saves: they are addresses in memory."""
    if isinstance(node, list):
        return [_without_addresses(item) for item in node]
    if isinstance(node, dict):
        return {key: _without_addresses(item) for key, item in node.items() if key != "shared_object_id"}
    return node


class TensorMaterializer(Materializer):
    """Eager tensors of any type as a serialised `TensorProto` (`tensor.pb`), and their type's name."""

    def save(self, value: Any, folder: Path) -> None:
        """Write `tensor.pb` and `dtype`."""
        import tensorflow as tf  # noqa: PLC0415 - imported when there is a tensor

        (folder / "tensor.pb").write_bytes(tf.io.serialize_tensor(value).numpy())
        (folder / "dtype").write_text(value.dtype.name, encoding="ascii")

    def load(self, folder: Path) -> Any:
        """Read the tensor."""
        import tensorflow as tf  # noqa: PLC0415 - imported when there is a tensor

        dtype = tf.dtypes.as_dtype((folder / "dtype").read_text(encoding="ascii"))
        return tf.io.parse_tensor((folder / "tensor.pb").read_bytes(), dtype)
