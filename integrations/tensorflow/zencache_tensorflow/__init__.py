"""Stores Keras models and TensorFlow tensors as artifacts of zencache."""

from __future__ import annotations

import importlib
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from zencache.errors import MaterializerError
from zencache.materializers import Materializer
from zencache.model.values import digest_of
from zencache_tensorflow._keras2 import check_registered

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KerasModelMaterializer", "TensorMaterializer"]

_MODEL = "model.keras"
_ADVICE = (
    "A class or function of your own needs a name to be found by: write it as `def` or `class` in a module, "
    "decorate it with @keras.saving.register_keras_serializable(), and import that module"
)


class KerasModelMaterializer(Materializer):
    """Stores Keras models with weights, optimizer and compile settings as `model.keras` (Keras 3's format).

    Users' classes and functions load by their registered names in `keras.saving`. Keras 2 (`tf_keras`, which
    TFX's components still use) stores and loads its own models.
    """

    artifact_type = "Model"

    def save(self, value: Any, folder: Path) -> None:
        """Write `model.keras`; first builds the optimizer of a compiled model, as loading does."""
        optimizer: Any = getattr(value, "optimizer", None)
        if hasattr(optimizer, "build") and not _is_built(optimizer) and value.built:
            optimizer.build(value.trainable_variables)
        try:
            value.save(folder / _MODEL)
        except (TypeError, ValueError, NotImplementedError) as error:
            raise MaterializerError(f"Keras cannot store this model: {error}\n{_ADVICE}") from error
        with zipfile.ZipFile(folder / _MODEL) as model:
            if b'"__lambda__"' in model.read("config.json"):
                raise MaterializerError(
                    f"this model holds a lambda, which Keras does not load again. {_ADVICE}"
                )

    def load(self, folder: Path) -> Any:
        """Read the model; raises MaterializerError for a file that would run code which nobody registered."""
        keras = _keras_of(folder)
        if keras.__name__ == "tf_keras":  # its own safe mode lets functions of any module through
            check_registered(_config(folder), keras.saving.get_registered_object)
        try:
            return keras.models.load_model(folder / _MODEL)
        except (TypeError, ValueError, ImportError) as error:
            raise MaterializerError(f"Keras cannot load this model: {error}\n{_ADVICE}") from error

    def digest(self, folder: Path) -> str | None:
        """Digest the model's architecture, weights and optimizer, without the date of saving."""
        with zipfile.ZipFile(folder / _MODEL) as model:
            parts = {name: _part(name, model.read(name)) for name in model.namelist()}
        return digest_of(["keras/2", parts])


def _is_built(optimizer: Any) -> bool:
    """Say whether an optimizer has its variables; Keras 2 has another attribute for it."""
    return bool(getattr(optimizer, "built", getattr(optimizer, "_built", False)))


def _keras_of(folder: Path) -> Any:
    """Import the Keras that wrote the model; versions 2 and 3 cannot read each other's files."""
    with zipfile.ZipFile(folder / _MODEL) as model:
        version = json.loads(model.read("metadata.json"))["keras_version"]
    return importlib.import_module("tf_keras" if version.startswith("2.") else "keras")


def _config(folder: Path) -> Any:
    with zipfile.ZipFile(folder / _MODEL) as model:
        return json.loads(model.read("config.json"))


def _part(name: str, content: bytes) -> Any:
    if name == "metadata.json":
        return {key: value for key, value in json.loads(content).items() if key != "date_saved"}
    if name == "config.json":
        return _without_addresses(json.loads(content))
    return _weights(content) if name.endswith(".h5") else blake3(content).hexdigest()


def _weights(content: bytes) -> dict[str, Any]:
    """Digest each array of an HDF5 file by its path, type, shape and values.

    The file's bytes would not do: groups have names that Keras numbers within a process (`string_lookup_1`).
    Sums of metrics are left out: Keras 2 stores them, but every epoch resets them.
    """
    import h5py  # type: ignore[import-untyped, unused-ignore]  # noqa: PLC0415 - imported when there is a model

    found: dict[str, Any] = {}

    def visit(path: str, node: Any) -> None:
        if isinstance(node, h5py.Dataset) and not path.startswith("metrics/"):
            found[path] = [str(node.dtype), list(node.shape), _array_digest(node), _attributes(node)]

    with h5py.File(io.BytesIO(content), "r") as file:
        file.visititems(visit)
    return found


def _array_digest(dataset: Any) -> str:
    array = dataset[()]
    if dataset.dtype.hasobject:  # texts: the array holds addresses
        return digest_of(array.tolist())
    return blake3(array.tobytes()).hexdigest()


def _attributes(dataset: Any) -> dict[str, str]:
    """Read Keras's attributes of an array: they name a type that HDF5 lacks (bfloat16)."""
    return {name: str(value) for name, value in dataset.attrs.items()}


def _without_addresses(node: Any) -> Any:
    """Drop Keras's ids of shared objects, which are addresses in memory.

    Nothing is lost: Keras does not share these objects when it loads the model.
    """
    if isinstance(node, list):
        return [_without_addresses(item) for item in node]
    if isinstance(node, dict):
        return {key: _without_addresses(item) for key, item in node.items() if key != "shared_object_id"}
    return node


class TensorMaterializer(Materializer):
    """Stores eager tensors: numpy's types as `tensor.npy`; texts, bfloat16 and the like as `tensor.pb`.

    `tensor.pb` is a `TensorProto` of at most 2 GB; the file `dtype` beside it names the type.
    """

    def save(self, value: Any, folder: Path) -> None:
        """Write `tensor.npy`, or `tensor.pb` and `dtype`."""
        import numpy as np  # noqa: PLC0415 - imported when there is a tensor
        import tensorflow as tf  # type: ignore[import-untyped, unused-ignore]  # noqa: PLC0415 - imported when there is a tensor

        if not tf.executing_eagerly() or not hasattr(value, "numpy"):
            raise MaterializerError(
                "this tensor is a symbol in a graph and has no value; "
                "return what the function gives when called"
            )
        kind = np.dtype(value.dtype.as_numpy_dtype)
        if kind.isbuiltin == 1 and not kind.hasobject:
            np.save(folder / "tensor.npy", value.numpy(), allow_pickle=False)
            return
        try:
            content = tf.io.serialize_tensor(value).numpy()
        except tf.errors.OpError as error:
            raise MaterializerError(
                f"TensorFlow cannot store a tensor of {value.dtype.name}: {error}. "
                "Return it with a dtype of numbers or texts"
            ) from error
        (folder / "tensor.pb").write_bytes(content)
        (folder / "dtype").write_text(value.dtype.name, encoding="ascii")

    def load(self, folder: Path) -> Any:
        """Read the tensor."""
        import numpy as np  # noqa: PLC0415 - imported when there is a tensor
        import tensorflow as tf  # type: ignore[import-untyped, unused-ignore]  # noqa: PLC0415 - imported when there is a tensor

        if (folder / "tensor.npy").exists():
            return tf.convert_to_tensor(np.load(folder / "tensor.npy", allow_pickle=False))
        dtype = tf.dtypes.as_dtype((folder / "dtype").read_text(encoding="ascii"))
        return tf.io.parse_tensor((folder / "tensor.pb").read_bytes(), dtype)
