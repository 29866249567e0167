"""What an artifact holds, as a file of its own that is written last: `.zencache-manifest.json` in its folder.

::

    {"digest": "…", "files": [["deep/array.npy", 128, "…"], …], "folders": ["empty", …], "format": "zencache-manifest/1"}

`files` are sorted, each with its size in bytes and its BLAKE3 digest; `digest` is that of them all, and `folders` are
those that have nothing in them. The manifest counts neither for the size nor for the digest of its artifact.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from blake3 import blake3

from zencache.errors import ArtifactError
from zencache.model.values import to_text
from zencache.tracking.file_digests import files_below
from zencache.util.hashing import known_digest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

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
    """Those with nothing in them."""

    @property
    def size(self) -> int:
        """Give the sum of the files' sizes, in bytes."""
        return sum(size for _, size, _ in self.files)

    @property
    def digest(self) -> str:
        """Give one digest for all: of the paths, sizes and digests in order."""
        return blake3(to_text(["artifact/1", *map(list, self.files)]).encode()).hexdigest()

    @classmethod
    def of(cls, folder: Path, known: Known | None = None) -> Manifest:
        """Read every file below `folder` (or the one file that it is) whose digest is not known from writing it."""
        below = [folder] if folder.is_file() else content_files(folder)
        paths = sorted((path.relative_to(folder).as_posix(), path) for path in below)
        files = tuple((name, path.stat().st_size, known_digest(path, known or {})) for name, path in paths)
        return cls(files, tuple(sorted(_empty_below(folder))))

    def to_json(self) -> bytes:
        """Write it, always the same way."""
        told = {
            "format": _TAG,
            "digest": self.digest,
            "files": [list(file) for file in self.files],
            "folders": list(self.folders),
        }
        return (json.dumps(told, sort_keys=True, separators=(",", ":")) + "\n").encode("ascii")

    @classmethod
    def from_json(cls, data: bytes) -> Manifest:
        """Read it; raises ValueError for what is none, or names a file outside of the artifact."""
        told = json.loads(data)
        if not isinstance(told, dict) or told.get("format") != _TAG:
            raise ValueError(f"it is not of the format {_TAG}")
        try:
            files = tuple((str(name), int(size), str(digest)) for name, size, digest in told["files"])
            found = cls(files, tuple(map(str, told["folders"])))
        except (KeyError, TypeError) as error:
            raise ValueError(f"it lacks what a manifest has: {error}") from error
        if found.digest != told.get("digest"):
            raise ValueError("its digest is not that of its files")
        names = [*(name for name, _, _ in files), *found.folders]
        if any(not _is_below(name) for name in names) or len(set(names)) != len(names):
            raise ValueError("it names a file that cannot be part of an artifact")
        return found

    @classmethod
    def read(cls, folder: Path) -> Manifest | None:
        """Read the manifest in an artifact's folder; None without one. Raises ValueError for one that is none."""
        try:
            return cls.from_json((folder / MANIFEST).read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None

    def difference(self, folder: Path) -> str | None:
        """Name the first file of a folder that is not as it is here, and what is wrong with it."""
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
    """Give every file of an artifact but its manifest."""
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
    return measured(str(folder))[0]


def measured(folder: str) -> tuple[int, bool]:
    """Give the bytes of an artifact, and whether it has a manifest, which is not counted; raises OSError if it is gone."""
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
            elif entry.is_symlink():  # which may lead back here
                files = list(content_files(Path(folder)))
                return sum(path.stat().st_size for path in files), Path(folder, MANIFEST).exists()
            else:
                size += sum(path.stat().st_size for path in files_below(Path(entry.path)))
    return size, has_manifest


def check(folder: Path, digest: str, *, name: str, value_digest: Callable[[Path], str | None]) -> None:
    """Raise ArtifactError, which names the first file that differs, unless the artifact's content is what was recorded."""
    if not folder.exists():
        raise gone(name, folder)
    found = wrong(folder, digest, value_digest)
    if found:
        raise ArtifactError(_differs(name, folder, found))


def read_checked(folder: Path, digest: str, *, name: str) -> dict[str, bytes]:
    """Read an artifact's files into memory; raises ArtifactError unless just these bytes are what was recorded."""
    try:
        files = {path.relative_to(folder).as_posix(): path.read_bytes() for path in content_files(folder)}
    except OSError as error:
        raise gone(name, folder) from error
    if not files and not folder.exists():
        raise gone(name, folder)
    found = Manifest(
        tuple((each, len(data), blake3(data).hexdigest()) for each, data in sorted(files.items()))
    )
    if found.digest != digest:
        raise ArtifactError(_differs(name, folder, "its content changed"))
    return files


def gone(name: str, folder: Path) -> ArtifactError:
    """Make the error for an artifact that is not there."""
    return ArtifactError(f"the artifact {name} is gone from {folder}; run the pipeline again to make it anew")


def _differs(name: str, folder: Path, wrong: str) -> str:
    return (
        f"the artifact {name} at {folder} is not what was recorded: {wrong}; "
        "run the pipeline again to make it anew"
    )


def wrong(folder: Path, digest: str, value_digest: Callable[[Path], str | None]) -> str | None:
    """Say what of an artifact's content is not as it was recorded, the first file by name; None if all is.

    Bytes are compared with the manifest first: what is broken is not given to a materializer.
    """
    try:
        manifest = Manifest.read(folder)
    except ValueError as error:
        return f"{MANIFEST} cannot be used: {error}"
    difference = manifest.difference(folder) if manifest else None
    if difference:
        return difference
    found = value_digest(folder) or (manifest.digest if manifest else content_digest(folder))
    return None if found == digest else "its content changed"
