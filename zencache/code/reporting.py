"""Makes code objects that report when they run, for Pythons without `sys.monitoring`.

A reporting code object is the original with a prologue, which calls a `Reporter`. All else that other code
may ask of a code object stays: names, flags, argument counts, lines.
"""

from __future__ import annotations

import dis
import re
import sys
from itertools import accumulate, chain, repeat
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    import types
    from collections.abc import Callable, Iterator, Mapping

CAN_REPORT = sys.version_info[:2] == (3, 10)
"""Whether the prologue can be written in the bytecode of this Python."""
_LARGEST = 255  # argument of an instruction without EXTENDED_ARG
_NO_LINE = 0x80  # in a line table: the instructions belong to no line
_LONGEST = 254  # bytes in an entry of a line table
_JUMPS = (
    re.compile(b"[%s]" % b"".join(re.escape(bytes((op,))) for op in dis.hasjabs)) if dis.hasjabs else None
)


class Reporter:
    """Calls a function when the code object that holds it runs.

    >>> def double(x):
    ...     return 2 * x
    >>> runs = []
    >>> reporter = Reporter(double.__code__, lambda reporter: runs.append(reporter.original.co_name))
    >>> double.__code__ = reporter.code
    >>> double(4), original_code(double.__code__) is reporter.original
    (8, True)
    """

    __slots__ = ("code", "functions", "original", "report")

    def __init__(self, original: types.CodeType, report: Callable[[Reporter], None]) -> None:
        self.original = original
        self.report = report
        self.functions: list[types.FunctionType] = []
        """The functions that have the reporting code object now."""
        self.code = _with_prologue(original, self) if CAN_REPORT else original
        """The reporting code object; on a Python whose bytecode is another, the original."""

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


def _with_prologue(code: types.CodeType, reporter: Reporter) -> types.CodeType:
    prologue = _call_of_constant(len(code.co_consts))
    moved, lines = _moved(code.co_code, len(prologue) // 2), code.co_linetable
    if moved is None:
        moved, lines = _widened(code, len(prologue) // 2)
    return code.replace(
        co_code=prologue + moved,
        co_consts=(*code.co_consts, reporter),
        co_linetable=bytes((len(prologue), _NO_LINE)) + lines,
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


class _Instruction(NamedTuple):
    """An instruction with the EXTENDED_ARG before it; places and sizes are in words of two bytes."""

    start: int
    size: int
    operation: int
    argument: int

    @property
    def target(self) -> int | None:
        """Where it jumps to."""
        if self.operation in dis.hasjrel:
            return self.start + self.size + self.argument
        return self.argument if self.operation in dis.hasjabs else None


def _widened(code: types.CodeType, by: int) -> tuple[bytes, bytes]:
    """Shift all instructions, and give jumps that need it one more byte; with the table of their lines."""
    instructions = list(_instructions(code.co_code))
    sizes = {each.start: each.size for each in instructions}
    while True:
        starts = dict(
            zip((*sizes, len(code.co_code) // 2), accumulate(sizes.values(), initial=by), strict=True)
        )
        moved = bytearray()
        for each in instructions:
            words = _words(each.operation, _argument(each, starts, sizes), sizes[each.start])
            sizes[each.start] = len(words) // 2
            moved += words
        if len(moved) // 2 + by == starts[len(code.co_code) // 2]:
            return bytes(moved), bytes(_lines(code.co_linetable, starts))


def _instructions(code: bytes) -> Iterator[_Instruction]:
    start = argument = 0
    for at, (operation, low) in enumerate(zip(code[::2], code[1::2], strict=True)):
        argument = argument << 8 | low
        if operation != dis.EXTENDED_ARG:
            yield _Instruction(start, at + 1 - start, operation, argument)
            start, argument = at + 1, 0


def _argument(each: _Instruction, starts: Mapping[int, int], sizes: Mapping[int, int]) -> int:
    if each.target is None:
        return each.argument
    after = starts[each.start] + sizes[each.start] if each.operation in dis.hasjrel else 0
    return starts[each.target] - after


def _words(operation: int, argument: int, least: int) -> bytes:
    """Write an instruction in as many words as it had, or in more.

    >>> [len(_words(100, *each)) // 2 for each in ((3, 1), (3, 2), (0x103, 1))]
    [1, 2, 2]
    """
    size = max(least, (argument.bit_length() + 7) // 8)
    *high, low = argument.to_bytes(size, "big")
    return bytes(byte for each in high for byte in (dis.EXTENDED_ARG, each)) + bytes((operation, low))


def _lines(table: bytes, starts: Mapping[int, int]) -> Iterator[int]:
    """Give the table of lines for instructions that have other starts: pairs of a length and a step."""
    at = 0
    for length, step in zip(table[::2], table[1::2], strict=True):
        left = 2 * (starts[(at + length) // 2] - starts[at // 2])
        at += length
        further = step if step == _NO_LINE else 0
        full, rest = divmod(left, _LONGEST)
        steps = chain((step,), repeat(further))
        for size in (*repeat(_LONGEST, full), rest):
            yield from (size, next(steps))
