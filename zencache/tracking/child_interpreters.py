"""Has Python scripts that a step starts by `subprocess` report what they read.

The child gets a folder in front of its `PYTHONPATH`. The `sitecustomize` in there takes that back, starts to
report, and imports the user's own `sitecustomize`. Only an interpreter of this environment is treated so.
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

_ENV = 9  # the place of `env` among the arguments of `Popen` after the first
_SHELL = 7
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


def reporting(original: Callable[..., Any]) -> Callable[..., Any]:
    """Make the constructor of `subprocess.Popen` that has Python children report."""

    @functools.wraps(original)
    def __init__(self: Any, args: Any, *rest: Any, **options: Any) -> None:  # noqa: N807 - takes its place
        environment = None
        with suppress(Exception):
            environment = _environment(args, rest, options)
        if environment is None:
            original(self, args, *rest, **options)
            return
        ident = threading.get_ident()
        reporting_threads.add(ident)
        try:
            original(self, args, *rest, **{**options, "env": environment})
        finally:
            reporting_threads.discard(ident)

    return __init__


def _environment(args: Any, rest: Sequence[Any], options: dict[str, Any]) -> dict[str, str] | None:
    """Give the variables with which a child reports; None if it cannot, or if no step is watched."""
    active = recorders()
    if not active or isinstance(active[0], ReportingRecorder) or len(rest) > _ENV:
        return None
    with unwatched():
        shell = rest[_SHELL] if len(rest) > _SHELL else options.get("shell")
        executable = options.get("executable") or (rest[1] if len(rest) > 1 else None)
        if shell or isinstance(args, str | bytes | os.PathLike) or not _is_this_python(executable or args[0]):
            return None
        if _ignores_folder(args):
            return None
        given = options.get("env")
        environment = {
            os.fsdecode(k): os.fsdecode(v) for k, v in (os.environ if given is None else given).items()
        }
        code = start_code(active, Path(sys.executable).name)
        if "PYTHONPATH" in environment:
            environment[_PATH] = environment["PYTHONPATH"]
        paths = [str(_site_folder()), *filter(None, [environment.get("PYTHONPATH")])]
        return {**environment, _CODE: code, "PYTHONPATH": os.pathsep.join(paths)}


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


def _site_folder() -> Path:
    folder = report_folder()
    assert folder is not None
    place = Path(folder, "site")
    if not place.exists():
        place.mkdir()
        (place / "sitecustomize.py").write_text(_SITE, encoding="utf-8")
    return place
