"""Lets imports of `zenml` give zencache, in this process and its children, and runs scripts so."""

from __future__ import annotations

import os
import sys
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

from zencache.errors import NotFoundError
from zencache.util.imports import ALIASES, OtherName

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OLD = "zenml"


class Alias(MetaPathFinder, OtherName):
    """Import finder that gives `zencache.x` for `zenml.x`: one module under two names."""

    def __init__(self, old: str) -> None:
        self._old = old

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002 - the import system's interface
        """Find the module of an old name; raises NoSuchImportError that names the nearest one."""
        top, dot, rest = fullname.partition(".")
        if top != self._old:
            return None
        return ModuleSpec(fullname, self, origin=f"zencache{dot}{rest}", is_package=True)


def install(old: str = OLD) -> None:
    """Let imports of `old` give zencache, in this process and in those that it starts."""
    if old not in ALIASES:
        ALIASES[old] = "zencache"
        sys.meta_path.insert(0, Alias(old))
        os.environ["ZENCACHE_ALIAS"] = old


def prepared(script: str, args: Sequence[str]) -> Callable[[], None]:
    """Set up this process as `python script.py …` would, and give a function that runs the script.

    From here on all imports of `zenml` give zencache. Raises NotFoundError where there is no script.
    """
    path = Path(script)
    if path.is_dir():
        path /= "__main__.py"
    if not path.is_file():
        raise NotFoundError(f"there is no file {script} in {Path.cwd()}; correct the path")
    install()
    main = ModuleType("__main__")
    vars(main).update(__file__=str(path.absolute()), __builtins__=__builtins__)
    sys.modules["__main__"] = main
    if sys.path[0] in (
        "",
        str(Path.cwd()),
        str(Path(sys.argv[0]).parent),
    ):  # where this command was started from
        del sys.path[0]
    sys.argv = [script, *args]
    sys.path.insert(0, str(path.resolve().parent))
    return lambda: _run(path, main)


def _run(path: Path, main: ModuleType) -> None:
    code = compile(path.read_bytes(), str(path.absolute()), "exec", dont_inherit=True)
    exec(code, vars(main))  # noqa: S102 - the user asked for it
