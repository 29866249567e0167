"""Lists installed distributions: modules, versions, requirements, what they offer; advises what to install.

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

DISTRIBUTION = "zencache-pipelines"
"""Our name on package indexes, where `zencache` is another project's package with the same import name."""
_STRANGER = "zencache"
MATERIALIZERS = "zencache.materializers"
PLUGINS = "zencache.plugins"
STATES = "zencache.states"
_FORMAT = "installed/4"
_memory: list[Path] = []


def remember_in(file: Path) -> None:
    """Have what is found kept in a file, for other processes too."""
    _memory[:] = [file]


def install_advice(extra: str) -> str:
    """Give the command that installs zencache with an extra.

    >>> install_advice("pandas")
    "pip install 'zencache-pipelines[pandas]'"
    """
    command = f"pip install '{DISTRIBUTION}[{extra}]'"
    if not is_installed(_STRANGER):
        return command
    return f"pip uninstall {_STRANGER} (another project's package of this import name), then {command}"


def extras() -> list[str]:
    """List what `install_advice` can install: integrations and artifact stores.

    >>> "pandas" in extras(), "s3" in extras()
    (True, True)
    """
    if not is_installed(DISTRIBUTION):
        return []
    return importlib.metadata.metadata(DISTRIBUTION).get_all("Provides-Extra") or []


def is_installed(name: str) -> bool:
    """Say whether a distribution is installed.

    >>> is_installed("numpy"), is_installed("no-such-distribution")
    (True, False)
    """
    with suppress(importlib.metadata.PackageNotFoundError):
        return importlib.metadata.distribution(name) is not None
    return False


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


def versions() -> dict[str, str]:
    """Give the versions of all distributions by their normalized names, as `content_version` gives them.

    >>> "numpy" in versions()
    True
    """
    by_name: dict[str, str] = _found()["versions"]
    return by_name


def requirements(name: str) -> list[str]:
    """List the normalized names of what a distribution requires, without extras."""
    required: list[str] = _found()["requirements"].get(normalized(name), [])
    return required


def modules_by_distribution() -> dict[str, list[str]]:
    """Give the top-level modules of each distribution by its normalized name, without editable ones."""
    tops_by_name: dict[str, list[str]] = {}
    for top, names in _found()["modules"].items():
        for name in names:
            tops_by_name.setdefault(normalized(name), []).append(top)
    return tops_by_name


def entry_point_digest(group: str) -> str:
    """Digest what distributions offer in a group, with their versions; "*" for all groups, "" for nothing."""
    digests: dict[str, str] = _found()["groups"]
    if group == "*":
        return blake3(json.dumps(digests, sort_keys=True).encode()).hexdigest()
    return digests.get(group, "")


@functools.lru_cache(maxsize=4096)
def normalized(name: str) -> str:
    """Give the normalized name of a distribution, by which installers compare.

    >>> normalized("Scikit_Learn")
    'scikit-learn'
    """
    return re.sub(r"[-_.]+", "-", name).lower()


def content_version(distribution: Distribution) -> str:
    """Give the version; of a distribution that is not from an index, with a digest of its files.

    A distribution from a folder, a repository or an archive can change without a new version.
    """
    version = name_and_version(distribution)[1]
    if distribution.read_text("direct_url.json") is not None:
        lines = (distribution.read_text("RECORD") or "").splitlines()
        code = sorted(line for line in lines if ".dist-info/" not in line and not line.startswith(".."))
        version += f"+{blake3(chr(10).join(code).encode()).hexdigest()[:12]}"
    return version


def state_readers() -> dict[str, str]:
    """Give what distributions offer in the group `zencache.states`: a library to `module:function`."""
    offered: dict[str, str] = _found()["states"]
    return offered


def name_and_version(distribution: Distribution) -> tuple[str, str]:
    """Read a distribution's name and version, without the rest of what it says of itself.

    >>> name_and_version(importlib.metadata.distribution("numpy"))[0]
    'numpy'
    """
    fields = dict(re.findall(r"^(Name|Version): *(\S.*?)\s*$", _header(distribution), re.MULTILINE))
    return fields.get("Name", ""), fields.get("Version", "")


def _header(distribution: Distribution) -> str:
    metadata = distribution.read_text("METADATA") or distribution.read_text("PKG-INFO") or ""
    return metadata.partition("\n\n")[0]


def _required(distribution: Distribution) -> list[str]:
    """List the names that a distribution requires; those of extras are optional and left out."""
    lines = re.findall(r"^Requires-Dist: *(.+)$", _header(distribution), re.MULTILINE)
    if not lines:  # setuptools' older layout, whose sections are extras or conditions
        lines = (distribution.read_text("requires.txt") or "").partition("[")[0].splitlines()
    always = [line for line in lines if "extra" not in line.partition(";")[2]]
    names = [name[0] for line in always if (name := re.match(r"[\w.-]+", line.strip()))]
    return sorted({normalized(name) for name in names})


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
        **_contents(),
        "states": _entry_points(STATES),
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


def _contents() -> dict[str, Any]:
    """Read versions, requirements and entry points of all distributions; the first of a name counts."""
    by_name: dict[str, str] = {}
    required: dict[str, list[str]] = {}
    groups: dict[str, list[str]] = {}
    for distribution in importlib.metadata.distributions():
        name = normalized(name_and_version(distribution)[0])
        if not name or name in by_name:
            continue
        by_name[name] = version = content_version(distribution)
        required[name] = _required(distribution)
        for entry in distribution.entry_points:
            groups.setdefault(entry.group, []).append(f"{name} {version} {entry.name}={entry.value}")
    digests = {
        group: blake3("\n".join(sorted(lines)).encode()).hexdigest()[:32] for group, lines in groups.items()
    }
    return {"versions": by_name, "requirements": required, "groups": digests}


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
