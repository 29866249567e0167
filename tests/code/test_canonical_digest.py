"""The canonical digest leaves out what nothing can see, and nothing else."""

from __future__ import annotations

import itertools

import pytest

from zencache.code.digest import CodeReader
from zencache.code.source import remember

IMPORTS = """
import sys, types
from argparse import Namespace
from typing import *
import numpy as np
"""
_numbers = itertools.count()


def canonical(source, after=""):
    """Give the canonical digest of the function `work` of a source; None if it has none.

    `after` runs when the code was read, before its canonical digest is made.
    """
    file = f"<canonical {next(_numbers)}>"
    text = IMPORTS + source
    remember(file, text)
    space = {"__name__": "somewhere"}
    exec(compile(text, file, "exec", dont_inherit=True), space)
    digest = CodeReader().of(space["work"])
    exec(after, space)
    code = digest.canonical
    return code and (code.digest, tuple(sorted(code.packages)))


HELPER = "def clean(a, b=2):\n    total = a * b\n    return [i + total for i in range(a)]\ndef work(x):\n    return clean(x)\n"
LOOP = "def work(rows):\n    kept = []\n    for row in rows:\n        size = len(row)\n        kept.append(size)\n    return kept\n"
NESTED = "def work(rows):\n    limit = 3\n    def fits(row):\n        size = len(row)\n        return size < limit\n    return [r for r in rows if fits(r)]\n"
TABLE = "CONFIG = {'lr': 0.1, 'model': {'depth': 2, 'width': 3}, 'names': ['a', 'b']}\ndef work(x):\n    return x * USE\n"
OBJECT = "MAKE\ndef work(x):\n    return x * C.lr\n"


def replaced(source, *pairs):
    for old, new in pairs:
        assert old in source
        source = source.replace(old, new)
    return source


@pytest.mark.parametrize(
    ("source", "edited"),
    [
        (HELPER, replaced(HELPER, ("total", "summed"))),
        (HELPER, replaced(HELPER, ("i + total for i", "j + total for j"))),
        (
            HELPER,
            replaced(
                HELPER, ("clean(a, b=2)", "clean(n, b=2)"), ("a * b", "n * b"), ("range(a)", "range(n)")
            ),
        ),
        (HELPER, replaced(HELPER, ("b=2):", "b=2, verbose=False):"))),
        (HELPER, replaced(HELPER, ("b=2):", "b=2, *, verbose=False):"))),
        (HELPER, replaced(HELPER, ("clean(a, b=2)", "clean(a: int, b: 'int' = 2) -> list[int]"))),
        (LOOP, replaced(LOOP, ("for row in", "for each in"), ("len(row)", "len(each)"))),
        (LOOP, replaced(LOOP, ("kept", "sizes"), ("size =", "n ="), ("append(size)", "append(n)"))),
        (
            NESTED,
            replaced(
                NESTED,
                ("limit", "most"),
                ("size", "length"),
                ("[r for r", "[q for q"),
                ("fits(r)]", "fits(q)]"),
            ),
        ),
        ("def work(x: Optional[int]):\n    return x\n", "def work(x: int | None):\n    return x\n"),
        ("def work(x: Optional[int]):\n    return x\n", "def work(x: 'Union[None, int]'):\n    return x\n"),
        (
            "def work(x: List[int]) -> Dict[str, int]:\n    return x\n",
            "def work(x: list[int]) -> dict[str, int]:\n    return x\n",
        ),
        ("def work(x: int):\n    return x\n", "def work(x: int, verbose: bool = False):\n    return x\n"),
        *(
            (TABLE.replace("USE", use), TABLE.replace("USE", use).replace("'width': 3", "'width': 4"))
            for use in (
                "CONFIG['lr']",
                "CONFIG['model']['depth']",
                "CONFIG.get('lr', 1)",
                "CONFIG['model'].get('depth')",
                "len(CONFIG['names'][0])",
            )
        ),
        *(
            (OBJECT.replace("MAKE", made), OBJECT.replace("MAKE", made).replace("bs=2", "bs=3"))
            for made in (
                "class S:\n    def __init__(self, lr, bs):\n        self.lr, self.bs = lr, bs\nC = S(lr=0.1, bs=2)",
                "class C:\n    lr = 0.1; bs=2",
                "C = Namespace(lr=0.1, bs=2)",
                "C = types.SimpleNamespace(lr=0.1, bs=2)",
            )
        ),
    ],
)
def test_what_nothing_can_see_does_not_count(source, edited):
    """Names of variables, unread annotations and entries, unused arguments: none bears on the result."""
    assert source != edited
    assert canonical(source) == canonical(edited) is not None


