"""What a class's text proves about its members, and what counts by its live value."""

from __future__ import annotations

import ast
import copy
import dataclasses
import enum
import types
import typing

import attr
import pydantic
import pytest

from zencache.code.class_members import Body, extras, is_generated
from zencache.code.classes import class_source, names_around
from zencache.code.content import bytecode
from zencache.code.namespaces import is_of_project


def computed():
    """Give a value that no text shows."""
    return 2


LIMIT = 3


class Plain(enum.Enum):
    A = 1
    B = enum.auto()
    C = LIMIT


class Computed(enum.Enum):
    A = computed()


@dataclasses.dataclass(frozen=True)
class Data:
    a: int = 60 * 60
    b: list = dataclasses.field(default_factory=list)
    c: str = dataclasses.field(default="x", compare=False)
    d: int = computed()


@dataclasses.dataclass(slots=True)
class Slotted:
    a: int = computed()


class Model(pydantic.BaseModel):
    a: int = 2
    b: list[int] = pydantic.Field(default_factory=list)
    c: float = pydantic.Field(LIMIT, gt=0)


class ComputedModel(pydantic.BaseModel):
    a: int = computed()
    b: int = pydantic.Field(5, gt=computed())


@attr.define
class Attrs:
    a: int = 2
    b: list = attr.field(factory=list)


@attr.define
class ComputedAttrs:
    a: int = computed()


class Named(typing.NamedTuple):
    a: int = 2


def extra_names(kind: type) -> list[str]:
    source = class_source(kind)
    assert source
    return [name for name, _ in extras(kind, Body.of(source[1], names_around(kind)))]


@pytest.mark.parametrize("kind", [Plain, Data, Model, Attrs, Named])
def test_a_class_whose_text_shows_all_has_nothing_more(kind):
    """Literals, names, constant expressions and automatic values are shown by the text."""
    assert extra_names(kind) == []


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        (Computed, ["member A"]),
        (Slotted, ["default of a"]),
        (ComputedModel, ["default of a", "metadata of b"]),
        (ComputedAttrs, ["default of a"]),
    ],
)
def test_what_a_call_gave_counts(kind, names):
    """A call in the text may give another value tomorrow."""
    assert extra_names(kind) == names


def test_a_generated_method_is_told_from_one_that_the_user_compiled():
    """A dataclass's `__init__` handles fields only; another `__init__` from a text does more."""
    names: dict = {}
    exec("def __init__(self):\n    self.a = 7", names)
    assert is_generated(Data, "__init__", Data.__init__, set())
    assert not is_generated(Data, "__init__", names["__init__"], set())


@pytest.mark.parametrize("made", [types.new_class("Own"), dataclasses.make_dataclass("Own", ["a"])])
def test_a_class_that_a_library_made_for_the_user_is_the_users(made):
    """Its `__module__` may name the library's module, which does not have it."""
    assert is_of_project(made)


@pytest.mark.parametrize("kind", [dict, types.SimpleNamespace, type(iter([])), ast.NodeVisitor])
def test_a_librarys_class_is_not(kind):
    """Names decide for those."""
    assert not is_of_project(kind)


def compiled(text: str) -> types.CodeType:
    names: dict = {}
    exec(text, names)
    return names["f"].__code__


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("def f(x): return x", "def f(*x): return x"),
        ("def f(x): return x", "def f(*, x): return x"),
        ("def f(x): return x", "def f(x, /): return x"),
        ("def f(x): return x", "def f(**x): return x"),
        ("def f(): return (1, 2)", "def f(): return (1, True)"),
        ("def f(x): return x in {1, 2}", "def f(x): return x in {1, 2.5}"),
        ("def f(): return 0.0", "def f(): return -0.0"),
        ("def f(): return 1", "def f(): return 1.0"),
    ],
)
def test_bytecode_counts_with_its_signature_and_the_types_of_its_constants(one, other):
    """Two functions that behave differently have different digests."""
    assert bytecode(compiled(one)) != bytecode(compiled(other))


def test_the_order_of_a_constant_set_does_not_count():
    """The order of a set depends on the process."""
    code = compiled("def f(x): return x in {'a', 'b'}")
    turned = code.replace(co_consts=(None, frozenset(("b", "a"))))
    assert bytecode(code) == bytecode(turned)


def test_a_dataclass_that_was_unpickled_by_value_has_the_same_members():
    """A worker process gets the classes of a script so; Python's own mark for no default is a copy there."""
    original, unpickled = (dataclasses.make_dataclass("Point", [("x", int)]) for _ in range(2))
    field = unpickled.__dataclass_fields__["x"]
    field.default = field.default_factory = copy.copy(dataclasses.MISSING)
    assert field.default is not dataclasses.MISSING
    assert [name for name, _ in extras(unpickled, Body())] == [name for name, _ in extras(original, Body())]
