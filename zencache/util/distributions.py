"""Lists the installed distributions of a module, and the materializers and plug-ins that they offer.

Going through hundreds of distributions takes tens of milliseconds. So what was found is kept in a file
of the project (`remember_in`), for as long as nothing is installed, replaced or removed.
"""

from __future__ import annotations

import functools
import importlib.metadata
import json
import os
import re
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from blake3 import blake3

from zencache.util.atomic_write import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator
    from importlib.metadata import Distribution
    from pathlib import Path

MATERIALIZERS = "zencache.materializers"
PLUGINS = "zencache.plugins"
_FORMAT = "installed/2"
_memory: list[Path] = []


def remember_in(file: Path) -> None:
    """Have what is found kept in a file, for other processes too."""
    _memory[:] = [file]


def holders(module: str) -> list[Distribution]:
    """List the distributions that hold a top-level module, without editable ones.

    >>> [found.name for found in holders("numpy")], holders("no_such_module")
    (['numpy'], [])
    """
    holding = []
    for name in _found()["modules"].get(module, ()):
        with suppress(importlib.metadata.PackageNotFoundError):
            holding.append(importlib.metadata.distribution(name))
    return holding


def materializers() -> dict[str, str]:
    """Give what distributions offer in the group `zencache.materializers`: a type to `module:Class`."""
    offered: dict[str, str] = _found()["materializers"]
    return offered


def plugins() -> dict[str, str]:
    """Give what distributions offer in the group `zencache.plugins`: a name to `module:Class`."""
    offered: dict[str, str] = _found()["plugins"]
    return offered


def name_and_version(distribution: Distribution) -> tuple[str, str]:
    """Read a distribution's name and version, without the rest of what it says of itself.

    >>> name_and_version(importlib.metadata.distribution("numpy"))[0]
    'numpy'
    """
    metadata = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    fields = dict(re.findall(r"^(Name|Version): *(\S.*?)\s*$", metadata.partition("\n\n")[0], re.MULTILINE))
    return fields.get("Name", ""), fields.get("Version", "")


def is_editable(distribution: Distribution) -> bool:
    """Say whether a distribution is a link to a folder in which its code is edited."""
    with suppress(ValueError):
        direct = json.loads(distribution.read_text("direct_url.json") or "{}")
        return bool(direct.get("dir_info", {}).get("editable"))
    return False


def modules_of(distribution: Distribution) -> Iterator[str]:
    """List the top-level modules of a distribution, from what it says or from its files."""
    top_level = distribution.read_text("top_level.txt")
    if top_level is not None:
        yield from top_level.split()
        return
    for line in (distribution.read_text("RECORD") or "").splitlines():
        first, slash, _ = line.partition("/")
        if slash and first.isidentifier():
            yield first
        elif not slash and (module := re.match(r"(\w+)(\.[\w-]+)?\.(py|so|pyd),", line)):
            yield module[1]


@functools.cache
def _found() -> dict[str, Any]:
    stamp = _stamp()
    for file in _memory:
        with suppress(OSError, ValueError, LookupError, TypeError):  # whatever is in the file
            cached: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
            if cached["stamp"] == stamp:
                return cached
    scan = {
        "stamp": stamp,
        "modules": _modules(),
        "materializers": _entry_points(MATERIALIZERS),
        "plugins": _entry_points(PLUGINS),
    }
    for file in _memory:
        with suppress(OSError):
            write_whole(file, json.dumps(scan).encode())
    return scan


def _modules() -> dict[str, list[str]]:
    names_by_module: dict[str, dict[str, None]] = {}
    for distribution in importlib.metadata.distributions():
        modules = set(modules_of(distribution))
        if modules and not is_editable(distribution):
            for top in modules:
                names_by_module.setdefault(top, {})[name_and_version(distribution)[0]] = None
    return {top: list(names) for top, names in names_by_module.items()}


def _entry_points(group: str) -> dict[str, str]:
    return {entry.name: entry.value for entry in importlib.metadata.entry_points(group=group)}


def _stamp() -> str:
    """Digest the distributions' folders with their times of change: an installer makes them again."""
    parts = [_FORMAT, sys.version]
    for folder in sys.path:
        with suppress(OSError):
            parts += [
                f"{entry.path} {entry.stat().st_mtime_ns}"
                for entry in sorted(os.scandir(folder or "."), key=lambda item: item.name)
                if entry.name.endswith((".dist-info", ".egg-info"))
            ]
    return blake3("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()