@pytest.mark.parametrize(
    ("source", "edited"),
    [
        (HELPER, replaced(HELPER, ("a * b", "b * a"))),
        (HELPER, replaced(HELPER, ("b=2", "b=3"))),
        (HELPER, replaced(HELPER, ("i + total for i", "total + i for i"))),
        (
            HELPER,
            replaced(
                HELPER,
                ("b=2):", "b=2, verbose=False):"),
                ("    return [", "    print(verbose)\n    return ["),
            ),
        ),
        (LOOP, replaced(LOOP, ("append(size)", "append(row)"))),
        (NESTED, replaced(NESTED, ("return size < limit", "limit = 4\n        return size < limit"))),
        ("def work(x: int):\n    return x\n", "def work(x: float):\n    return x\n"),
        ("def work(x: Literal[1]):\n    return x\n", "def work(x: Literal[True]):\n    return x\n"),
        (
            "def work(x: Union[int, float]):\n    return x\n",
            "def work(x: Union[float, int]):\n    return x\n",
        ),
        (
            "def work(x, y):\n    a, b = x, y\n    return a, b\n",
            "def work(x, y):\n    a, b = x, y\n    return b, a\n",
        ),
        (
            "def work(x):\n    f = lambda a: a\n    return f(x)\n",
            "def work(x):\n    f = lambda b: b\n    return f(x)\n",
        ),
        (
            "def work(x):\n    def inner(): return x\n    return inner()\n",
            "def work(x):\n    def other(): return x\n    return other()\n",
        ),
        (
            "def work(x):\n    if x:\n        y = 1\n    return y\n",
            "def work(x):\n    if x:\n        z = 1\n    return z\n",
        ),
        (
            "def work(x):\n    for y in x: pass\n    return y\n",
            "def work(x):\n    for z in x: pass\n    return z\n",
        ),
        ("def work(x):\n    y = x\n    return f'{y=}'\n", "def work(x):\n    z = x\n    return f'{z=}'\n"),
        (
            "def work(t):\n    low = 2\n    return t.filter('a > @low')\n",
            "def work(t):\n    high = 2\n    return t.filter('a > @low')\n",
        ),
        (
            "def clean(a): return a\ndef work(x):\n    return list(map(clean, x))\n",
            "def clean(b): return b\ndef work(x):\n    return list(map(clean, x))\n",
        ),
        (
            "def clean(a: int): return a\ndef work(x):\n    return np.vectorize(clean)(x)\n",
            "def clean(a: float): return a\ndef work(x):\n    return np.vectorize(clean)(x)\n",
        ),
        (
            "def clean(a): return a\ndef work(x):\n    return clean(a=x)\n",
            "def clean(b): return b\ndef work(x):\n    return clean(b=x)\n",
        ),
        *(
            (TABLE.replace("USE", use), TABLE.replace("USE", use).replace("'width': 3", "'width': 4"))
            for use in (
                "len(CONFIG)",
                "CONFIG['model']['width']",
                "len(CONFIG['model'])",
                "CONFIG[x]",
                "max(CONFIG.get('model').values())",
                "CONFIG['lr'] + str(CONFIG)",
            )
        ),
        *(
            (OBJECT.replace("MAKE", made), OBJECT.replace("MAKE", made).replace("bs=2", "bs=3"))
            for made in (
                "class S:\n    def __init__(self, bs):\n        self.bs = bs\n    @property\n    def lr(self):\n        return self.bs\nC = S(bs=2)",
                "class S:\n    def __init__(self, bs):\n        self.bs = bs\n    def __getattr__(self, name):\n        return self.bs\nC = S(bs=2)",
                "class S:\n    def __init__(self, bs):\n        self.bs, self.lr = bs, 1\n    def __getattribute__(self, name):\n        return object.__getattribute__(self, 'bs')\nC = S(bs=2)",
                "class D:\n    def __get__(self, one, kind):\n        return kind.bs\nclass C:\n    bs=2\n    lr = D()",
            )
        ),
    ],
)
def test_what_can_be_seen_counts(source, edited):
    """Whatever changes a value, a message or a name that code can see makes another digest, or none."""
    assert source != edited
    assert canonical(source) != canonical(edited) or canonical(source) is None


@pytest.mark.parametrize(
    "body",
    [
        "locals()",
        "vars()",
        "eval('y')",
        "sys._getframe().f_locals",
        "work.__code__.co_varnames",
        "x.query(text)",
        "getattr(x, x)(text)",
        "np.r_[x]",
        "get_type_hints(work)",
        "x.with_traceback(None).__traceback__.tb_frame",
        "__import__('inspect').signature(work)",
    ],
)
def test_code_that_looks_at_names_has_no_canonical_digest(body):
    """One look at a frame, a signature or annotations is enough, wherever it stands."""
    assert canonical(f"def work(x, text=''):\n    y = 1\n    return {body}\n") is None


def test_a_table_that_changed_since_the_code_was_read_counts_whole():
    """What the step is given is what was read, not what a table holds when the digest is made."""
    source = "CONFIG = {'m': {'lr': 1}, 'other': 2}\ndef work(x):\n    return CONFIG['m']['lr']\n"
    assert canonical(source) == canonical(source.replace("'other': 2", "'other': 3"))
    assert canonical(source) != canonical(source, "CONFIG['m']['lr'] = 2")
