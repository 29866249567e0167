"""The files that an `ExampleGen` reads: what its patterns match, by content."""

from __future__ import annotations

import glob
import json
import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from zencache.errors import DefinitionError
from zencache.model.values import digest_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from zencache.tracking.file_digests import FileDigests

_LISTED = 100  # files that a key names one by one


@dataclass(frozen=True)
class Matched:
    """The files for an `ExampleGen` to read: its splits' patterns with spans and versions filled in."""

    patterns: Mapping[str, str]
    """Split to its pattern, below `input_base`."""
    span: int = 0
    version: int | None = None
    fingerprint: str = ""
    """What TFX knows of files that are not on a local disk: how many, how large, when changed."""


FindSpans: TypeAlias = Callable[[Mapping[str, Any]], Matched]
"""Asks TFX which files an `ExampleGen` reads, by its properties, where patterns name spans."""


def matched_without_tfx(properties: Mapping[str, Any]) -> Matched | None:
    """Read patterns without spans; None where TFX has to choose a span, or to list a remote folder."""
    config = json.loads(properties.get("input_config") or "{}")
    splits = {split["name"]: split["pattern"] for split in config.get("splits", ())}
    base = str(properties.get("input_base"))
    if "://" in base or properties.get("range_config") or any("{" in pattern for pattern in splits.values()):
        return None
    return Matched(splits)


def matched_files(
    step: str,
    properties: Mapping[str, Any],
    digests: FileDigests,
    find_spans: FindSpans,
) -> dict[str, str]:
    """Give the files that the patterns match, by content; raises DefinitionError if there is none."""
    base = str(properties.get("input_base"))
    matched = matched_without_tfx(properties) or find_spans(properties)
    key_parts = {f"split {name}": pattern for name, pattern in matched.patterns.items()}
    key_parts |= {"span": str(matched.span)} if matched.span else {}
    key_parts |= {"version of the span": str(matched.version)} if matched.version is not None else {}
    if matched.fingerprint and "://" in base:
        return {**key_parts, "files (by time and size)": digest_of([base, matched.fingerprint])}
    for pattern in matched.patterns.values():
        key_parts |= _digests(step, Path(base), pattern, digests)
    return key_parts


def _digests(step: str, base: Path, pattern: str, digests: FileDigests) -> dict[str, str]:
    paths = sorted(_matching(base, pattern))
    contents = {os.path.relpath(p, base): digests.digest(p) or "" for p in paths if p.is_file()}
    if not contents:
        raise DefinitionError(
            f"step {step}: no file matches {pattern!r} in {base}; put the data there, or correct input_base"
        )
    if len(contents) > _LISTED:
        return {f"file {pattern} ({len(contents)} files)": digest_of(sorted(map(list, contents.items())))}
    return {f"file {name}": digest for name, digest in contents.items()}


def _matching(base: Path, pattern: str) -> Iterator[Path]:
    """List files as Beam's file systems match them: `*` matches hidden names too, and `**` any path."""
    parts = Path(pattern).parts
    fixed = next((n for n, part in enumerate(parts) if glob.has_magic(part)), len(parts))
    start = base.joinpath(*parts[:fixed])
    if fixed == len(parts):
        yield start
        return
    wanted = re.compile(_regex("/".join(parts[fixed:])))
    depth = None if "**" in pattern else len(parts) - fixed
    for here, folders, names in os.walk(start, followlinks=True):
        below = Path(here).relative_to(start)
        if depth is not None and len(below.parts) + 1 >= depth:
            folders.clear()
        yield from (Path(here, name) for name in names if wanted.fullmatch((below / name).as_posix()))


def _regex(pattern: str) -> str:
    return "".join(
        {"**": ".*", "*": "[^/]*", "?": "[^/]"}.get(part)
        or (part.replace("[!", "[^") if part.startswith("[") else re.escape(part))
        for part in re.split(r"(\*\*|\*|\?|\[[^\]]*\])", pattern)
    )
