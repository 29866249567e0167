"""Makes code objects that report when they run, for Pythons without `sys.monitoring`.

A reporting code object is the original with a prologue, which calls a `Reporter`. All else that other code
may ask of a code object stays: names, flags, argument counts, lines.
"""

from __future__ import annotations

import dis
import re
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import types
    from collections.abc import Callable

CAN_REPORT = sys.version_info[:2] == (3, 10)
"""Whether the prologue can be written in the bytecode of this Python."""
_LARGEST = 255  # argument of an instruction without EXTENDED_ARG
_NO_LINE = 0x80  # in a line table: the instructions belong to no line
_JUMPS = (
    re.compile(b"[%s]" % b"".join(re.escape(bytes((op,))) for op in dis.hasjabs)) if dis.hasjabs else None
)


class Reporter:
    """Calls a function when the code object that holds it runs.

    >>> def double(x):
    ...     return 2 * x
    >>> runs = []
    >>> reporter = Reporter(double.__code__, lambda reporter: runs.append(reporter.original.co_name))
    >>> double.__code__ = reporter.code or double.__code__
    >>> double(4), original_code(double.__code__) is reporter.original
    (8, True)
    """

    __slots__ = ("code", "functions", "original", "report")

    def __init__(self, original: types.CodeType, report: Callable[[Reporter], None]) -> None:
        self.original = original
        self.report = report
        self.functions: list[types.FunctionType] = []
        """The functions that have the reporting code object now."""
        self.code = _with_prologue(original, self)
        """The reporting code object; None if none can be made."""

    def __call__(self) -> None:
        """Report."""
        try:
            self.report(self)
        except Exception:  # noqa: BLE001 - what is raised here would be raised in the user's function
            return

    def __reduce__(self) -> tuple[Any, ...]:
        """Report, and become `dict` in a pickle: code that is pickled by value runs elsewhere."""
        self()
        return type, ({},)


def original_code(code: types.CodeType) -> types.CodeType:
    """Give the code object that a reporting one was made from; any other one as it is."""
    last = code.co_consts[-1] if code.co_consts else None
    return last.original if type(last) is Reporter else code


def _with_prologue(code: types.CodeType, reporter: Reporter) -> types.CodeType | None:
    if not CAN_REPORT:
        return None
    prologue = _call_of_constant(len(code.co_consts))
    moved = _moved(code.co_code, len(prologue) // 2)
    if moved is None:
        return None
    return code.replace(
        co_code=prologue + moved,
        co_consts=(*code.co_consts, reporter),
        co_linetable=bytes((len(prologue), _NO_LINE)) + code.co_linetable,
        co_stacksize=code.co_stacksize + 1,
    )


def _call_of_constant(number: int) -> bytes:
    """Give the instructions that call a constant without arguments, and drop what it returns."""
    extended, last = divmod(number, _LARGEST + 1)
    names = [("EXTENDED_ARG", extended)] if extended else []
    names += [("LOAD_CONST", last), ("CALL_FUNCTION", 0), ("POP_TOP", 0)]
    return bytes(byte for name, argument in names for byte in (dis.opmap[name], argument))


def _moved(instructions: bytes, by: int) -> bytes | None:
    """Shift the targets of absolute jumps; None where one does not fit in the bytes that it has."""
    assert _JUMPS is not None
    operations, moved = instructions[::2], bytearray(instructions)
    for match in _JUMPS.finditer(operations):
        at, carry = match.start(), by
        while carry:
            carry, moved[2 * at + 1] = divmod(moved[2 * at + 1] + carry, _LARGEST + 1)
            at -= 1
            if carry and (at < 0 or operations[at] != dis.EXTENDED_ARG):
                return None
    return bytes(moved)
