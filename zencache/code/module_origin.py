"""Determines the origin of a module: the user's project, a distribution, the standard library, or zencache.

The project is all code that is neither in the standard library nor in an installed distribution: a script, a
package beside it, a `src/` layout, an editable install. Installed distributions enter a key by name and
version. Nothing is imported.
"""

from __future__ import annotations

import contextlib
import functools
import importlib.metadata
import re
import site
import sys
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from zencache.util.distributions import content_version, holders, is_editable, modules_of, name_and_version
from zencache.util.imports import find_spec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from importlib.metadata import Distribution

Origin = Literal["project", "installed", "standard", "zencache"]
_MARKS = ("pyproject.toml", "setup.py", "setup.cfg", ".git", ".hg")
_OURS = str(Path(__file__).resolve().parent.parent)


@functools.cache
def _standard_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    return tuple({str(Path(paths[name]).resolve()) for name in ("stdlib", "platstdlib")})


@functools.cache
def installed_folders() -> tuple[str, ...]:
    """List the folders that pip installs into."""
    paths = sysconfig.get_paths()
    folders = {paths["purelib"], paths["platlib"], *site.getsitepackages()}
    with contextlib.suppress(Exception):  # no home folder
        folders.add(site.getusersitepackages())
    return tuple(str(Path(path).resolve()) for path in folders)


@functools.lru_cache(maxsize=4096)
def origin_of_file(file: str) -> Origin:
    """Give the origin of a source file by its folder.

    >>> origin_of_file(functools.__file__), origin_of_file("<stdin>")
    ('standard', 'project')
    """
    if file.startswith("<"):
        return "standard" if file.startswith("<frozen") else "project"
    path = str(Path(file).resolve())
    if _is_below(path, (_OURS,)):
        return "zencache"
    parts = Path(path).parts
    if "site-packages" in parts or "dist-packages" in parts or _is_below(path, installed_folders()):
        return "installed" if distributions(_module_below(path)) else "project"
    return "standard" if _is_below(path, _standard_folders()) else "project"


def _is_below(path: str, folders: tuple[str, ...]) -> bool:
    return any(path.startswith(folder + "/") for folder in folders)


def _module_below(path: str) -> str:
    """Name the module of a file below a folder of installed packages."""
    parts = Path(path).with_suffix("").parts
    folders = [Path(folder).parts for folder in installed_folders()]
    cut = next((len(folder) for folder in folders if parts[: len(folder)] == folder), None)
    if cut is None:
        cut = 1 + max(n for n, part in enumerate(parts) if part in ("site-packages", "dist-packages"))
    return ".".join(part.partition(".")[0] for part in parts[cut:])


def origin_of_module(name: str) -> Origin:
    """Give the origin of a module without importing it; a module that cannot be found is the project's."""
    top = name.partition(".")[0]
    if not top:
        return "project"
    if top == "zencache":
        return "zencache"
    if name == "__main__":
        return "project"
    if top in sys.builtin_module_names or (top in sys.stdlib_module_names and _is_standard(top)):
        return "standard"
    file = file_of_module(name)
    if file is None:
        return "installed" if distributions(name) and top not in sys.modules else "project"
    return origin_of_file(file)


def _is_standard(top: str) -> bool:
    """Say whether a module with a standard name is the standard library's, and not a file that shadows it."""
    file = file_of_module(top)
    return file is None or origin_of_file(file) == "standard"


def file_of_module(name: str) -> str | None:
    """Give a module's file (or a namespace package's first folder) without importing the module."""
    module = sys.modules.get(name)
    if module is not None:
        file = getattr(module, "__file__", None)
        return file or next(iter(getattr(module, "__path__", ())), None)
    spec = find_spec(name)
    if spec is None:
        return None
    return spec.origin if spec.has_location else next(iter(spec.submodule_search_locations or ()), None)


@functools.lru_cache(maxsize=4096)
def code_root(file: str | None, module: str) -> Path | None:
    """Find the folder of the project that a module belongs to.

    That is the nearest folder with a project's marker (`pyproject.toml`, `.git`, …), upward from the folder
    that the module is imported from; without a marker, that folder itself.
    """
    if not file or file.startswith("<"):
        return None
    path = Path(file).resolve()
    depth = 1 + module.count(".") + (path.name == "__init__.py") if module != "__main__" else 1
    imported_from = path.parents[min(depth, len(path.parents)) - 1]
    return _marked(imported_from)


@functools.cache
def _marked(folder: Path) -> Path:
    for above in (folder, *folder.parents):
        if any((above / mark).exists() for mark in _MARKS):
            return above
    return folder


# -- distributions --------------------------------------------------------------------------------


@functools.lru_cache(maxsize=4096)
def distributions(module: str) -> tuple[tuple[str, str], ...]:
    """Give the installed distributions that hold a module, as names and versions.

    >>> [name for name, _ in distributions("numpy.linalg")], distributions("no_such_module")
    (['numpy'], ())
    """
    top = module.partition(".")[0]
    with contextlib.suppress(importlib.metadata.PackageNotFoundError, ValueError):
        likely = importlib.metadata.distribution(top)
        if set(modules_of(likely)) == {top}:
            return () if is_editable(likely) else (_named(likely),)
    return tuple(sorted({_named(distribution) for distribution in _with_files_of(module, holders(top))}))


def _with_files_of(module: str, candidates: Sequence[Distribution]) -> Sequence[Distribution]:
    """Choose the distributions in one namespace (`google`) that have files of a module."""
    while len(candidates) > 1 and "." in module:
        path = module.replace(".", "/")
        having = [
            d for d in candidates if re.search(rf"^{path}[/.]", d.read_text("RECORD") or "", re.MULTILINE)
        ]
        if having:
            return having
        module = module.rpartition(".")[0]
    return candidates


def version_of(name: str) -> str | None:
    """Give the version of a distribution by its name, or None if it is not installed."""
    try:
        return _named(importlib.metadata.distribution(name))[1]
    except (importlib.metadata.PackageNotFoundError, ValueError):
        return None


def _named(distribution: Distribution) -> tuple[str, str]:
    """Give the name and version of a distribution; if it is not from an index, with a digest of its files."""
    return name_and_version(distribution)[0], content_version(distribution)
