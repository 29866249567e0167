"""scikit-learn estimators as artifacts of zencache, stored by skops without pickle."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

from zencache.errors import MaterializerError
from zencache.materializers import Materializer

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["EstimatorMaterializer"]

_MODEL = "model.skops"
_TRUSTED = "trusted.json"
_SCHEMA = "schema.json"
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date that a zip can carry


class EstimatorMaterializer(Materializer):
    """Estimators as `model.skops`, with the types that are not skops' own in `trusted.json`.

    skops loads only types that it knows or is told to trust. Those that a model needs are listed when
    it is stored, by the process that had the model; the list is part of the artifact, whose content
    digest is compared with the record before anything is loaded. So a model loads with what it was
    made of, and a file that somebody else put there does not load at all.
    """

    artifact_type = "Model"

    def save(self, value: Any, folder: Path) -> None:
        """Write `model.skops` and `trusted.json`."""
        import skops.io as sio  # noqa: PLC0415 - imported when there is an estimator

        path = folder / _MODEL
        try:
            sio.dump(value, path)
        except Exception as error:
            raise MaterializerError(f"skops cannot store this {type(value).__name__}: {error}") from error
        _make_stable(path)
        types = sorted(sio.get_untrusted_types(file=path))
        (folder / _TRUSTED).write_text(json.dumps(types), encoding="utf-8")

    def load(self, folder: Path) -> Any:
        """Read the estimator, trusting what was listed when it was stored."""
        import skops.io as sio  # noqa: PLC0415 - imported when there is an estimator

        trusted = json.loads((folder / _TRUSTED).read_text(encoding="utf-8"))
        try:
            return sio.load(folder / _MODEL, trusted=trusted)
        except ImportError as error:
            raise MaterializerError(f"this model needs a module that is not here: {error}") from error


def _make_stable(path: Path) -> None:
    """Write a skops file again so that equal models have equal bytes.

    skops names objects and files by addresses in memory, and a zip carries dates. Here objects and
    files are numbered as they come, dates are fixed, and values that cannot change (texts, numbers,
    types) are not numbered at all: whether two places share one is an accident.
    """
    aside = path.with_suffix(".stable")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(aside, "w", zipfile.ZIP_DEFLATED) as new:
        ids: dict[int, int] = {}
        files: dict[str, str] = {}
        schema = _renumbered(json.loads(old.read(_SCHEMA)), ids, files)
        for name, stable in files.items():
            content = _without_padding(old.read(name)) if name.endswith(".npy") else old.read(name)
            new.writestr(zipfile.ZipInfo(stable, _EPOCH), content, zipfile.ZIP_DEFLATED)
        new.writestr(zipfile.ZipInfo(_SCHEMA, _EPOCH), json.dumps(schema, indent=2), zipfile.ZIP_DEFLATED)
    aside.replace(path)


def _without_padding(content: bytes) -> bytes:
    """Zero the bytes between the fields of a structured array (a tree's nodes): they are left-over memory."""
    import numpy as np  # noqa: PLC0415 - imported when there is an estimator

    array = np.lib.format.read_array(io.BytesIO(content), allow_pickle=False)
    if not array.dtype.names:
        return content
    clean = np.zeros(array.shape, array.dtype)  # `zeros_like` leaves the bytes between fields as they are
    for field in array.dtype.names:
        clean[field] = array[field]
    file = io.BytesIO()
    np.lib.format.write_array(file, clean, allow_pickle=False)
    return file.getvalue()


def _renumbered(node: Any, ids: dict[int, int], files: dict[str, str]) -> Any:
    if isinstance(node, list):
        return [_renumbered(item, ids, files) for item in node]
    if not isinstance(node, dict):
        return node
    made = dict(node)
    if "__id__" in made:
        number = made.pop("__id__")
        if made.get("__loader__") not in ("JsonNode", "TypeNode"):
            made["__id__"] = ids.setdefault(number, len(ids) + 1)
    if isinstance(made.get("file"), str) and "__loader__" in made:
        name = made["file"]
        made["file"] = files.setdefault(name, f"{len(files) + 1}.{name.rpartition('.')[2]}")
    return {
        key: value if key in ("__id__", "file") else _renumbered(value, ids, files)
        for key, value in made.items()
    }
