"""What is only changed is not read: what it held does not count."""

from __future__ import annotations

import pytest

from zencache.code.digest import CodeReader
from zencache.code.source import remember

SETUP = """
import collections, io
calls, count, log, bag, n, total = [], {}, io.StringIO(), set(), 0, collections.Counter()
class Model:
    made = 0
    seen = []
def helper(x):
    return x
helper.calls = 0
class Odd(list):
    def append(self, x):
        raise ValueError
odd = Odd()
"""
FILL = """
calls.append(7); count["n"] = 7; log.write("7"); bag.add(7); n = 7; total["n"] = 7
Model.made = 7; Model.seen.append(7); helper.calls = 7; list.append(odd, 7)
"""


def digests(body):
    """Digest a function of some lines, before and after all globals hold something else."""
    source = "def work(x):\n" + "".join(f"    {line}\n" for line in body.splitlines())
    file = f"<{source}>"
    remember(file, source)
    space = {"__name__": "somewhere"}
    exec(SETUP, space)
    exec(compile(source, file, "exec", dont_inherit=True), space)
    before = CodeReader().of(space["work"]).digest
    exec(FILL, space)
    return before, CodeReader().of(space["work"]).digest


@pytest.mark.parametrize(
    "body",
    [
        "calls.append(x)",
        "calls.extend([x, 1])\nreturn x",
        "count['n'] = x",
        "count['n'] = count['n'] + 1",
        "count['n'] = count.get('n', 0) + x",
        "count[x] = count.get(x, 0) + 1",
        "total['n'] += 1",
        "log.write('x')",
        "bag.add(x)",
        "global n\nn += 1\nreturn x",
        "global n\nn = n + 1\nreturn x",
        "Model.made += 1",
        "Model.seen.append(x)",
        "helper.calls += 1",
    ],
)
def test_what_is_only_changed_does_not_count(body):
    """A counter or a log of an earlier run makes no other key."""
    before, after = digests(body)
    assert before == after


@pytest.mark.parametrize(
    "body",
    [
        "calls.append(x)\nreturn len(calls)",
        "calls.append(y := len(calls))\nreturn y",
        "x.append(calls.append(x))\nreturn calls",
        "return calls.append",
        "y = calls.append(len(calls))",
        "calls.append(print(len(calls)))",
        "count['n'] = print(count)",
        "count['n'] = [y := count]",
        "count['n'] = count.pop('n')",
        "y = count['n'] = count['n']\nreturn y",
        "count[len(count)] = 1",
        "global n\nn += 1\nreturn n",
        "global n\nn = n + helper(n)",
        "Model.made += 1\nreturn Model.made",
        "odd.append(x)",
        "helper.calls += 1\nreturn helper.calls",
        "total.subtract(n=1)",
    ],
)
def test_what_may_be_read_counts(body):
    """In doubt it is in the key."""
    before, after = digests(body)
    assert before != after
