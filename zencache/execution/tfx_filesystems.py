"""Registers file systems in TFX: TensorFlow's (`gs://`, `s3://`, …) on demand, and those of artifact stores.

TFX registers TensorFlow's when its `fileio` is imported, if TensorFlow can be imported; see `tfx_sdk`. What
its launcher does below the root of an artifact store (it makes and removes folders) goes through fsspec:
TensorFlow knows few of the stores, and has its own settings for endpoints and credentials.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
from typing import TYPE_CHECKING, Any

from tfx.dsl.io import filesystem, filesystem_registry
from tfx.dsl.io.plugins import tensorflow_gfile

from zencache.artifacts.store import ArtifactStore
from zencache.util.distributions import install_advice

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from zencache.artifacts.object_store import ObjectStore
    from zencache.config import Project

_REGISTRY = filesystem_registry.DEFAULT_FILESYSTEM_REGISTRY
_FIRST, _LAST = 0, 1000  # priorities: the lowest number is asked first; TFX's own are 10 and 20
_log = logging.getLogger(__name__)


def register() -> None:
    """Have TensorFlow imported when one of its file systems is first used."""
    if tensorflow_gfile.TensorflowFilesystem is None:
        _REGISTRY.register(_OnDemand, priority=_LAST, use_as_fallback=True)


def _tensorflow_filesystem(path: Any) -> Any:
    """Give TensorFlow's file system, importing TensorFlow if it is not yet."""
    if tensorflow_gfile.TensorflowFilesystem is None:
        importlib.reload(tensorflow_gfile)  # registers what TensorFlow has, if it can be imported
    if tensorflow_gfile.TensorflowFilesystem is None:
        raise ModuleNotFoundError(
            f"{path} needs TensorFlow's file systems: {install_advice('tensorflow')}", name="tensorflow"
        )
    return tensorflow_gfile.TensorflowFilesystem


def _on_demand(method: str) -> Callable[..., Any]:
    def call(path: Any, *args: Any, **kwargs: Any) -> Any:
        return getattr(_tensorflow_filesystem(path), method)(path, *args, **kwargs)

    return call


_METHODS = [name for name, member in vars(filesystem.Filesystem).items() if isinstance(member, staticmethod)]
_OnDemand: Any = type(
    "OnDemand",
    (filesystem.Filesystem,),
    {
        "SUPPORTED_SCHEMES": ["gs://", "hdfs://", "s3://"],
        **{n: staticmethod(_on_demand(n)) for n in _METHODS},
    },
)


# -- artifact stores --------------------------------------------------------------------------------


@contextlib.contextmanager
def reaching(roots: Iterable[str], project: Project) -> Iterator[None]:
    """Let TFX access the roots of a run that are in an artifact store, inside of the block."""
    store = ArtifactStore(project)
    objects_by_root = {root: objects for root in roots if (objects := store.objects(root)) is not None}
    for root, objects in objects_by_root.items():
        _register_scheme(f"{root.partition('://')[0]}://")
        _root_filesystems[root] = _RootFilesystem(root, objects)
    try:
        yield
    finally:
        for root in objects_by_root:
            _root_filesystems.pop(root, None)


def _register_scheme(scheme: str) -> None:
    if scheme not in _plugins:
        members: dict[str, Any] = {name: staticmethod(_routed(scheme, name)) for name in _METHODS}
        members["SUPPORTED_SCHEMES"] = [scheme]
        _plugins[scheme] = type("ArtifactStore", (filesystem.Filesystem,), members)
        _REGISTRY.register(_plugins[scheme], priority=_FIRST)


_plugins: dict[str, Any] = {}
_root_filesystems: dict[str, _RootFilesystem] = {}
"""Root of a run to access to it."""


