"""What binds a name in a module that is not imported yet."""

from __future__ import annotations

import ast

import pytest

from zencache.code.module_texts import StaticModule
from zencache.code.source import Text
from zencache.code.static_bindings import Bindings

MODULES = {
    "a": "def f(): pass\ndef _g(): pass\n",
    "b": "def f(): pass\n",
    "none": "__all__ = []\ndef f(): pass\n",
    "computed": "__all__ = [n for n in NAMES]\ndef f(): pass\n",
    "maybe": "if DEBUG:\n    def f(): pass\n",
    "again": "from a import *\n",
    "circle": "from circle import *\n",
}


def binders(text: str, name: str = "f") -> list[str]:
    texts = {**MODULES, "m": text}
    modules = {
        name: StaticModule(name, f"{name}.py", Text(f"{name}.py", text)) for name, text in texts.items()
    }
    return [
        ast.unparse(each.statement).split("\n")[0] for each in Bindings(modules.get).of(modules["m"], name)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from a import *\nfrom b import *", ["from b import *"]),
        ("from a import *\nfrom none import *", ["from a import *"]),
        ("from a import *\nfrom computed import *", ["from a import *", "from computed import *"]),
        ("from a import *\nfrom maybe import *", ["from a import *", "from maybe import *"]),
        ("from a import *\nfrom again import *", ["from again import *"]),
        ("from a import *\nfrom circle import *", ["from a import *"]),
        ("from a import *\nf = 1", ["f = 1"]),
        ("from a import *\nf = wrap(f)", ["from a import *", "f = wrap(f)"]),
        ("from a import f\nf += 1", ["from a import f", "f += 1"]),
        ("from a import f\nX = f()\nfrom b import f", ["from a import f", "from b import f"]),
        ("from a import f\ndef g(x=f): pass\nfrom b import f", ["from a import f", "from b import f"]),
        ("from a import f\ndef g(x): return f\nfrom b import f", ["from b import f"]),
        ("try:\n    from a import f\nexcept ImportError:\n    f = None", ["try:"]),
        ("f = 1\nf = 2", ["f = 1", "f = 2"]),
    ],
)
def test_a_binding_that_nothing_sees_is_left_out(text, expected):
    """Law: the last sure binding counts, and an earlier one if something may have used it before."""
    assert binders(text) == expected


def test_a_star_import_gives_no_private_name():
    """Names with an underscore need `__all__`."""
    assert binders("from a import *", "_g") == []
