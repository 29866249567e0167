"""Notes which of the project's code reads a file, a folder or a variable, from the import of zencache on.

A read belongs to the project's functions and modules on the stack at that time. A step gets it as its own if
it reaches one of them that keeps what was read: `code.retention` decides that when the step has ended.

This module is imported with `zencache`, so it imports nothing that Python has not loaded at its start.
"""

from __future__ import annotations

import _thread
import os
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterator

Stack = tuple[int, ...]
"""For each frame of the project's code, innermost first: the id of its code, and its line if it is not a
function's (of a module, of a class's body), else 0."""

Question = tuple[str, str, str]
"""What was asked about a path while a step ran: the kind of fact, the path, and a detail."""

ALL = "*"
_LIBRARY, _PROJECT, _ZENCACHE, _MAPPING = range(4)
_OURS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - without pathlib
_TRACKING = f"{_OURS}/tracking/"  # its wrappers stand between the project's code and a library's
_STANDARD = os.path.dirname(os.__file__)  # noqa: PTH120
_CODE = (".py", ".pyc", ".so")
_OF_MAPPING = frozenset(
    {
        *("<frozen os>", "<frozen _collections_abc>", os.__file__, f"{_STANDARD}/_collections_abc.py"),
        *(__file__, f"{_TRACKING}environment_reads.py"),
    }
)
_OPTIMIZED = 1  # inspect.CO_OPTIMIZED: the code of a function
_OF_GLOB = 4  # arguments of the event of `glob.glob`
_MATCHERS = frozenset({"_select_from", "_iterate_directories"})  # functions of pathlib
_WRITES = os.O_TRUNC | os.O_EXCL
_WRITE_FLAGS = os.O_ACCMODE | _WRITES
_getframe = sys._getframe  # noqa: SLF001 - inspect.stack() would read the source
_COARSE_CLOCK = 5  # as in `audit_events`, which is not imported this early

_verdicts: dict[str, int] = {}
_codes: dict[int, types.CodeType] = {}
"""The code of each id in a stack, which is kept so that no other code gets the id."""
_files: dict[Stack, dict[str, int]] = {}
"""The paths that were opened, with the time of the last read."""
_folders: dict[Stack, dict[str, int]] = {}
_patterns: dict[Stack, dict[tuple[str, str], int]] = {}
"""How a pattern was matched, and the pattern, with the time of the last match."""
_variables: dict[Stack, dict[str, str | None]] = {}
_answers: dict[Stack, dict[Question, str]] = {}
_partly: dict[Stack, set[tuple[int, int]]] = {}
"""Where more was asked about paths than is kept: the steps that asked, as recorders are told apart."""
_MOST_ANSWERS = 10_000  # about paths, for each stack
_MOST_STACKS = 20_000
_condense_at = [1_000]  # codes
_condensing = _thread.allocate_lock()
is_full: list[bool] = []
"""True in it once more places in the code have read than are kept."""
_written: dict[str, int] = {}
_executed: dict[str, int] = {}
"""The project's modules by file, with the time when each was last executed."""
began: list[int] = []
"""When this module began to note reads."""
_reading_all: set[tuple[int, int]] = set()
running_steps: set[int] = set()
"""The ids of the recorders of the steps that run."""
_working: list[str | None] = [None]


class Read(NamedTuple):
    """What one piece of code read, with the frames that it was read in."""

    frames: tuple[tuple[types.CodeType, int], ...]
    """Code and line, innermost first; the line is 0 for a function."""
    files: dict[str, int]
    folders: dict[str, int]
    variables: dict[str, str | None]
    patterns: dict[tuple[str, str], int] = {}  # noqa: RUF012 - never changed
    answers: dict[Question, str] = {}  # noqa: RUF012 - likewise
    partly: frozenset[tuple[int, int]] = frozenset()
    """If it asked more about paths than `answers`, the steps in which it did."""