def _routed(scheme: str, method: str) -> Callable[..., Any]:
    """Make a method of a scheme's file system: for the root of a run ours, elsewhere TensorFlow's."""

    def route(path: Any, *args: Any, **kwargs: Any) -> Any:
        name = path.decode() if isinstance(path, bytes) else str(path)
        roots = (root for root in _root_filesystems if name == root or name.startswith(f"{root}/"))
        root = next(roots, None)
        chosen = _tensorflow_filesystem(f"{scheme}…") if root is None else _root_filesystems[root]
        return getattr(chosen, method)(name, *args, **kwargs)

    return route


class _RootFilesystem:
    """Access to what is below the root of a run, by the methods of TFX's `fileio`.

    Object stores have no folders: a folder exists if it was made in this process, or has something in it.
    """

    def __init__(self, root: str, objects: ObjectStore) -> None:
        self._root = root
        self._objects = objects
        self._made: set[str] = set()

    def _request(self, uri: str, call: Callable[[Any, str], Any]) -> Any:
        """Call the file system of a uri with the uri's path in it."""
        try:
            return self._objects.request(uri, call)
        except FileNotFoundError as error:
            raise filesystem.NotFoundError(str(error)) from error

    def open(self, name: str, mode: str = "r") -> Any:
        return self._request(name, lambda fs, path: fs.open(path, mode))

    def copy(self, src: str, dst: str, overwrite: bool = False) -> None:
        if not overwrite and self.exists(dst):
            raise OSError(f"{dst} exists already")
        target = self._objects.at(dst)[1]
        self._request(src, lambda fs, path: fs.cp_file(path, target))

    def exists(self, path: str) -> bool:
        return self._is_made(path) or bool(self._request(path, lambda fs, there: fs.exists(there)))

    def glob(self, pattern: str) -> list[str]:
        return self._request(pattern, self._globbed)  # type: ignore[no-any-return]

    def _globbed(self, fs: Any, path: str) -> list[str]:
        return list(map(self._uri, fs.glob(path)))

    def isdir(self, path: str) -> bool:
        return self._is_made(path) or bool(self._request(path, lambda fs, there: fs.isdir(there)))

    def listdir(self, path: str) -> list[str]:
        if self._is_made(path) and not self._request(path, lambda fs, there: fs.exists(there)):
            return []
        paths = self._request(path, lambda fs, there: fs.ls(there, detail=False))
        return [each.rstrip("/").rpartition("/")[2] for each in paths]

    def makedirs(self, path: str) -> None:
        self._made.add(path.rstrip("/"))

    mkdir = makedirs

    def remove(self, path: str) -> None:
        self._request(path, lambda fs, there: fs.rm_file(there))

    def rename(self, src: str, dst: str, overwrite: bool = False) -> None:
        self.copy(src, dst, overwrite=overwrite)
        self.remove(src)

    def rmtree(self, path: str) -> None:
        """Remove a folder; files that cannot be removed stay, and are no artifact without a manifest."""
        fs, there = self._objects.at(path)
        self._made = {made for made in self._made if not f"{made}/".startswith(f"{path.rstrip('/')}/")}
        try:
            if paths := fs.find(there):
                fs.rm(paths)
        except Exception as error:  # noqa: BLE001 - each backend has errors of its own
            _log.warning("cannot remove %s: %s", path, type(error).__name__)

    def stat(self, path: str) -> Any:
        return self._request(path, lambda fs, there: fs.info(there))

    def walk(self, top: str, topdown: bool = True, onerror: Any = None) -> Iterable[Any]:
        fs, there = self._objects.at(top)
        walk = fs.walk(there, topdown=topdown, on_error=onerror or "omit")
        return ((self._uri(here), list(folders), list(files)) for here, folders, files in walk)

    def get_inline_filename(self, data: str, compressed: bool = False) -> str:
        raise NotImplementedError(f"{data}, {compressed}: this is for local files")

    def _uri(self, path: str) -> str:
        """Give the uri of a path of the file system."""
        return self._root + path.removeprefix(self._objects.at(self._root)[1])

    def _is_made(self, path: str) -> bool:
        start = path.rstrip("/")
        return any(f"{made}/".startswith(f"{start}/") for made in self._made)
