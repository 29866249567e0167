"""Stores values of Python's own types."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from zencache.errors import MaterializerError
from zencache.materializers.base import Materializer
from zencache.model.values import from_text, to_text


class PlainMaterializer(Materializer):
    """Plain values as one line of JSON that keeps their types (`value.json`; see `zencache.model.values`)."""

    def save(self, value: Any, folder: Path) -> None:
        """Write `value.json`."""
        (folder / "value.json").write_text(to_text(value), encoding="ascii")

    def load(self, folder: Path) -> Any:
        """Read `value.json`."""
        return from_text((folder / "value.json").read_text(encoding="ascii"))


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
