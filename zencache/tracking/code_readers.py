"""Puts a function's own code object back before a library reads it: what is read may run elsewhere."""

from __future__ import annotations

import functools
import inspect
import marshal
import sys
import types
from typing import TYPE_CHECKING, Any

from zencache.code.reporting import original_code
from zencache.code.source import function_of
from zencache.tracking import running_code
from zencache.tracking.stand_ins import stand_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from zencache.tracking.patching import Wrapping


def wrap_readers(wrapping: Wrapping) -> None:
    """Have functions that read code objects get the originals, and the code counts as if it ran."""
    wrapping.around(inspect, "findsource", note_read)
    wrapping.around(sys.modules.get("numba.core.bytecode"), "get_code_object", note_read)
    for name in ("dump", "dumps"):
        wrapping.replace(marshal, name, _with_original(vars(marshal)[name]))


def wrap_pickler(module: Any, wrapping: Wrapping) -> None:
    """Have a pickler of a module that pickles code by value write the originals."""
    pickler = getattr(module, "Pickler", None) or getattr(module, "CloudPickler", None)
    for name in ("_dispatch_table", "dispatch"):
        table = vars(pickler).get(name) if isinstance(pickler, type) else None
        if isinstance(table, dict) and types.CodeType in table:
            wrapping.replace_item(table, types.CodeType, _of_original(table[types.CodeType]))


def note_read(value: Any, *_: Any, **__: Any) -> None:
    """Report the code of a function, a method or a code object, as if it ran."""
    inner = inspect.unwrap(value) if callable(value) else value
    for each in (value, inner):
        function = function_of(each)
        code = each if function is None else function.__code__
        if isinstance(code, types.CodeType):
            running_code.note_read(code)


def _with_original(write: Callable[..., Any]) -> Callable[..., Any]:
    def written(value: Any, *args: Any) -> Any:
        if isinstance(value, types.CodeType):
            note_read(value)
            value = original_code(value)
        return write(value, *args)

    return stand_in(write, written)  # type: ignore[no-any-return]


def _of_original(reduce: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(reduce)
    def reduced(*args: Any) -> Any:  # the code object comes last; dill gives the pickler before it
        note_read(args[-1])
        return reduce(*args[:-1], original_code(args[-1]))

    return reduced
