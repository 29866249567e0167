"""Traces all functions of the project that run in a block, to audit what the records of steps hold.

Each call costs a call of Python's own profiling hook, so this is for audits and tests alone.
"""

from __future__ import annotations

import inspect
import sys
import threading
from typing import TYPE_CHECKING, Any

from zencache.code.reporting import original_code
from zencache.tracking.running_code import ProjectFiles
from zencache.tracking.seen_code import KIND, code_facts

if TYPE_CHECKING:
    import types
    from collections.abc import Callable
    from pathlib import Path

    from typing_extensions import Self

    from zencache.tracking.observed_inputs import Seen


class FullTrace:
    """Notes each function of the project that runs in a `with` block, in its thread and those that it starts.

    What runs only while a module is imported is left out: it counts with the module's top level.

    >>> with FullTrace(lambda file: file == inspect.getsourcefile(inspect)) as trace:
    ...     traced = inspect.isclass(int), len("abc")
    >>> [code.co_name for code in trace.codes.values()]
    ['isclass']
    """

    def __init__(self, is_project: Callable[[str], bool]) -> None:
        self.codes: dict[int, types.CodeType] = {}
        """By id, the code objects of the functions."""
        self._of_project = ProjectFiles(is_project)
        self._imports = threading.local()
        self._before: Any = None

    def __enter__(self) -> Self:
        self._before = sys.getprofile()
        threading.setprofile(self._noted)
        sys.setprofile(self._noted)
        return self

    def __exit__(self, *error: object) -> None:
        sys.setprofile(self._before)
        threading.setprofile(self._before)

    def _noted(self, frame: types.FrameType, event: str, _: Any) -> None:
        code = frame.f_code
        if event not in ("call", "return"):
            return
        if code.co_name == "<module>":
            depth = getattr(self._imports, "depth", 0)
            self._imports.depth = depth + (1 if event == "call" else -1)
        elif event == "call" and not getattr(self._imports, "depth", 0) and self._is_function(code):
            original = original_code(code)
            self.codes[id(original)] = original

    def _is_function(self, code: types.CodeType) -> bool:
        return bool(code.co_flags & inspect.CO_OPTIMIZED) and self._of_project[code.co_filename]


def not_recorded(
    trace: FullTrace, covers: Callable[[types.CodeType], bool], seen: Seen | None, root: Path
) -> list[str]:
    """List what ran and is neither covered by a step's key nor in its record, as `file:qualified name`."""
    recorded = seen.facts.get(KIND, {}) if seen else {}
    others = [(code, None) for code in trace.codes.values() if not covers(code)]
    return [name for name in code_facts(others, {}, root) if name not in recorded]
