"""Code objects that report when they run: all else about them is as it was."""

from __future__ import annotations

import _pydecimal
import argparse
import dis
import inspect
import types
import typing

import pytest

from zencache.code.reporting import CAN_REPORT, Reporter

pytestmark = pytest.mark.skipif(not CAN_REPORT, reason="this Python has sys.monitoring, or another bytecode")


def code_objects(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from code_objects(constant)


def meaning(code, skipped=0):
    """What each instruction does: jumps by the number of their target, lines by their number."""
    kept = [each for each in dis.get_instructions(code) if each.opname != "EXTENDED_ARG"][skipped:]
    numbers, first = {}, None
    for number, each in enumerate(kept):
        numbers[each.offset] = number
    for each in dis.get_instructions(code):  # a jump goes to the EXTENDED_ARG before an instruction
        if each.opname == "EXTENDED_ARG":
            first = each.offset if first is None else first
        else:
            numbers.setdefault(first, numbers.get(each.offset))
            first = None
    jumps = {*dis.hasjabs, *dis.hasjrel}
    return [
        (each.opname, numbers[each.argval] if each.opcode in jumps else repr(each.argval)) for each in kept
    ]


def lines(code):
    """The line of each instruction, without the prologue's."""
    by_offset = {at: line for start, end, line in code.co_lines() for at in range(start, end, 2)}
    return [by_offset[each.offset] for each in dis.get_instructions(code) if each.opname != "EXTENDED_ARG"]


@pytest.mark.parametrize("module", [argparse, inspect, _pydecimal])
def test_all_code_can_report_and_does_the_same(module):
    """Law: the instructions, their jumps and their lines are those of the original, after three more."""
    text = inspect.getsource(module)
    for code in code_objects(compile(text, str(module.__file__), "exec")):
        reporting = Reporter(code, lambda _: None).code
        assert meaning(reporting, skipped=3) == meaning(code)
        assert lines(reporting)[3:] == lines(code)


@pytest.mark.parametrize("size", [*range(70, 95), 21_840, 21_845, 21_850])
def test_a_jump_that_needs_one_byte_more_gets_it(size):
    """A loop whose end comes to lie behind a place that one or two bytes can name."""
    body = "\n".join(f"        x = x + {number}" for number in range(size))
    text = f"def work(x, n):\n    for i in range(n):\n        if i % 2:\n            continue\n{body}\n    return x\n"
    names: dict[str, typing.Any] = {}
    exec(text, names)
    expected = names["work"](3, 4)
    ran: list[str] = []
    original = names["work"].__code__
    reporter = Reporter(original, lambda reporter: ran.append(reporter.original.co_name))
    names["work"].__code__ = reporter.code
    assert (names["work"](3, 4), ran) == (expected, ["work"])
    assert meaning(reporter.code, skipped=3) == meaning(original)
    assert lines(reporter.code)[3:] == lines(original)