def install() -> None:
    """Begin to note reads; once a process, for good."""
    if not began:
        began.append(_now())
        sys.addaudithook(_hook)
        mapping: Any = type(os.environ)
        mapping.__getitem__ = _noting_read(mapping.__getitem__)
        mapping.__iter__ = _noting_all(mapping.__iter__)


def reads() -> Iterator[Read]:
    """Give all reads of the project's code until now."""
    kinds: tuple[dict[Stack, Any], ...] = (_files, _folders, _variables, _patterns, _answers)
    for stack in dict.fromkeys(stack for noted in kinds for stack in list(noted)):
        if not all(code in _codes for code in stack[::2]):  # condensed meanwhile
            continue
        frames = tuple((_codes[code], line) for code, line in zip(stack[::2], stack[1::2], strict=True))
        files, folders, variables, patterns, answers = (dict(noted.get(stack, ())) for noted in kinds)
        yield Read(frames, files, folders, variables, patterns, answers, frozenset(_partly.get(stack, ())))


def written() -> dict[str, int]:
    """Give the paths that the project's code opened for writing, with the time of the first one."""
    return dict(_written)


def executed(file: str) -> int:
    """Give the time when a module of the project was last executed; 0 if it was not seen."""
    return _executed.get(file, 0)


# -- events -------------------------------------------------------------------------------------------


def _hook(event: str, args: tuple[Any, ...]) -> None:
    if event == "open":
        path, _, flags = args
        if type(path) is int or (type(path) is str and (path.endswith(_CODE) or "-packages/" in path)):
            return
        try:
            _opened(path, flags, _getframe(1))
        except Exception:  # noqa: BLE001 - what is raised here would be raised in the user's code
            return
    elif event in _RARE:
        try:
            _RARE[event](args)
        except Exception:  # noqa: BLE001 - likewise
            return


def _opened(path: Any, flags: int, frame: types.FrameType) -> None:
    stack = _project_frames(frame)
    if not stack:
        if stack is None:
            stack = _of_the_only_other_thread()
        if not stack:
            return
    text = path if type(path) is str and path[0] == "/" else _absolute(path)
    if flags & _WRITE_FLAGS and (flags & os.O_ACCMODE == os.O_WRONLY or flags & _WRITES):
        _written.setdefault(text, _now())
        return
    _of_stack(_files, stack)[text] = _now()


def note_file(path: Any, frame: types.FrameType) -> None:
    """Note a file that the code of a frame reads by a function that raises no event."""
    try:
        if not os.fsdecode(path).endswith(_CODE):
            _opened(path, os.O_RDONLY, frame)
    except Exception:  # noqa: BLE001 - what is raised here would be raised in the user's code
        return


def note_answer(question: Question, answer: str, frame: types.FrameType, step: tuple[int, int]) -> None:
    """Note what the code of a frame asked about a path in a step."""
    stack = _project_frames(frame)
    if stack:
        answers = _of_stack(_answers, stack)
        if len(answers) < _MOST_ANSWERS or question in answers:
            answers.setdefault(question, answer)
        else:
            _partly.setdefault(stack, set()).add(step)


def _listed(args: tuple[Any, ...]) -> None:
    frame = sys._getframe(2)  # noqa: SLF001
    path = "." if args[0] is None else args[0]
    code = frame.f_code
    if isinstance(path, int) or "importlib" in code.co_filename:
        return
    if code.co_filename.endswith("/glob.py") or code.co_name in _MATCHERS:  # the pattern is noted
        return
    stack = _stack(frame)
    if stack:
        _of_stack(_folders, stack)[_absolute(path)] = _now()


def _globbed(args: tuple[Any, ...]) -> None:
    frame = sys._getframe(2)  # noqa: SLF001
    if frame.f_back is not None and frame.f_back.f_code.co_name == "rglob":  # noted already
        return
    if len(args) == _OF_GLOB:
        pathname, recursive, root_dir, dir_fd = args
        if dir_fd is not None:
            return
        hidden = "-hidden" if frame.f_locals.get("include_hidden") else ""
        how = f"glob{'-recursive' if recursive else ''}{hidden}"
        pattern = os.path.join(os.fsdecode(root_dir or ""), os.fsdecode(pathname))  # noqa: PTH118
    else:
        how = "path"
        below = f"{'**/' if frame.f_code.co_name == 'rglob' else ''}{os.fspath(args[1])}"
        pattern = f"{os.fspath(args[0])}//{below}"
    stack = _stack(frame)
    if stack:
        _of_stack(_patterns, stack)[how, _absolute(pattern)] = _now()


