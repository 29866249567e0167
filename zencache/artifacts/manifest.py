"""The manifest of an artifact, `.zencache-manifest.json` in its folder, which is written last.

::

    {"digest": "…", "files": [["deep/array.npy", 128, "…"], …], "folders": ["empty", …],
     "format": "zencache-manifest/1"}

`files` are sorted, each with its size in bytes and its BLAKE3 digest. `digest` covers all files, and
`folders` lists the empty folders. The manifest counts neither for the size nor the digest of its artifact.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from blake3 import blake3

from zencache.model.values import to_text
from zencache.tracking.file_digests import files_below
from zencache.util.hashing import known_digest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zencache.util.hashing import Known

MANIFEST = ".zencache-manifest.json"
_TAG = "zencache-manifest/1"


@dataclass(frozen=True)
class Manifest:
    """What an artifact's folder holds: for each file its relative path, size in bytes and BLAKE3 digest.

    >>> Manifest.from_json(Manifest((("a", 1, "0" * 64),)).to_json()).size
    1
    """

    files: tuple[tuple[str, int, str], ...]
    folders: tuple[str, ...] = ()
    """The empty ones."""

    @property
    def size(self) -> int:
        """The sum of the files' sizes, in bytes."""
        return sum(size for _, size, _ in self.files)

    @property
    def digest(self) -> str:
        """One digest for all: of the paths, sizes and digests in order."""
        return blake3(to_text(["artifact/1", *map(list, self.files)]).encode()).hexdigest()

    @classmethod
    def of(cls, folder: Path, known: Known | None = None) -> Manifest:
        """Describe a folder, or one file; reads each file whose digest was not `known` from writing it."""
        below = [folder] if folder.is_file() else content_files(folder)
        paths = sorted((path.relative_to(folder).as_posix(), path) for path in below)
        files = tuple((name, path.stat().st_size, known_digest(path, known or {})) for name, path in paths)
        return cls(files, tuple(sorted(_empty_below(folder))))

    def to_json(self) -> bytes:
        """Serialize it: equal manifests give equal bytes."""
        fields = {
            "format": _TAG,
            "digest": self.digest,
            "files": [list(file) for file in self.files],
            "folders": list(self.folders),
        }
        return (json.dumps(fields, sort_keys=True, separators=(",", ":")) + "\n").encode("ascii")

    @classmethod
    def from_json(cls, data: bytes) -> Manifest:
        """Parse it; raises ValueError if it is malformed, or names a file outside of the artifact."""
        fields = json.loads(data)
        if not isinstance(fields, dict) or fields.get("format") != _TAG:
            raise ValueError(f"it is not of the format {_TAG}")
        try:
            files = tuple((str(name), int(size), str(digest)) for name, size, digest in fields["files"])
            manifest = cls(files, tuple(map(str, fields["folders"])))
        except (KeyError, TypeError) as error:
            raise ValueError(f"it lacks what a manifest has: {error}") from error
        if manifest.digest != fields.get("digest"):
            raise ValueError("its digest is not that of its files")
        names = [*(name for name, _, _ in files), *manifest.folders]
        if any(not _is_below(name) for name in names) or len(set(names)) != len(names):
            raise ValueError("it names a file that cannot be part of an artifact")
        return manifest

    @classmethod
    def read(cls, folder: Path) -> Manifest | None:
        """Read the manifest in a folder; None without one. Raises ValueError as `from_json` does."""
        try:
            return cls.from_json((folder / MANIFEST).read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None

    def difference(self, folder: Path) -> str | None:
        """Name the first file of a folder that differs from the manifest, and what differs."""
        for name, size, digest in self.files:
            path = folder / name
            if not path.is_file():
                return f"{name} is missing"
            if path.stat().st_size != size:
                return f"{name} has {path.stat().st_size} bytes, not {size}"
            if known_digest(path, {}) != digest:
                return f"{name}: its content changed"
        named = {name for name, _, _ in self.files}
        added = (path.relative_to(folder).as_posix() for path in content_files(folder))
        return next((f"{name} was added" for name in added if name not in named), None)


def content_files(folder: Path) -> Iterator[Path]:
    """List the files of an artifact, without its manifest."""
    manifest = folder / MANIFEST
    return (path for path in files_below(folder) if path != manifest)


def _empty_below(folder: Path) -> Iterator[str]:
    for here, folders, names in os.walk(folder):
        if not folders and not names and here != str(folder):
            yield Path(here).relative_to(folder).as_posix()


def _is_below(name: str) -> bool:
    path = PurePosixPath(name)
    return (
        bool(path.parts)
        and not path.is_absolute()
        and ".." not in path.parts
        and "\0" not in name
        and name == str(path)
        and name != MANIFEST
    )


def content_digest(folder: Path) -> str:
    """Give the digest of all files below a folder: their relative paths and content."""
    return Manifest.of(folder).digest


def size_of(folder: Path) -> int:
    """Give the bytes of an artifact, without its manifest."""
    return measure(str(folder))[0]


def measure(folder: str) -> tuple[int, bool]:
    """Give an artifact's bytes without its manifest, and whether it has one; raises OSError if it is gone."""
    size, has_manifest = 0, False
    try:
        entries = os.scandir(folder)
    except NotADirectoryError:
        return os.stat(folder).st_size, False  # noqa: PTH116 - the hot path of a look-up
    with entries:
        for entry in entries:
            if entry.name == MANIFEST:
                has_manifest = True
            elif not entry.is_dir():
                size += entry.stat().st_size if entry.is_file() else 0
            elif entry.is_symlink():  # it may lead back here
                files = list(content_files(Path(folder)))
                return sum(path.stat().st_size for path in files), Path(folder, MANIFEST).exists()
            else:
                size += sum(path.stat().st_size for path in files_below(Path(entry.path)))
    return size, has_manifest
