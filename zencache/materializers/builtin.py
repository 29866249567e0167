"""Stores values of Python's own types."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from zencache.errors import MaterializerError
from zencache.materializers.base import Materializer
from zencache.model.types import type_name
from zencache.model.values import from_text, is_faithful_by_construction, to_text

PLAIN_TEXT = "value.json"
"""The file of a plain value."""


class PlainMaterializer(Materializer):
    """Plain values as one line of JSON that keeps their types (`value.json`; see `zencache.model.values`)."""

    def save(self, value: Any, folder: Path) -> None:
        """Write `value.json`."""
        (folder / PLAIN_TEXT).write_text(to_text(value), encoding="ascii")

    def load(self, folder: Path) -> Any:
        """Read `value.json`."""
        return from_text((folder / PLAIN_TEXT).read_text(encoding="ascii"))

    def check(self, value: Any, folder: Path) -> None:
        """Read the text, unless all of its values come back by construction."""
        text = (folder / PLAIN_TEXT).read_text(encoding="ascii")
        if not is_faithful_by_construction(text):
            check_text(value, text)


class _Part:
    """Stands for a part that is stored beside a text."""

    def __init__(self, data: Any) -> None:
        self.data = data


def check_text(value: Any, text: str) -> None:
    """Raise MaterializerError unless what a text is read as has the same text."""
    try:
        back = from_text(text, _Part)
        again = to_text(back, leaf=lambda part: part.data)
    except Exception as error:
        raise MaterializerError(
            f"this {type_name(type(value))} could not be loaded again: {error}. {_ADVICE}"
        ) from error
    if again != text or type(back) is not type(value):
        raise MaterializerError(
            f"this {type_name(type(value))} would come back as another value: {_difference(text, again)}. "
            f"{_ADVICE}"
        )


_ADVICE = (
    "Define its class at the top level of a module, return what it is made of, "
    "or @register a materializer for its class"
)
_SHOWN = 40  # characters on each side


def _difference(text: str, again: str) -> str:
    start = next((n for n, (a, b) in enumerate(zip(text, again, strict=False)) if a != b), 0)
    begin = max(0, start - _SHOWN // 2)
    return f"…{text[begin : start + _SHOWN]}… would be …{again[begin : start + _SHOWN]}…"


class TextMaterializer(Materializer):
    """Strings as UTF-8, line ends untouched (`value.txt`)."""

    def save(self, value: str, folder: Path) -> None:
        """Write `value.txt`."""
        (folder / "value.txt").write_bytes(value.encode("utf-8", "surrogatepass"))

    def load(self, folder: Path) -> str:
        """Read `value.txt`."""
        return (folder / "value.txt").read_bytes().decode("utf-8", "surrogatepass")


class BytesMaterializer(Materializer):
    """Bytes as they are (`value.bin`)."""

    def save(self, value: bytes, folder: Path) -> None:
        """Write `value.bin`."""
        (folder / "value.bin").write_bytes(value)

    def load(self, folder: Path) -> bytes:
        """Read `value.bin`."""
        return (folder / "value.bin").read_bytes()


class PathMaterializer(Materializer):
    """A path to a file or a folder: a copy of its content under its own name, loaded as the copy's path."""

    def save(self, value: Path, folder: Path) -> None:
        """Copy what `value` names."""
        source = Path(value)
        if source.is_dir():
            shutil.copytree(source, folder / (source.name or "folder"))
        elif source.is_file():
            shutil.copyfile(source, folder / source.name)
        else:
            raise MaterializerError(
                f"the step returned the path {source}, but there is no such file or folder"
            )

    def load(self, folder: Path) -> Path:
        """Name the copy."""
        return next(path for path in folder.iterdir() if not path.name.startswith(".zencache"))
