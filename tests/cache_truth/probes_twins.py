"""Functions that begin on one line: each counts by its own text, also where others are equal."""

from __future__ import annotations

from functools import partial

from tests.cache_truth.harness import here

THREE = "lambda x: x, lambda x: x, lambda x: x * 2"
CALLS = "\ndef clean(x):\n    return float({})\n"

twin = partial(here, category="code", kind="functions on one line")


def held(name, verdict, above, call, *edit):
    """The project holds functions, and the step calls one."""
    return twin(name, verdict, above + CALLS.format(call), *edit)


PROBES = [
    held(
        "the third function of a table",
        "rerun",
        "OPS = {'a': lambda x: x, 'b': lambda x: x, 'c': lambda x: x * 2}",
        "OPS['c'](x)",
        ("x * 2", "x * 3"),
    ),
    held(
        "another function of a table",
        "hit",
        "OPS = {'a': lambda x: x, 'b': lambda x: x, 'c': lambda x: x * 2}",
        "OPS['a'](x)",
        ("x * 2", "x * 3"),
    ),
    held("the third function of a list", "rerun", f"OPS = [{THREE}]", "OPS[2](x)", ("x * 2", "x * 3")),
    held(
        "two functions of a table change places",
        "rerun",
        "OPS = {'a': lambda x: x, 'b': lambda x: x, 'c': lambda x: x * 2, 'd': lambda x: x * 3}",
        "OPS['c'](x)",
        ("x * 2, 'd': lambda x: x * 3", "x * 3, 'd': lambda x: x * 2"),
    ),
    held(
        "a global of the third function",
        "rerun",
        "A, B = 1, 2\nOPS = {'a': lambda x: x, 'b': lambda x: x, 'c': lambda x: x * A, 'd': lambda x: x * B}",
        "OPS['c'](x)",
        ("A, B = 1", "A, B = 3"),
    ),
    held(
        "the third function that a helper makes",
        "rerun",
        f"def make():\n    return [{THREE}]\nOPS = make()",
        "OPS[2](x)",
        ("x * 2", "x * 3"),
    ),
    held(
        "the third method of a class",
        "rerun",
        "class A:\n    a, b, c = lambda s, x: x, lambda s, x: x, lambda s, x: x * 2",
        "A().c(x)",
        ("x * 2", "x * 3"),
    ),
    held(
        "the third argument of a call",
        "rerun",
        f"def make(*functions):\n    return functions\nOPS = make({THREE})",
        "OPS[2](x)",
        ("x * 2", "x * 3"),
    ),
    held(
        "the third default of a function",
        "rerun",
        "def use(x, a=lambda x: x, b=lambda x: x, c=lambda x: x * 2):\n    return c(x)",
        "use(x)",
        ("x * 2", "x * 3"),
    ),
    held(
        "a function in the third function",
        "rerun",
        "OPS = [lambda x: (lambda y: y)(x), lambda x: (lambda y: y)(x), lambda x: (lambda y: y * 2)(x)]",
        "OPS[2](x)",
        ("y * 2", "y * 3"),
    ),
    held(
        "a function after one that holds another",
        "rerun",
        "OPS = [lambda x: (lambda x: x + 1)(x), lambda x: x * 2]",
        "OPS[1](x)",
        ("x * 2", "x * 3"),
    ),
    held(
        "a table of functions on one line, not on two",
        "hit",
        "OPS = {'a': lambda x: x, 'b': lambda x: x,\n       'c': lambda x: x * 2}",
        "OPS['c'](x)",
        ("x,\n       ", "x, "),
    ),
]
