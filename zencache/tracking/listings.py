"""What a step asks of a folder's entries when it lists them, and which names a listing leaves out.

A listing is recorded with one of the words below, each of which asks for more than the one before, and a
digest of what it asked for.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import types
    from collections.abc import Iterator, Sequence

GLOBS = "globs"
NAMES, TYPES, SIZES, TIMES = "1 names", "2 types", "3 sizes", "4 times"
_LITTER = frozenset(
    {"__pycache__", ".zencache", ".git", ".hg", ".svn", ".DS_Store", ".ipynb_checkpoints", ".venv", ".idea"}
    | {".vscode", ".pytest_cache", ".mypy_cache", ".ruff_cache", ".hypothesis", ".coverage", ".tox", ".nox"}
)


def is_litter(name: str) -> bool:
    """Say whether a name belongs to a tool: to an editor, to version control, or to zencache."""
    return name in _LITTER or name.startswith((".nfs", ".#", ".~")) or name.endswith((".swp", ".swo", "~"))


def asked_of(frame: types.FrameType, *, with_entries: bool) -> str | None:
    """Say what the function that lists a folder asks for; None where a pattern tells more."""
    code = frame.f_code
    file = code.co_filename
    if file.endswith("/glob.py") or code.co_name in {"_select_from", "_iterate_directories"}:
        return None
    if not with_entries or (code.co_name == "iterdir" and "pathlib" in file):
        return NAMES
    if file in {"<frozen os>", os.__file__}:
        return TYPES
    names = set(_names(code))
    if names & {"st_mtime", "st_mtime_ns", "st_ctime", "st_ctime_ns"}:
        return TIMES
    return SIZES if names & {"stat", "st_size"} else TYPES


def _names(code: types.CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if hasattr(constant, "co_names"):
            yield from _names(constant)


def glob_of(frame: types.FrameType | None, args: Sequence[Any]) -> tuple[str, str] | None:
    """Give how a pattern is matched, and the pattern, by the arguments of an event; None for an inner one."""
    if frame is None:
        return None
    first, second = args[:2]
    if len(args) > 2:  # noqa: PLR2004 - glob.glob/2
        hidden = "-hidden" if frame.f_locals.get("include_hidden") else ""
        return f"glob{'-recursive' if second else ''}{hidden}", os.fsdecode(first)
    pattern = os.fspath(second)
    above = frame.f_back
    if frame.f_code.co_name == "glob" and above is not None and above.f_code.co_name == "rglob":
        return None
    if frame.f_code.co_name == "rglob":
        pattern = f"**/{pattern}"
    return "path", f"{os.fspath(first)}//{pattern}"


def absolute_pattern(pattern: str, folder: str) -> str:
    """Resolve the folder of a pattern against the working folder.

    >>> absolute_pattern("data/*/", "/home/ada"), absolute_pattern("./data//**/*.csv", "/home/ada")
    ('/home/ada/data/*/', '/home/ada/data//**/*.csv')
    """
    head, separator, below = pattern.partition("//")
    path = os.path.normpath(os.path.join(folder, head))  # noqa: PTH118 - text
    return f"{path}//{below}" if separator else path + ("/" if pattern.endswith("/") else "")


def digest_of_entries(folder: str | os.PathLike[str], asked: str) -> str:
    """Give the digest of what was asked of a folder's entries; "" if it cannot be listed."""
    try:
        with os.scandir(folder) as entries:
            lines = sorted(_line(entry, asked) for entry in entries if not is_litter(entry.name))
    except (OSError, ValueError):
        return ""
    from zencache.model.values import digest_of  # noqa: PLC0415 - a child process that reports digests nothing

    return digest_of(["entries/1", asked, *lines])


def _line(entry: os.DirEntry[str], asked: str) -> list[str]:
    from zencache.util.hashing import printable  # noqa: PLC0415 - likewise

    line = [printable(entry.name)]
    if asked >= TYPES:
        line.append(_kind(entry))
        line.append("link" if entry.is_symlink() else "")
    if asked >= SIZES:
        try:
            status = entry.stat()
        except OSError:
            return [*line, "gone"]
        if stat.S_ISREG(status.st_mode):
            line.append(str(status.st_size))
            line += [str(status.st_mtime_ns)] if asked >= TIMES else []
    return line


def _kind(entry: os.DirEntry[str]) -> str:
    try:
        return "folder" if entry.is_dir() else "file" if entry.is_file() else "other"
    except OSError:  # a link to itself, or into a folder that may not be entered
        return "other"


def matched(recorder: Any, pattern: str, how: str = "glob") -> None:
    """Note that a pattern was matched, and how, as the names of facts say it."""
    path = absolute_pattern(pattern, recorder.folder())
    recorder.answers.setdefault((GLOBS, path, how), "")
    above = recorder.relative_folders.get(recorder.folder())
    if above is not None and not pattern.startswith("/"):
        recorder.relative_asked.setdefault(path, absolute_pattern(pattern, above))
