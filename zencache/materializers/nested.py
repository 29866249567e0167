"""Stores values some of whose parts are not plain: a text, and a folder for each such part.

`value.json` is a text of `zencache.model.values`. In place of a part that only another materializer stores
it has `{"$leaf": [number, materializer]}`. That materializer's files are in the folder `leaf-<number>`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, ClassVar

from blake3 import blake3

from zencache.errors import MaterializerUnavailableError
from zencache.materializers.base import Materializer
from zencache.materializers.builtin import PLAIN_TEXT
from zencache.materializers.registry import load_materializer
from zencache.materializers.saving import folder_of, save_parts
from zencache.model.values import from_text, to_text
from zencache.util.hashing import file_digest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class NestedMaterializer(Materializer):
    """Containers, models and dataclasses that hold arrays, frames and other values with materializers."""

    allow_pickle: bool = False
    """Whether a part that is a pickle is loaded."""

    def save(self, value: Any, folder: Path) -> None:
        """Write `value.json` and the parts."""
        save_parts(value, folder, allow_pickle=self.allow_pickle)

    def load(self, folder: Path) -> Any:
        """Read `value.json`, and each part by its materializer."""
        text = (folder / PLAIN_TEXT).read_text(encoding="ascii")
        return from_text(text, lambda data: self._part(data).load(folder_of(folder, data)))

    def digest(self, folder: Path) -> str | None:
        """Name the value by its text and its parts, if a part has a digest that is not of its bytes."""
        parts = list(parts_of(json.loads((folder / PLAIN_TEXT).read_text(encoding="ascii"))))
        named = [self._part(data).digest(folder_of(folder, data)) for data in parts]
        if not any(named):
            return None
        digests = [
            name or _digest_of_files(folder_of(folder, data)) for name, data in zip(named, parts, strict=True)
        ]
        text = (folder / PLAIN_TEXT).read_text(encoding="ascii")
        return blake3(to_text(["nested/1", text, digests]).encode()).hexdigest()

    def _part(self, data: Any) -> Materializer:
        materializer = load_materializer(data[1], allow_pickle=self.allow_pickle)
        if materializer.runs_code and not self.runs_code:
            raise MaterializerUnavailableError(
                f"a part of it is stored by {data[1]}, which runs code when it is loaded"
            )
        return materializer


class NestedCodeMaterializer(NestedMaterializer):
    """Such values with a part whose loading runs code, as a pickle does."""

    runs_code: ClassVar[bool] = True


def parts_of(data: Any) -> Iterator[Any]:
    """List what a text has in place of its parts, in order.

    >>> list(parts_of([1, {"a": {"$leaf": [0, "m:M"]}}]))
    [[0, 'm:M']]
    """
    if isinstance(data, list):
        for item in data:
            yield from parts_of(item)
    elif isinstance(data, dict):
        if data.keys() == {"$leaf"}:
            yield data["$leaf"]
        else:
            yield from parts_of(list(data.values()))


def _digest_of_files(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    named = [[str(path.relative_to(folder)), file_digest(path)] for path in files]
    return blake3(to_text(named).encode()).hexdigest()
