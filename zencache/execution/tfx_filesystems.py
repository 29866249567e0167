"""File systems in TFX: TensorFlow's (`gs://`, `s3://`, …), when a path first asks for one, and those of artifact stores.

TFX registers TensorFlow's when its `fileio` is imported, where TensorFlow can be; see `tfx_sdk`. What its launcher
does below the root of an artifact store (making and removing the places of outputs, and working folders of its own)
goes through fsspec: TensorFlow knows few of the stores, and needs endpoints and credentials told in ways of its own.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
from typing import TYPE_CHECKING, Any

from tfx.dsl.io import filesystem, filesystem_registry
from tfx.dsl.io.plugins import tensorflow_gfile

from zencache.artifacts.store import ArtifactStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from zencache.artifacts.object_store import ObjectStore
    from zencache.config import Project

_REGISTRY = filesystem_registry.DEFAULT_FILESYSTEM_REGISTRY
_FIRST, _LAST = 0, 1000  # of the priorities, of which the lowest number goes first; TFX's own are 10 and 20
_log = logging.getLogger(__name__)


def register() -> None:
    """Have TensorFlow imported for its file systems when one is used, unless it is there already."""
    if tensorflow_gfile.TensorflowFilesystem is None:
        _REGISTRY.register(_OnDemand, priority=_LAST, use_as_fallback=True)


def _tensorflows(path: Any) -> Any:
    """Give TensorFlow's file system, importing TensorFlow if it is not yet."""
    if tensorflow_gfile.TensorflowFilesystem is None:
        importlib.reload(tensorflow_gfile)  # registers what TensorFlow has, if it can be imported
    if tensorflow_gfile.TensorflowFilesystem is None:
        raise ModuleNotFoundError(
            f"{path} needs TensorFlow's file systems: pip install 'zencache[tensorflow]'", name="tensorflow"
        )
    return tensorflow_gfile.TensorflowFilesystem


def _asking(method: str) -> Callable[..., Any]:
    def ask(path: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(_tensorflows(path), method)(path, *args, **kwargs)

    return ask


_METHODS = [name for name, member in vars(filesystem.Filesystem).items() if isinstance(member, staticmethod)]
_OnDemand: Any = type(
    "OnDemand",
    (filesystem.Filesystem,),
    {"SUPPORTED_SCHEMES": ["gs://", "hdfs://", "s3://"], **{n: staticmethod(_asking(n)) for n in _METHODS}},
)


# -- artifact stores --------------------------------------------------------------------------------


@contextlib.contextmanager
def reaching(roots: Iterable[str], project: Project) -> Iterator[None]:
    """Let TFX reach what is below the roots of a run meanwhile, where they are in an artifact store."""
    store = ArtifactStore(project)
    objects_by_root = {root: objects for root in roots if (objects := store.objects(root)) is not None}
    for root, objects in objects_by_root.items():
        _plug_in(f"{root.partition('://')[0]}://")
        _places[root] = _Place(root, objects)
    try:
        yield
    finally:
        for root in objects_by_root:
            _places.pop(root, None)


def _plug_in(scheme: str) -> None:
    if scheme not in _plugins:
        members = {name: staticmethod(_routed(scheme, name)) for name in _METHODS}
        given = {"SUPPORTED_SCHEMES": [scheme], **members}
        _plugins[scheme] = type("ArtifactStore", (filesystem.Filesystem,), given)
        _REGISTRY.register(_plugins[scheme], priority=_FIRST)


_plugins: dict[str, Any] = {}
_places: dict[str, _Place] = {}
"""Roots of runs, and what is below them."""


def _routed(scheme: str, method: str) -> Callable[..., Any]:
    """Make a method of a scheme's plug-in: below the root of a run it is ours, elsewhere TensorFlow's."""

    def route(path: Any, *args: Any, **kwargs: Any) -> Any:
        name = path.decode() if isinstance(path, bytes) else str(path)
        place = next((p for root, p in _places.items() if name == root or name.startswith(f"{root}/")), None)
        found = _tensorflows(f"{scheme}…") if place is None else place
        return getattr(found, method)(name, *args, **kwargs)

    return route


class _Place:
    """What is below the root of a run, as TFX's `fileio` asks for it.

    Stores of objects have no folders: one is there if it was made in this process, or has something in it.
    """

    def __init__(self, root: str, objects: ObjectStore) -> None:
        self._root = root
        self._objects = objects
        self._made: set[str] = set()

    def _ask(self, uri: str, call: Callable[[Any, str], Any]) -> Any:
        """Ask the file system of a uri, with its path there."""
        try:
            return self._objects.request(uri, call)
        except FileNotFoundError as error:
            raise filesystem.NotFoundError(str(error)) from error

    def open(self, name: str, mode: str = "r") -> Any:
        return self._ask(name, lambda fs, path: fs.open(path, mode))

    def copy(self, src: str, dst: str, overwrite: bool = False) -> None:
        if not overwrite and self.exists(dst):
            raise OSError(f"{dst} exists already")
        target = self._objects.at(dst)[1]
        self._ask(src, lambda fs, path: fs.cp_file(path, target))

    def exists(self, path: str) -> bool:
        return self._is_made(path) or bool(self._ask(path, lambda fs, there: fs.exists(there)))

    def glob(self, pattern: str) -> list[str]:
        return self._ask(pattern, lambda fs, path: list(map(self._uri, fs.glob(path))))  # type: ignore[no-any-return]

    def isdir(self, path: str) -> bool:
        return self._is_made(path) or bool(self._ask(path, lambda fs, there: fs.isdir(there)))

    def listdir(self, path: str) -> list[str]:
        if self._is_made(path) and not self._ask(path, lambda fs, there: fs.exists(there)):
            return []
        found = self._ask(path, lambda fs, there: fs.ls(there, detail=False))
        return [name.rstrip("/").rpartition("/")[2] for name in found]

    def makedirs(self, path: str) -> None:
        self._made.add(path.rstrip("/"))

    mkdir = makedirs

    def remove(self, path: str) -> None:
        self._ask(path, lambda fs, there: fs.rm_file(there))

    def rename(self, src: str, dst: str, overwrite: bool = False) -> None:
        self.copy(src, dst, overwrite=overwrite)
        self.remove(src)

    def rmtree(self, path: str) -> None:
        """Remove a folder; what cannot be removed after a failure is left, and is no artifact without a manifest."""
        fs, there = self._objects.at(path)
        self._made = {made for made in self._made if not f"{made}/".startswith(f"{path.rstrip('/')}/")}
        try:
            if paths := fs.find(there):
                fs.rm(paths)
        except Exception as error:  # noqa: BLE001 - each backend has errors of its own
            _log.warning("cannot remove %s: %s", path, type(error).__name__)

    def stat(self, path: str) -> Any:
        return self._ask(path, lambda fs, there: fs.info(there))

    def walk(self, top: str, topdown: bool = True, onerror: Any = None) -> Iterable[Any]:
        fs, there = self._objects.at(top)
        found = fs.walk(there, topdown=topdown, on_error=onerror or "omit")
        return ((self._uri(here), list(folders), list(files)) for here, folders, files in found)

    def get_inline_filename(self, data: str, compressed: bool = False) -> str:
        raise NotImplementedError(f"{data}, {compressed}: this is for local files")

    def _uri(self, path: str) -> str:
        """Give the uri of a path, which the file system gave."""
        return self._root + path.removeprefix(self._objects.at(self._root)[1])

    def _is_made(self, path: str) -> bool:
        start = path.rstrip("/")
        return any(f"{made}/".startswith(f"{start}/") for made in self._made)
