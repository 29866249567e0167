"""Classes whose special members are not what their names promise: they have a digest, and planning goes on."""

from __future__ import annotations

import dataclasses
import enum
import subprocess
import sys
import typing
from pathlib import Path

import pytest

from zencache.code.digest import CodeReader

P = typing.ParamSpec("P")
T = typing.TypeVar("T")
INDEX = (..., 0)


class Proxy:
    @property
    def __dataclass_fields__(self):
        raise AttributeError


class InheritedProxy(Proxy):
    b: int = 2


class Bases:
    __orig_bases__ = property(lambda self: 1)


class Guarded(enum.Enum):
    A = len("ab")

    @property
    def __dict__(self):
        raise ValueError


class GuardedInstance:
    def __init__(self):
        self.a = 1

    @property
    def __dict__(self):
        raise ValueError


class Fields:
    model_fields: typing.ClassVar = ["a", "b"]


class Generic(typing.Generic[P]):
    pass


class Given(Generic[...]):
    pass


UNUSUAL = {
    "fields are a property": Proxy,
    "fields are an inherited property": InheritedProxy,
    "match arguments are None": type("T", (), {"__match_args__": None}),
    "slots are an iterator": type("T", (), {"__slots__": iter("ab")}),
    "bases are a property": Bases,
    "a member's state raises": Guarded,
    "an instance's state raises": GuardedInstance(),
    "fields of a model are a list": Fields,
    "fields of a model without a text": type("T", (), {"model_fields": ["a", "b"]}),
    "private attributes are a list": type("T", (), {"__private_attributes__": ["a"]}),
    "attributes of attrs are a text": type("T", (), {"__attrs_attrs__": "abc"}),
    "a base has an ellipsis": Given,
    "a tuple with an ellipsis": INDEX,
    "a dictionary with NotImplemented": {"a": NotImplemented},
}


def using(value):
    def work():
        return value

    return CodeReader().of(work)


@pytest.mark.parametrize("name", UNUSUAL)
def test_an_unusual_class_has_one_digest(name):
    """Members count only where they have the type that libraries give them; the rest counts as any value."""
    code = using(UNUSUAL[name])
    assert code.is_known
    assert code.digest == using(UNUSUAL[name]).digest


def test_a_class_that_raises_when_it_is_read_is_a_doubt():
    """No result is reused, and planning goes on."""

    class Raises(type):
        def __getattribute__(cls, name):
            if name == "__members__":
                raise RuntimeError("not now")
            return super().__getattribute__(name)

    class Meta(Raises, enum.EnumMeta):
        pass

    class Colors(enum.Enum, metaclass=Meta):
        A = 1

    code = using(Colors)
    assert not code.is_known
    assert any("Colors cannot be read (RuntimeError: not now)" in doubt for doubt in code.doubts)


SETS = """
import enum, pydantic
from zencache.code.digest import CodeReader

class Words(enum.Enum):
    ALL = {"an", "the", "of", "in", "to", "and", "or", "is", "was", "by", "on", "at", "as", "it"}
    NESTED = ({"an", "the", "of", "in", "to", "and", "or"}, {1: {"is", "was", "by", "on"}})

class Model(pydantic.BaseModel):
    words: set = {"an", "the", "of", "in", "to", "and", "or", "is", "was", "by", "on", "at", "as", "it"}
    twice: set = pydantic.Field({"an", "the", "of", "in", "to", "and", "or", "is", "was", "by", "on"})

def work():
    return Words.ALL, Words.NESTED, Model()
"""


def test_sets_in_classes_do_not_depend_on_the_hash_seed(tmp_path):
    """The order of a set of texts is another one in each process."""
    Path(tmp_path / "words.py").write_text(SETS)
    script = "import words; print(words.CodeReader().of(words.work).digest)"
    digests = [
        subprocess.run(
            [sys.executable, "-c", script],
            cwd=tmp_path,
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join([".", *sys.path])},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2", "3")
    ]
    assert len(set(digests)) == 1


def test_a_forward_reference_has_one_digest_before_and_after_it_is_evaluated():
    """`typing.get_type_hints` keeps what it found in the reference."""
    reference = typing.ForwardRef("Proxy")
    before = using(reference).digest
    hints = typing.get_type_hints(type("T", (), {"__annotations__": {"a": reference}}), globals())
    assert hints == {"a": Proxy}
    assert using(reference).digest == before
    assert using(typing.ForwardRef("Bases")).digest != before


@dataclasses.dataclass
class Row:
    a: int
    b: int


@pytest.mark.parametrize("name", ["sql", "_sql", "__call__", "__getitem__"])
def test_a_method_that_the_user_compiled_counts_even_if_it_only_names_fields(name, monkeypatch):
    """Libraries generate methods of known names only."""

    def digest(field: str) -> str:
        names: dict = {"__name__": __name__}
        exec(f"def {name}(self):\n    return self.{field}", names)
        monkeypatch.setattr(Row, name, names[name], raising=False)
        return using(Row).digest

    assert digest("a") == digest("a")
    assert digest("a") != digest("b")
