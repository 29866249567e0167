"""A declared type that nothing stores is refused before anything runs."""

from __future__ import annotations

import abc
import collections
import dataclasses
import enum
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple, Protocol

import numpy as np
import pytest

from zencache import pipeline, step
from zencache.errors import MaterializerError
from zencache.materializers.output_types import refusal


class Odd:
    """Nothing stores it."""


class Base:
    """A subclass of it is stored."""


@dataclasses.dataclass
class Stored(Base):
    x: int


class Shape(abc.ABC):
    @abc.abstractmethod
    def area(self): ...


class Named(Protocol):
    name: str


class Pair(NamedTuple):
    left: int


class Mood(enum.Enum):
    GOOD = 1


@pytest.mark.parametrize(
    "annotation",
    [
        *(int, str, None, Any, object, list[int], dict[str, np.ndarray], int | None, Literal["a"], Path),
        *(
            np.ndarray,
            np.float64,
            np.matrix,
            Pair,
            Mood,
            Stored,
            collections.Counter,
            collections.OrderedDict,
        ),
        *(Base, Shape, Named, Iterator[int], Mapping, Annotated[int, "a"], Odd | int, "a name", type(None)),
    ],
    ids=str,
)
def test_a_type_that_may_be_stored_is_accepted(annotation):
    """Interfaces, and bases of what is stored, leave the question to the value."""
    assert refusal(annotation) is None


@pytest.mark.parametrize(
    ("annotation", "place"),
    [(Odd, ""), (Annotated[Odd, "a"], ""), (list[Odd], "Odd in it: "), (dict[str, list[Odd]], "Odd in it: ")],
    ids=str,
)
def test_a_type_that_nothing_stores_is_refused(annotation, place):
    """With its place."""
    assert f"{place}No materializer stores it" in refusal(annotation)


RAN: list[str] = []


@step
def first() -> int:
    RAN.append("first")
    return 1


@step
def second(x: int) -> dict[str, Odd]:
    return {"x": Odd()}


@pipeline
def odd_output():
    second(first())


def test_nothing_runs(tmp_path, monkeypatch):
    """The step before it is not computed either."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".zencache").mkdir()
    (tmp_path / ".zencache" / "config.toml").touch()
    with pytest.raises(MaterializerError, match=r"output output of step second is declared dict.*Odd in it"):
        odd_output().run()
    assert not RAN


@pytest.mark.parametrize(
    ("module", "name", "extra"),
    [
        ("polars.dataframe.frame", "DataFrame", "polars"),
        ("pyarrow.lib", "Table", "pyarrow"),
        ("scipy.sparse._csr", "csr_matrix", "scipy"),
        ("PIL.Image", "Image", "pillow"),
        ("plotly.graph_objs._figure", "Figure", "plotly"),
    ],
)
def test_the_integration_is_named_unless_it_is_installed(monkeypatch, module, name, extra):
    """A type without its integration is refused with what to install; with it, there is nothing to install."""
    kind = type(name, (), {"__module__": module})
    monkeypatch.setattr("zencache.materializers.registry.materializers", dict)
    assert f"zencache-pipelines[{extra}]" in refusal(dict[str, kind])
    offered = {"another.Type": f"zencache_{extra}:OtherMaterializer"}
    monkeypatch.setattr("zencache.materializers.registry.materializers", lambda: offered)
    assert "pip install" not in refusal(kind)


def test_a_figure_of_matplotlib_is_refused_with_what_to_return():
    """No file format holds it as it is."""
    assert "savefig" in refusal(list[type("Figure", (), {"__module__": "matplotlib.figure"})])