def _ran(args: tuple[Any, ...]) -> None:
    code = args[0]
    if getattr(code, "co_name", "") == "<module>" and _verdict(code.co_filename) == _PROJECT:
        file = code.co_filename
        if file.startswith("<"):
            return
        from zencache.code import step_effects  # noqa: PLC0415 - `import zencache` loads as little as it can

        if running_steps and file not in _executed:
            step_effects.FILES.add(file)
        elif not running_steps:
            step_effects.FILES.discard(file)
        _executed[file] = _now()


def _moved(args: tuple[Any, ...]) -> None:  # noqa: ARG001 - as all of them
    _working[0] = None  # known again at the next read: the event comes before the change


_RARE: dict[str, Callable[[tuple[Any, ...]], None]] = {
    "os.listdir": _listed,
    "os.scandir": _listed,
    "glob.glob/2": _globbed,
    "pathlib.Path.glob": _globbed,
    "pathlib.Path.rglob": _globbed,
    "os.chdir": _moved,
    "exec": _ran,
}


def _absolute(path: Any) -> str:
    text = os.fsdecode(path)
    if text.startswith("/"):
        return text
    working = _working[0]
    if working is None:
        working = _working[0] = os.getcwd()  # noqa: PTH109
    return f"{working}/{text}"


def _now() -> int:
    return _clock(_COARSE_CLOCK)


def _precise(_: int) -> int:
    return time.time_ns()


_clock: Callable[[int], int] = time.clock_gettime_ns if sys.platform == "linux" else _precise


# -- what is kept -------------------------------------------------------------------------------------


def _of_stack(noted: dict[Stack, Any], stack: Stack) -> Any:
    """Give the table for what a stack read; one that is not kept if there are too many."""
    table = noted.get(stack)
    if table is None:
        table = {}
        if len(noted) < _MOST_STACKS:
            noted[stack] = table
        elif not is_full:
            is_full.append(True)
    return table


def _condense() -> None:
    """Leave out code that no longer exists and that `exec` made; keep one of equal codes that do not exist.

    No later step can reach such code, unless by its place in a file.
    """
    if not _condensing.acquire(blocking=False):
        return
    try:
        places = _places_of_dead_code()
        for noted in (_files, _folders, _patterns, _variables, _answers, _partly):
            for stack in [each for each in list(noted) if not places.keys().isdisjoint(each[::2])]:
                table: Any = noted.pop(stack)
                reduced = _reduced(stack, places)
                if reduced:
                    _merge(noted, reduced, table)
        for key, kept in places.items():
            if kept != key:
                _codes.pop(key, None)
        _condense_at[0] = max(_condense_at[0], 2 * len(_codes))
    finally:
        _condensing.release()


def _places_of_dead_code() -> dict[int, int | None]:
    """Give the ids of code that only this module refers to, each with the id that takes its place."""
    texts = getattr(sys.modules.get("linecache"), "cache", {})
    equal: dict[tuple[types.CodeType, str], int] = {}
    places: dict[int, int | None] = {}
    for key in list(_codes):
        if sys.getrefcount(_codes[key]) > _ONLY_HERE:
            continue
        file = _codes[key].co_filename
        is_of_exec = file.startswith("<") and file not in texts
        places[key] = None if is_of_exec else equal.setdefault((_codes[key], file), key)
    return places


_ONLY_HERE = 2  # references to a code object: the table's, and that of the call which counts them


def _reduced(stack: Stack, places: dict[int, int | None]) -> Stack:
    reduced: list[int] = []
    for code, line in zip(stack[::2], stack[1::2], strict=True):
        place = places.get(code, code)
        if place is not None:
            reduced += place, line
    return tuple(reduced)


