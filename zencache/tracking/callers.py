"""Finds for whom a file system call is made: the project's code, an installed library, or Python itself."""

from __future__ import annotations

import sysconfig
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import types
    from collections.abc import Callable

Caller = Literal["project", "library"]
_Role = Literal["passes", "drops", "inspects", "library"]

# Modules whose questions to the file system are about Python's own work, not about the step's.
_OWN_WORK = frozenset(
    {"importlib", "zipimport", "linecache", "pkgutil", "runpy", "tokenize", "traceback", "warnings", "site"}
    | {"tempfile", "logging", "subprocess", "multiprocessing", "mimetypes", "sysconfig", "platform", "uuid"}
    | {"gettext", "locale", "unittest", "doctest", "pdb", "bdb", "profile", "cProfile", "distutils", "shutil"}
    | {"py_compile", "compileall", "resource_tracker", "ctypes", "ensurepip", "venv", "pydoc", "codeop"}
)
# Functions of other modules that ask in order to make something.
_MAKERS = frozenset({"makedirs", "mkdir", "touch", "removedirs", "renames", "rmdir", "unlink", "rename"})
_LOOKERS = frozenset({"which", "_access_check"})  # functions of `shutil` that ask for the caller
_OURS = str(Path(__file__).resolve().parent.parent)


_WRAPPERS = f"{_OURS}/tracking/patching.py"


def _standard_folders() -> tuple[str, ...]:
    paths = sysconfig.get_paths()
    folders = {paths[name] for name in ("stdlib", "platstdlib")}
    return tuple(f"{folder}/" for folder in {*folders, *(str(Path(folder).resolve()) for folder in folders)})


_STANDARD = _standard_folders()  # now: to find them asks about paths


@lru_cache(maxsize=4096)
def _role(file: str) -> _Role:
    """Say what a frame of a file that is not the project's means for the call."""
    if file.startswith("<frozen "):
        name = file.removeprefix("<frozen ").rstrip(">")
    elif file.startswith("<") or file == _WRAPPERS:
        return "passes"
    elif file.startswith(_OURS):
        return "drops"
    else:
        folder = next((each for each in _STANDARD if file.startswith(each)), None)
        if folder is None or "-packages/" in file:
            return "library"
        name = file[len(folder) :].removesuffix(".py").replace("/", ".")
    top = name.partition(".")[0]
    if top == "inspect":
        return "inspects"
    return "drops" if top in _OWN_WORK else "passes"


def caller_of(
    frame: types.FrameType | None, is_project: Callable[[str], bool]
) -> tuple[Caller | None, types.FrameType | None]:
    """Give who asks and its frame, by the frame that made a call; None for Python's and our own work."""
    inspects = False
    while frame is not None:
        code = frame.f_code
        if is_project(code.co_filename) and not code.co_filename.startswith("<frozen"):
            return (None if inspects else "project"), frame
        role = _role(code.co_filename)
        if role == "library":
            return (None if inspects else "library"), frame
        inspects = inspects or role == "inspects"
        if (role == "drops" and code.co_name not in _LOOKERS) or code.co_name in _MAKERS:
            return None, None
        frame = frame.f_back
    return None, None


def reads_source(frame: types.FrameType | None, is_project: Callable[[str], bool]) -> bool:
    """Say whether the project's own code reads a module's text, itself or by `inspect`.

    An import, a traceback and a warning read such texts too, and so do libraries that compile functions.
    """
    while frame is not None:
        code = frame.f_code
        if is_project(code.co_filename) and not code.co_filename.startswith("<frozen"):
            return True
        role = _role(code.co_filename)
        if role == "library" or (role == "drops" and not _gives_text(code)):
            return False
        frame = frame.f_back
    return False


def _gives_text(code: types.CodeType) -> bool:
    """Say whether a function of the standard library reads a source text for its caller."""
    file = code.co_filename
    if "importlib" in file:
        return "resources" in file or "readers" in file or code.co_name in {"get_data", "get_source"}
    return file.endswith(("/linecache.py", "/tokenize.py")) or code.co_name == "get_data"
