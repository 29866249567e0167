"""The text of a function is the one that compiles to it."""

from __future__ import annotations

import abc
import importlib.util
import sys
from typing import ClassVar

import pytest

from zencache.code import source
from zencache.code.classes import class_source
from zencache.code.module_texts import current_text


def load(folder, text, name="made"):
    path = folder / f"{name}.py"
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    exec(compile(text, str(path), "exec", dont_inherit=True), vars(module))
    return module


@pytest.mark.parametrize(
    "text",
    [
        "def f(x):\n    return x",
        "from __future__ import annotations\ndef f(x: int) -> int:\n    return x",
        "import math\ndef f(x):\n    return math.floor(x)",
        "if True:\n    import math\n    def f(x):\n        return math.floor(x)",
        "f = lambda x: x",
        "f, g = (lambda x: x + 1), (lambda x: x + 2)",
        "f, g = (lambda x: x), (lambda x: x)",
        "class C:\n    def __f(self):\n        return self.__g\n    f = __f\nf = C.f",
        "def outer():\n    y = 1\n    def f(x):\n        return x + y\n    return f\nf = outer()",
        "def deco(g):\n    return g\n@deco\n@deco\ndef f(x):\n    'Doc.'\n    return x",
        "# -*- coding: latin-1 -*-\ndef f():\n    return 'a'",
        "class B:\n    def f(self): return 1\nclass C(B):\n    def f(self): return super().f()\nf = C.f",
    ],
)
def test_a_function_is_found(folder, text):
    """Wherever it stands, and whatever else stands on its line."""
    module = load(folder, text)
    text, node = source.find_function(module.f.__code__)
    assert text.find(module.f.__code__) is node
    if hasattr(module, "g"):
        assert source.find_function(module.g.__code__) is not None


def test_of_two_lambdas_on_one_line_each_is_found(folder):
    """By the code that they compile to."""
    module = load(folder, "f, g = (lambda x: x + 1), (lambda x: x + 2)")
    (_, one), (_, two) = (source.find_function(each.__code__) for each in (module.f, module.g))
    assert one.body.right.value, two.body.right.value == (1, 2)


def test_an_edited_file_is_not_trusted(folder):
    """Neither the lines that are there now, nor those of another function."""
    module = load(folder, "def f(x):\n    return x + 1", "edited")
    (folder / "edited.py").write_text("def f(x):\n    return x + 2")
    assert source.find_function(module.f.__code__) is None


def test_a_file_that_was_loaded_again_is_read_again(folder):
    """The new function goes with the new text, and the old one still with the old."""
    old = load(folder, "def f(x):\n    return x + 1", "again")
    assert source.find_function(old.f.__code__)
    new = load(folder, "def f(x):\n    return x + 22", "again")
    texts = [source.find_function(module.f.__code__)[0].text for module in (old, new)]
    assert texts == ["def f(x):\n    return x + 1", "def f(x):\n    return x + 22"]


def test_a_file_is_read_once(folder, monkeypatch):
    """As long as it stays the same."""
    module = load(folder, "def f(x):\n    return x\ndef g(x):\n    return -x", "once")
    reads = []
    read = source._read
    monkeypatch.setattr(source, "_read", lambda file: reads.append(file) or read(file))
    for _ in range(3):
        source.find_function(module.f.__code__)
        source.find_function(module.g.__code__)
        source.remember(module.f.__code__.co_filename)
    assert len(reads) == 1


class Answering:
    """A proxy that runs code for any attribute."""

    asked: ClassVar[list[str]] = []

    def __getattr__(self, name):
        self.asked.append(name)
        raise RuntimeError("outside of a request")

    @property
    def __class__(self):
        return self.__getattr__("__class__")


def test_only_functions_have_a_function():
    """Whatever holds them is known by its type; objects that answer for any name are not asked."""

    class Kind:
        @abc.abstractproperty
        def old(self): ...

        @classmethod
        def known(cls): ...

        proxy = Answering()

    functions = [source.function_of(value) for value in vars(Kind).values()]
    assert [each.__name__ for each in functions if each] == ["old", "known"]
    assert source.function_of(Kind().known).__name__ == "known"
    assert Answering.asked == []


def test_names_of_a_module_are_not_asked(folder, monkeypatch):
    """A proxy among the globals of a module, or of a class, does not stop a plan."""
    module = load(folder, "class Kind:\n    x = 1\n    def f(self):\n        return 1", "proxied")
    module.proxy = module.Kind.proxy = Answering()
    monkeypatch.setitem(sys.modules, "proxied", module)
    assert current_text("proxied", module.__file__) is not None
    assert class_source(module.Kind) is not None
    assert Answering.asked == []
