"""Notices the paths that are given to libraries which read files by themselves, without an `open` event.

What is read through Python's own files raises one and is not in the table: numpy, Pillow, joblib,
pickle, `zipfile`, and pandas but for HDF and for Parquet, which it leaves to the libraries below.
"""

from __future__ import annotations

import glob
import os
import stat
import sys
from contextlib import suppress
from importlib.abc import Loader, MetaPathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.tracking.audit_events import absolute, recorders
from zencache.tracking.listings import matched
from zencache.tracking.path_queries import PATHS, STATUS, kind_of_status
from zencache.tracking.third_party_tables import (
    CLASSES,
    HOLDERS,
    KEYWORD_ONLY,
    LOOKUPS,
    METHODS,
    PICKLERS,
    READERS,
    WITH_MODE,
    WRITERS,
    modules,
)

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterator, Sequence
    from importlib.machinery import ModuleSpec

    from zencache.tracking.audit_events import Recorder
    from zencache.tracking.patching import Wrapping

_LONGEST = 4096  # bytes of a path


class Finder(MetaPathFinder):
    """Wraps the readers of a library, or what `wrap` does, when it is imported while a step is watched."""

    def __init__(
        self,
        wrapping: Wrapping,
        names: frozenset[str] | None = None,
        wrap: Callable[[str, Wrapping], None] | None = None,
    ) -> None:
        self.wrapping = wrapping
        self.names = names
        self.wrap = wrap or wrap_module

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module of the table by the other finders, and have its readers wrapped once it is there."""
        if fullname not in (modules() if self.names is None else self.names):
            return None
        others = (finder for finder in sys.meta_path if not isinstance(finder, Finder))
        specs = (finder.find_spec(fullname, path, target) for finder in others)
        spec = next((spec for spec in specs if spec is not None), None)
        if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _Loader(spec.loader, self.wrapping, self.wrap)
        return spec


class _Loader(Loader):
    def __init__(self, inner: Loader, wrapping: Wrapping, wrap: Callable[[str, Wrapping], None]) -> None:
        self.inner = inner
        self.wrapping = wrapping
        self.wrap = wrap

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def create_module(self, spec: ModuleSpec) -> types.ModuleType | None:
        return self.inner.create_module(spec)

    def exec_module(self, module: types.ModuleType) -> None:
        module.__loader__ = self.inner
        if module.__spec__ is not None:
            module.__spec__.loader = self.inner
        self.inner.exec_module(module)
        self.wrap(module.__name__, self.wrapping)


def wrap_loaded(wrapping: Wrapping) -> bool:
    """Wrap the readers of all libraries that are loaded; says whether there are any."""
    loaded = [name for name in modules() if name in sys.modules]
    for name in loaded:
        wrap_module(name, wrapping)
    return bool(loaded)


def wrap_module(name: str, wrapping: Wrapping) -> None:
    """Wrap the readers of one module."""
    module: Any = sys.modules.get(name)
    if module is None:
        return
    for reader, argument in READERS.get(name, {}).items():
        owner, method = _owner(module, reader)
        skip = 1 if owner is not module else 0
        place = _place(vars(owner).get(method) if owner is not None else None, argument, skip)
        wrapping.around(owner, method, _note_of(reader, argument, place))
    for writer, (argument, otherwise) in WRITERS.get(name, {}).items():
        owner, method = _owner(module, writer)
        place = _place(vars(owner).get(method) if owner is not None else None, argument, otherwise)
        wrapping.around(owner, method, _note_of(writer, argument, place, is_writer=True))
    for reader, argument in CLASSES.get(name, {}).items():
        wrapping.around_class(module, reader, _note_of(reader, argument, -1 if reader in KEYWORD_ONLY else 0))
    for reader, argument in METHODS.get(name, {}).items():
        wrapping.around_c_method(*_owner(module, reader), _note_of(reader, argument, 1))
    for holder, methods in HOLDERS.get(name, {}).items():
        for method in methods:
            wrapping.around_c_method(vars(module).get(holder), method, _note_held)
    for asker, argument in LOOKUPS.get(name, {}).items():
        wrapping.around(module, asker, _question_of(asker, argument))
    if name in PICKLERS:
        from zencache.tracking.code_readers import wrap_pickler  # noqa: PLC0415 - few steps pickle code

        wrap_pickler(module, wrapping)


def _owner(module: Any, name: str) -> tuple[Any, str]:
    outer, _, method = name.rpartition(".")
    return (vars(module).get(outer) if outer else module), method


def _place(function: Any, argument: str, otherwise: int) -> int:
    """Give the place of an argument, of which a function in C does not tell."""
    inner = getattr(function, "__wrapped__", function)
    code = getattr(inner, "__code__", None)
    names = code.co_varnames[: code.co_argcount] if code is not None else ()
    return names.index(argument) if argument in names else otherwise


def _note_of(reader: str, argument: str, place: int, *, is_writer: bool = False) -> Callable[..., None]:
    """Make the function that records the path of a reader or writer, at some place of its arguments."""

    def note(*args: Any, **kwargs: Any) -> None:
        value = args[place] if 0 <= place < len(args) else kwargs.get(argument)
        filesystem = args[0] if reader.startswith("FileSystem.") else kwargs.get("filesystem")
        mode = "w" if is_writer or reader == "FileSystem.open_output_stream" else "r"
        if reader in WITH_MODE:
            mode = str(args[place + 1] if len(args) > place + 1 else kwargs.get("mode", "r"))
        for path in paths_of(value):
            local = _local_path(filesystem, path)
            if local is not None:
                _opened(local, mode)
                if (reader, argument) == ("File.__init__", "name") and "w" not in mode and recorders():
                    from zencache.tracking.hdf5_links import linked_files  # noqa: PLC0415 - only for h5py

                    for file in linked_files(local):
                        _opened(file, "r")

    return note


def _note_held(*args: Any, **kwargs: Any) -> None:
    """Record the files of a data set, or of a part of one, that is about to be read."""
    pending = [args[0] if args else next(iter(kwargs.values()))]
    while pending:
        holder = pending.pop()
        pending += getattr(holder, "children", ())
        named = [*paths_of(getattr(holder, "files", None)), *paths_of(getattr(holder, "path", None))]
        # "<Buffer>" and the like: without a file system, and pyarrow ends the process if it is asked for one.
        paths = [path for path in named if not (path.startswith("<") and path.endswith(">"))]
        local = (_local_path(holder.filesystem, path) for path in paths)
        for path in filter(None, local):
            _opened(path, "r")


def _local_path(filesystem: Any, path: str) -> str | None:
    """Give the path on this machine; None for one that is elsewhere."""
    if filesystem is None or type(filesystem).__name__ == "LocalFileSystem":
        return path
    if type(filesystem).__name__ == "SubTreeFileSystem":
        return _local_path(filesystem.base_fs, f"{filesystem.base_path.rstrip('/')}/{path}")
    return None


def _question_of(asker: str, argument: str) -> Callable[..., None]:
    """Make the function that records what is asked about a path."""

    def note(*args: Any, **kwargs: Any) -> None:
        for path in paths_of(args[0] if args else kwargs.get(argument)):
            if "://" in path:
                continue
            if asker.startswith("list_"):
                with suppress(OSError):
                    os.listdir(path)  # noqa: PTH208 - its event is recorded
                continue
            for recorder in recorders():
                _ask(recorder, path, with_size=asker.startswith("stat"))

    return note


def _ask(recorder: Recorder, path: str, *, with_size: bool) -> None:
    place = absolute(path, recorder.folder())
    try:
        status = os.stat(place)  # noqa: PTH116 - text
    except OSError:
        status = None
    recorder.answers.setdefault((PATHS, place, ""), kind_of_status(status))
    if status is not None and with_size and stat.S_ISREG(status.st_mode):
        recorder.answers.setdefault((STATUS, place, "st_size"), str(status.st_size))
    relative = recorder.relative(path, recorder.folder())
    if relative is not None:
        recorder.relative_asked.setdefault(place, relative)


def paths_of(value: Any) -> Iterator[str]:
    """Give the paths in what a library takes as such: text, paths, tensors, and lists of them.

    >>> from pathlib import Path
    >>> list(paths_of([Path("a"), b"b", ["c"], 4]))
    ['a', 'b', 'c']
    """
    if isinstance(value, bytes) and len(value) > _LONGEST:  # not a path, but what a file holds
        return
    if isinstance(value, str | bytes | os.PathLike):
        yield os.fsdecode(value)
    elif isinstance(value, list | tuple | set):
        for item in value:
            yield from paths_of(item)
    elif hasattr(value, "numpy") and hasattr(value, "dtype"):
        yield from paths_of(value.numpy())
    elif hasattr(value, "tolist") and getattr(getattr(value, "dtype", None), "kind", "") in "OSU":
        yield from paths_of(value.tolist())


def _opened(path: str, mode: str) -> None:
    scheme, separator, rest = path.partition("://")
    if separator and scheme != "file":
        for recorder in recorders():
            recorder.hosts.setdefault(f"{scheme}://{rest.partition('/')[0]}")
        return
    for file in _expand(rest if separator else path):
        for recorder in recorders():
            recorder.opened(file, _flags(mode))


def _expand(path: str) -> list[str]:
    """Give what a path stands for: the files of a glob, those below a folder, or itself."""
    if Path(path).is_dir():
        return [str(Path(here, name)) for here, _, names in os.walk(path) for name in names]
    parts = [path] if not Path(f"{path}.index").is_file() else glob.glob(f"{glob.escape(path)}.*")  # noqa: PTH207
    if parts != [path]:  # a checkpoint of TensorFlow is named by the beginning of its files' names
        return parts
    if glob.has_magic(path) and not Path(path).exists():
        for recorder in recorders():
            matched(recorder, path)
        return glob.glob(path)  # noqa: PTH207 - text, as it was given
    return [path]


def _flags(mode: str) -> int:
    if "w" in mode or "x" in mode:
        return os.O_WRONLY | os.O_TRUNC
    return os.O_RDWR if "+" in mode or "a" in mode else os.O_RDONLY
