"""Notices the paths that are given to libraries which read files by themselves, without an `open` event.

What is read through Python's own files raises one and is not in the table: numpy, Pillow, joblib,
pickle, `zipfile`, and pandas but for HDF and for Parquet, which it leaves to the libraries below.
"""

from __future__ import annotations

import glob
import os
import sys
from importlib.abc import Loader, MetaPathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.tracking.audit_events import recorders
from zencache.tracking.path_events import matched

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterator, Sequence
    from importlib.machinery import ModuleSpec

    from zencache.tracking.patching import Wrapping

READERS: dict[str, dict[str, str]] = {
    "pandas.io.pytables": {"HDFStore.__init__": "path"},
    "pyarrow": {"memory_map": "path"},
    "pyarrow.parquet": {
        "read_table": "source",
        "read_metadata": "where",
        "read_schema": "where",
        "ParquetFile.__init__": "source",
        "ParquetDataset.__init__": "path_or_paths",
        "ParquetWriter.__init__": "where",
    },
    "pyarrow.dataset": {"dataset": "source"},
    "pyarrow.csv": {"read_csv": "input_file", "open_csv": "input_file"},
    "pyarrow.json": {"read_json": "input_file"},
    "pyarrow.feather": {"read_table": "source", "read_feather": "source"},
    "pyarrow.orc": {"read_table": "source", "ORCFile.__init__": "source"},
    "h5py": {"File.__init__": "name"},
    "cv2": {"imread": "filename", "imreadmulti": "filename"},
    # Where TensorFlow's public functions end up, whatever name they were called by.
    "tensorflow.python.ops.gen_io_ops": {"read_file": "filename", "matching_files": "pattern"},
    "tensorflow.python.lib.io.file_io": {"FileIO.__init__": "name", "get_matching_files_v2": "pattern"},
    "tensorflow.python.data.ops.readers": {
        f"{name}.__init__": "filenames"
        for name in ("TFRecordDatasetV2", "TextLineDatasetV2", "FixedLengthRecordDatasetV2")
    },
    "tensorflow.python.saved_model.load": {"load_partial": "export_dir"},
    "keras.src.utils.dataset_utils": {"index_directory": "directory"},
}
"""Module, function or method, and the name of its first argument, which is a path or several."""

_WITH_MODE = {
    "FileIO.__init__",
    "File.__init__",
    "HDFStore.__init__",
    "memory_map",
}  # the second argument, or `mode`

_WRITERS = {"ParquetWriter.__init__"}  # files that a step writes and reads back are not inputs


class Finder(MetaPathFinder):
    """Wraps the readers of a library when it is imported while a step is watched."""

    def __init__(self, wrapping: Wrapping) -> None:
        self.wrapping = wrapping

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: types.ModuleType | None = None
    ) -> ModuleSpec | None:
        """Find a module of the table by the other finders, and have its readers wrapped once it is there."""
        if fullname not in READERS:
            return None
        others = (finder for finder in sys.meta_path if not isinstance(finder, Finder))
        specs = (finder.find_spec(fullname, path, target) for finder in others)
        spec = next((spec for spec in specs if spec is not None), None)
        if spec is not None and spec.loader is not None and hasattr(spec.loader, "exec_module"):
            spec.loader = _Loader(spec.loader, self.wrapping)
        return spec


class _Loader(Loader):
    def __init__(self, inner: Loader, wrapping: Wrapping) -> None:
        self.inner = inner
        self.wrapping = wrapping

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def create_module(self, spec: ModuleSpec) -> types.ModuleType | None:
        return self.inner.create_module(spec)

    def exec_module(self, module: types.ModuleType) -> None:
        module.__loader__ = self.inner
        if module.__spec__ is not None:
            module.__spec__.loader = self.inner
        self.inner.exec_module(module)
        wrap_module(module.__name__, self.wrapping)


def wrap_loaded(wrapping: Wrapping) -> bool:
    """Wrap the readers of all libraries that are loaded; says whether there are any."""
    loaded = [name for name in READERS if name in sys.modules]
    for name in loaded:
        wrap_module(name, wrapping)
    return bool(loaded)


def wrap_module(name: str, wrapping: Wrapping) -> None:
    """Wrap the readers of one module."""
    for reader, argument in READERS[name].items():
        outer, _, method = reader.rpartition(".")
        owner: Any = sys.modules.get(name)
        if outer:
            owner = vars(owner).get(outer) if owner is not None else None
        wrapping.around(owner, method, _note_of(reader, argument, skip=1 if outer else 0))


def _note_of(reader: str, argument: str, *, skip: int) -> Callable[..., None]:
    """Make the function that records a reader's arguments; it skips a method's first one."""

    def note(*args: Any, **kwargs: Any) -> None:
        if kwargs.get("filesystem") is not None:  # then the path is not one of this machine
            return
        value = args[skip] if len(args) > skip else kwargs.get(argument)
        mode = "w" if reader in _WRITERS else "r"
        if reader in _WITH_MODE:
            mode = str(args[skip + 1] if len(args) > skip + 1 else kwargs.get("mode", "r"))
        for path in paths_of(value):
            _opened(path, mode)

    return note


def paths_of(value: Any) -> Iterator[str]:
    """Give the paths in what a library takes as such: text, paths, tensors, and lists of them.

    >>> from pathlib import Path
    >>> list(paths_of([Path("a"), b"b", ["c"], 4]))
    ['a', 'b', 'c']
    """
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
    if glob.has_magic(path) and not Path(path).exists():
        for recorder in recorders():
            matched(recorder, path)
        return glob.glob(path)  # noqa: PTH207 - text, as it was given
    return [path]


def _flags(mode: str) -> int:
    if "w" in mode or "x" in mode:
        return os.O_WRONLY
    return os.O_RDWR if "+" in mode or "a" in mode else os.O_RDONLY
