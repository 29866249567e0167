"""Has Python scripts that a step starts by `subprocess` report what they read.

The child gets a folder in front of its `PYTHONPATH`. The `sitecustomize` in there takes that back, starts to
report, and imports the user's own `sitecustomize`. Only an interpreter of this environment reports. One that
a shell or another program starts does so too, if the command names Python.
"""

from __future__ import annotations

import functools
import os
import shutil
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.tracking.audit_events import recorders, reporting_threads, unwatched
from zencache.tracking.child_processes import ReportingRecorder, report_folder, start_code

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from zencache.tracking.audit_events import Recorder
    from zencache.tracking.patching import Wrapping

_PLACES = {"executable": 1, "preexec_fn": 5, "shell": 7, "cwd": 8, "env": 9}
"""The places of arguments of `Popen` after the first."""
MODULE = "subprocess"
_CODE = "ZENCACHE_CHILD_CODE"
_PATH = "ZENCACHE_CHILD_PYTHONPATH"
_SITE = f"""\
import os
import sys
import threading

_own = sys.modules["sitecustomize"]
_code = os.environ.pop({_CODE!r}, "")
_path = os.environ.pop({_PATH!r}, None)
if _path is None:
    os.environ.pop("PYTHONPATH", None)
else:
    os.environ["PYTHONPATH"] = _path
sys.path[:] = [entry for entry in sys.path if entry != os.path.dirname(__file__)]
if sys.prefix == {sys.prefix!r}:
    exec(_code, {{}})
del sys.modules["sitecustomize"]
try:
    import sitecustomize
except ImportError as error:
    if error.name != "sitecustomize":
        raise
finally:
    sys.modules.setdefault("sitecustomize", _own)
"""


def wrap(module: str, wrapping: Wrapping) -> None:
    """Have what this process starts report, if the module that starts processes is loaded."""
    if popen := getattr(sys.modules.get(module), "Popen", None):
        wrapping.replace(popen, "__init__", reporting(popen.__init__))


def reporting(original: Callable[..., Any]) -> Callable[..., Any]:
    """Make the constructor of `subprocess.Popen` that has Python children report."""

    @functools.wraps(original)
    def __init__(self: Any, args: Any, *rest: Any, **options: Any) -> None:  # noqa: N807 - takes its place
        environment, is_direct = None, False
        with suppress(Exception):
            active = recorders()
            with unwatched():
                is_direct = bool(active) and _is_direct(args, rest, options)
                environment = _environment(active, args, rest, options, is_direct=is_direct)
        if environment is None:
            original(self, args, *rest, **options)
            return
        ident = threading.get_ident()
        if is_direct:  # else the program that starts Python may read for itself
            reporting_threads.add(ident)
        try:
            original(self, args, *rest, **{**options, "env": environment})
        finally:
            reporting_threads.discard(ident)

    return __init__


def _value(name: str, rest: Sequence[Any], options: dict[str, Any]) -> Any:
    return rest[_PLACES[name]] if len(rest) > _PLACES[name] else options.get(name)


def _is_direct(args: Any, rest: Sequence[Any], options: dict[str, Any]) -> bool:
    """Say whether what is started is an interpreter of this environment itself."""
    if _value("shell", rest, options) or isinstance(args, str | bytes | os.PathLike):
        return False
    return _is_this_python(_value("executable", rest, options) or args[0])


def _environment(
    active: Sequence[Recorder], args: Any, rest: Sequence[Any], options: dict[str, Any], *, is_direct: bool
) -> dict[str, str] | None:
    """Give the variables with which a child reports; None if it cannot, or if no step is watched."""
    if not active or len(rest) > _PLACES["env"]:
        return None
    if (
        _ignores_folder(args)
        if is_direct
        else not _starts_python(args) and not _by_script(args, rest, options)
    ):
        return None
    own = _value("env", rest, options)
    environment = {os.fsdecode(k): os.fsdecode(v) for k, v in (os.environ if own is None else own).items()}
    is_moved = any(_value(name, rest, options) is not None for name in ("cwd", "preexec_fn"))
    code = start_code(active, Path(sys.executable).name, is_moved=is_moved)
    if "PYTHONPATH" in environment:
        environment[_PATH] = environment["PYTHONPATH"]
    paths = [str(_site_folder(active[0])), *filter(None, [environment.get("PYTHONPATH")])]
    return {**environment, _CODE: code, "PYTHONPATH": os.pathsep.join(paths)}


def _starts_python(args: Any) -> bool:
    """Say whether a command of another program names Python, such as that of a shell.

    >>> _starts_python("python a.py"), _starts_python(["nice", "python", "a.py"]), _starts_python("ls")
    (True, True, False)
    >>> _starts_python(["python3.8", "a.py"])
    False
    """
    if isinstance(args, str | bytes | os.PathLike):
        return "python" in os.fsdecode(args)
    first, *words = map(os.fsdecode, args)
    return not Path(first).name.startswith("python") and any("python" in word for word in words)


def _by_script(args: Any, rest: Sequence[Any], options: dict[str, Any]) -> bool:
    """Say whether a shell's script among the words of a command names Python, or one that it calls."""
    from zencache.tracking.shell_commands import Command, with_scripts  # noqa: PLC0415 - few steps start a shell

    if isinstance(args, str | bytes | os.PathLike):
        command = Command.of(os.fsdecode(args), os.environ)
    else:
        command = Command([os.fsdecode(word) for word in args])
    place = os.fsdecode(_value("cwd", rest, options) or "")
    return any("python" in word for word in with_scripts(command, place, os.environ, first=False).words)


def _is_this_python(program: Any) -> bool:
    """Say whether a program is an interpreter of this environment, which can import zencache."""
    place = shutil.which(os.fsdecode(program))
    if place is None or not sys.executable:
        return False
    path, own = Path(place).absolute(), Path(sys.executable)
    return path.parent == own.parent and path.resolve() == own.resolve()


def _ignores_folder(args: Sequence[Any]) -> bool:
    """Say whether options before the script keep Python from the folder in its `PYTHONPATH`.

    >>> _ignores_folder(["python", "-W", "ignore", "-uI", "a.py"]), _ignores_folder(["python", "a.py", "-I"])
    (True, False)
    """
    words = iter(map(os.fsdecode, args[1:]))
    for word in words:
        if not word.startswith("-") or word in ("-", "--"):
            return False
        for at, letter in enumerate(word[1:] if not word.startswith("--") else "", start=2):
            if letter in "SIE":
                return True
            if letter in "cm":  # what follows is code, or a module and its arguments
                return False
            if letter in "WX":  # the rest, or the next word, is its argument
                if at == len(word):
                    next(words, None)
                break
    return False


def _site_folder(recorder: Recorder) -> Path:
    """Give the folder beside the reports: a child that reports has those of its parent."""
    folder = os.path.dirname(recorder.report) if isinstance(recorder, ReportingRecorder) else report_folder()  # noqa: PTH120 - text
    assert folder is not None
    place = Path(folder, "site")
    file = place / "sitecustomize.py"
    if not file.exists():
        place.mkdir(exist_ok=True)
        part = place / f"{os.getpid()}.part"  # another process may do the same
        part.write_text(_SITE, encoding="utf-8")
        part.replace(file)
    return place
