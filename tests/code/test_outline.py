"""A text that is parsed by its outline gives the tree that Python's parser gives."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import zencache
from zencache.code import outline

FUNCTION = "def f(x):\n    a = x\n    b = a\n    return b\n"
TEXTS = {
    "function": FUNCTION + "\nA = 1\n",
    "no newline at the end": FUNCTION.rstrip(),
    "method": "class A:\n    n = 1\n\n    def f(self):\n        a = 1\n        b = 2\n        return a\n\n    m = 2\n",
    "async": "async def f(x):\n    await x\n    a = 1\n    return a\n",
    "decorated": "@first(\n    1)\n@second\n" + FUNCTION,
    "inner decorated": "def f(x):\n    @x\n    def g():\n        return 1\n    return g\n",
    "comments": "def f(x):  # one\n    # two\n    a = 1\n\n    # three\n    return a  # four\n# five\nB = 1\n",
    "docstring": 'def f(x):\n    """One.\n\n  Two.\n    """\n    return 1\n',
    "semicolons": "def f(x):\n    a = 1; b = 2\n    c = 3\n    return a; b\n",
    "letters of two bytes": "def f(x):\n    ä = 'ö'\n    b = 1\n    return ä + 'ü'  # é\nC = 'ß'\n",
    "blocks": "if A:\n    def f(x):\n        a = 1\n        b = 1\n        return b\nelse:\n"
    + FUNCTION.replace("\n", "\n    ").join(("    ", "\n")),
    "try": "try:\n    import a\nexcept E:\n    def f(x):\n        a = 1\n        b = 1\n        return b\nfinally:\n    c = 1\n",
    "tabs": "class A:\n\tdef f(self):\n\t\ta = 1\n\t\tb = 1\n\t\treturn b\n",
    "long header": "def f(\n    x: int = 1,\n    *,\n    y=[\n        2],\n) -> int:\n    a = 1\n    b = 1\n    return b\n",
    "one line": "def f(x): return x\ndef g(x): a = 1; return a\n",
    "continued header": "def f(x): \\\n    a = 1\\\n\\\n    ; return a\n",
    "bracket at the margin": "def f(x):\n    a = 1\n    return [\n        a,\n]\nB = 1\n",
    "text at the margin": "def f(x):\n    a = 1\n    return '''\na\n'''\nB = 1\n",
    "form feed": "\f\n" + FUNCTION,
    "carriage return": FUNCTION.replace("\n", "\r\n"),
    "future": "from __future__ import annotations\n" + FUNCTION,
    "very long integer": "N = 0x1" + "0" * 5000 + "\n" + FUNCTION,
    "empty": "",
}


def dump(tree):
    return ast.dump(tree, include_attributes=True)


@pytest.mark.parametrize("name", TEXTS)
def test_the_trees_are_equal_with_all_positions(name):
    text = TEXTS[name]
    tree = ast.parse(text)
    again = outline.parsed(text, outline.outline_of(text, tree))
    if name != "very long integer":  # Python cannot write it
        assert dump(again) == dump(tree)
    assert compile(again, "a.py", "exec") == compile(tree, "a.py", "exec")


@pytest.mark.parametrize("folder", ["code", "tracking", "steps"])
def test_the_trees_of_real_files_are_equal(folder):
    for file in sorted(Path(zencache.__file__).with_name(folder).glob("*.py")):
        text = file.read_text()
        tree = ast.parse(text)
        spans = outline.outline_of(text, tree)
        assert dump(outline.parsed(text, spans)) == dump(tree), file


def test_bodies_are_parsed_when_they_are_asked_for():
    text = TEXTS["function"]
    [function, _] = outline.parsed(text, outline.outline_of(text, ast.parse(text))).body
    assert isinstance(function, ast.FunctionDef)
    assert "_body" not in vars(function)
    assert len(function.body) == 3
    assert function.body is function.body


def test_what_has_the_lines_of_a_short_body_is_parsed_at_once():
    text = "def f(x):\n    return x\n"
    assert outline.outline_of(text, ast.parse(text)) == []