def _merge(noted: Any, stack: Stack, table: Any) -> None:
    """Add what a stack read to what another one did: the last time, the first value."""
    if isinstance(table, set):
        noted.setdefault(stack, set()).update(table)
        return
    kept = _of_stack(noted, stack)
    for name, value in table.items():
        before = kept.get(name)
        kept[name] = max(before, value) if isinstance(before, int) else kept.get(name, value)


# -- frames -------------------------------------------------------------------------------------------


def _stack(frame: types.FrameType | None) -> Stack:
    stack = _project_frames(frame)
    if stack is None:  # no project's code and none of zencache: a thread of a pool
        stack = _of_the_only_other_thread()
    return stack or ()


def _project_frames(frame: types.FrameType | None) -> Stack | None:
    """Give the frames of the project's code, up to zencache's own; None if there are none of either."""
    stack: list[int] = []
    verdicts = _verdicts
    here: types.FrameType | None = frame
    while here is not None:
        code = here.f_code
        verdict = verdicts.get(code.co_filename)
        if verdict == _PROJECT:
            key = id(code)
            if key not in _codes:
                if len(_codes) >= _condense_at[0]:
                    _condense()
                _codes[key] = code
            stack.append(key)
            stack.append(0 if code.co_flags & _OPTIMIZED else here.f_lineno or 1)
        elif verdict == _ZENCACHE:
            return tuple(stack)
        elif verdict is None:
            _verdict(code.co_filename)
            continue
        here = here.f_back
    return tuple(stack) or None


def _of_the_only_other_thread() -> Stack:
    """Give the frames of the one thread in which the project's code waits, if it is one."""
    own = _thread.get_ident()
    frames = [frame for ident, frame in sys._current_frames().items() if ident != own]  # noqa: SLF001
    stacks = [stack for stack in map(_project_frames, frames) if stack]
    return stacks[0] if len(stacks) == 1 else ()


def _verdict(file: str) -> int:
    verdict = _verdicts.get(file)
    if verdict is None:
        verdict = _verdicts[file] = _new_verdict(file)
    return verdict


def _new_verdict(file: str) -> int:
    if file in _OF_MAPPING:
        return _MAPPING
    if file.startswith("<"):
        return _LIBRARY if file.startswith("<frozen") else _PROJECT
    if file.startswith(f"{_OURS}/"):
        return _LIBRARY if file.startswith(_TRACKING) else _ZENCACHE
    is_library = "/site-packages/" in file or "/dist-packages/" in file or file.startswith(f"{_STANDARD}/")
    return _LIBRARY if is_library else _PROJECT


# -- variables ----------------------------------------------------------------------------------------


def _noting_read(read: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    def __getitem__(self: Any, key: Any) -> Any:  # noqa: N807 - it replaces the method of that name
        try:
            value = read(self, key)
        except KeyError:
            _note_variable(key, None)
            raise
        _note_variable(key, value)
        return value

    return __getitem__


def _noting_all(iterate: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def __iter__(self: Any) -> Any:  # noqa: N807
        _note_variable(ALL, None)
        return iterate(self)

    return __iter__


def _note_variable(key: Any, value: Any) -> None:
    """Note a variable if the project's own code reads it, not a library for itself."""
    try:
        frame: types.FrameType | None = sys._getframe(2)  # noqa: SLF001
        while frame is not None and (verdict := _verdict(frame.f_code.co_filename)) == _MAPPING:
            frame = frame.f_back
        if frame is None or verdict != _PROJECT or (id(frame.f_code), frame.f_lasti) in _reading_all:
            return
        stack = _stack(frame)
        if key == ALL:  # where a frame reads all, it goes on to read each
            _reading_all.add((id(frame.f_code), frame.f_lasti))
        text = None if value is None else os.fsdecode(value)
        _of_stack(_variables, stack).setdefault(os.fsdecode(key), text)
    except Exception:  # noqa: BLE001 - what is raised here would be raised in the user's code
        return
