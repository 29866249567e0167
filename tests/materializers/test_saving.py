"""What is stored is what comes back; a value of which that is not true is refused while its step runs."""

from __future__ import annotations

import dataclasses
import enum
from collections import OrderedDict
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from pydantic import BaseModel, ConfigDict

from zencache import Materializer, register
from zencache.errors import MaterializerError
from zencache.materializers import find, load_materializer
from zencache.materializers.comparison import difference
from zencache.materializers.registry import NESTED, NESTED_CODE, PATH, PICKLE, PLAIN
from zencache.materializers.saving import save


class Mood(str, enum.Enum):
    GOOD = "good"


class Word(str):  # noqa: SLOT000 - it has attributes
    pass


class Pair(NamedTuple):
    left: Any
    right: Any


@dataclasses.dataclass
class Batch:
    name: str
    data: np.ndarray


class Report(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    rate: float
    matrix: np.ndarray


class Opaque:
    """A class that only pickle stores."""

    def __init__(self, value):
        self.value = value

    def __eq__(self, other):
        return isinstance(other, Opaque) and self.value == other.value

    __hash__ = None


class Forgetful:
    """A class whose pickle loses an attribute."""

    def __init__(self):
        self.value = 1

    def __reduce__(self):
        return Opaque, (1,)


class Quantity(np.ndarray):
    """An array of another library."""


def saved(value, folder: Path, *, allow_pickle=False):
    """Give the materializer that stores a value, and what it loads."""
    path = save(value, folder, where="output x of step make", allow_pickle=allow_pickle)
    return path, load_materializer(path, allow_pickle=allow_pickle).load(folder)


MASKED = np.ma.array([1, 2, 3], mask=[0, 1, 0], fill_value=7)
VALUES = [
    (Mood.GOOD, PLAIN),
    (Word("a"), PLAIN),
    ({"rate": 0.9, "matrix": np.eye(2)}, NESTED),
    ([np.arange(3), [np.float32(1), {"a": np.arange(2)}]], NESTED),
    (Pair(np.arange(3), 1), NESTED),
    (OrderedDict(b=np.arange(3), a=2), NESTED),
    (Batch("b", np.arange(3)), NESTED),
    (Report(rate=0.5, matrix=np.eye(2)), NESTED),
    ({(1, 2): np.arange(2)}, NESTED),
    (np.array([None, "a", 1, (2,)], dtype=object), "numpy:ArrayMaterializer"),
    (np.array([[1], [2, 3]], dtype=object), "numpy:ArrayMaterializer"),
    (np.matrix([[1, 2]]), "numpy:ArraySubclassMaterializer"),
    (np.rec.array([(1, 2.0)], dtype=[("a", int), ("b", float)]), "numpy:ArraySubclassMaterializer"),
    (MASKED, "numpy:ArraySubclassMaterializer"),
    (np.ma.array([1, 2]), "numpy:ArraySubclassMaterializer"),
    ([MASKED, "a"], NESTED),
]


@pytest.mark.parametrize(("value", "path"), VALUES, ids=lambda each: type(each).__name__)
def test_a_value_comes_back_of_its_own_class(tmp_path, value, path):
    """Subclasses, arrays inside of containers, and numpy's kinds of arrays."""
    by, back = saved(value, tmp_path)
    assert by.endswith(path)
    assert type(back) is type(value)
    assert difference(value, back) is None
    assert repr(back) == repr(value)


def test_a_mask_and_its_fill_value_come_back(tmp_path):
    """What an array without its mask would count."""
    _, back = saved(MASKED, tmp_path)
    assert (back.sum(), back.fill_value, back.mask.tolist()) == (4, 7, [False, True, False])


def test_an_array_in_a_file_stays_one(tmp_path):
    """A mapped array is loaded as a mapped array."""
    np.save(tmp_path / "a.npy", np.arange(3))
    (tmp_path / "stored").mkdir()
    _, back = saved(np.load(tmp_path / "a.npy", mmap_mode="r"), tmp_path / "stored")
    assert type(back) is np.memmap
    assert back.tolist() == [0, 1, 2]


def test_a_part_that_only_pickle_stores_needs_the_opt_in(tmp_path):
    """The error names the place; with the setting, the part alone is a pickle."""
    value = {"scores": [1, Batch("b", Opaque(1))]}
    with pytest.raises(
        MaterializerError, match=r"output x of step make: at \['scores'\]\[1\]\.data: .*Opaque"
    ):
        saved(value, tmp_path)
    (tmp_path / "again").mkdir()
    by, back = saved(value, tmp_path / "again", allow_pickle=True)
    assert by == NESTED_CODE
    assert back == value
    with pytest.raises(MaterializerError, match="runs code when it is loaded"):
        load_materializer(by).load(tmp_path / "again")
    with pytest.raises(MaterializerError, match="runs code when it is loaded"):
        load_materializer(NESTED, allow_pickle=True).load(tmp_path / "again")


def test_what_a_materializer_refuses_is_pickled_where_that_is_allowed(tmp_path):
    """A pickle keeps it whole."""
    value = np.array([Opaque(1)], dtype=object)
    with pytest.raises(MaterializerError, match="give it a dtype"):
        saved(value, tmp_path)
    by, back = saved(value, tmp_path, allow_pickle=True)
    assert by == PICKLE
    assert back.tolist() == [Opaque(1)]
    assert [path.name for path in tmp_path.iterdir()] == ["value.pkl"]


def test_a_pickle_that_loses_something_is_refused(tmp_path):
    """It is loaded again when it is saved."""
    with pytest.raises(MaterializerError, match=r"loaded as another value: .*Forgetful.*Opaque"):
        saved(Forgetful(), tmp_path, allow_pickle=True)
    with pytest.raises(MaterializerError, match="cannot be pickled|cannot be loaded"):
        saved(lambda: 0, tmp_path, allow_pickle=True)


def test_a_class_inside_of_a_function_is_refused(tmp_path):
    """No process could load it, this one included."""

    class Local(str):  # noqa: SLOT000 - like others
        pass

    @dataclasses.dataclass
    class LocalData:
        x: int

    for value in (Local("a"), LocalData(1), [LocalData(1)]):
        with pytest.raises(MaterializerError, match="at the top level of a module"):
            saved(value, tmp_path)


def test_a_chosen_materializer_is_not_replaced(tmp_path):
    """What its author refuses is refused, also where pickle is allowed."""

    class Coin:
        pass

    @register(Coin)
    class CoinMaterializer(Materializer):
        def save(self, value, folder):
            raise MaterializerError("no coins")

        def load(self, folder): ...

    with pytest.raises(MaterializerError, match="no coins"):
        saved(Coin(), tmp_path, allow_pickle=True)
    with pytest.raises(MaterializerError, match="no such file"):
        saved(Path("gone"), tmp_path, allow_pickle=True)


def test_a_built_in_materializer_serves_exact_types():
    """A subclass would come back as the plain type."""
    for kind, path in ((str, "builtin:TextMaterializer"), (Path, PATH), (np.ndarray, "ArrayMaterializer")):
        assert find(kind).path.endswith(path)
        assert find(type("Own", (kind if kind is not Path else type(Path()),), {})) != find(kind)
    assert find(Quantity) is None
    assert find(Mood).path == PLAIN


def test_equal_nested_values_have_one_digest(tmp_path):
    """A rerun that gives equal parts stops there."""
    texts = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        save({"a": np.arange(3), "b": [np.eye(2)]}, tmp_path / name, where="x", allow_pickle=False)
        files = sorted(path for path in (tmp_path / name).rglob("*") if path.is_file())
        texts.append([(path.relative_to(tmp_path / name), path.read_bytes()) for path in files])
    assert texts[0] == texts[1]
    assert load_materializer(NESTED).digest(tmp_path / "one") is None


@pytest.mark.parametrize(
    ("one", "other", "place"),
    [
        ({"a": [1, True]}, {"a": [1, 1]}, r"\['a'\]\[1\]"),
        (Opaque([1]), Opaque([1.0]), r"\.value\[0\]"),
        (float("nan"), 0.0, ""),
        (0.0, -0.0, ""),
        ((1,), [1], ""),
    ],
)
def test_a_difference_is_named_by_its_place(one, other, place):
    """Also where `==` sees none."""
    import re

    assert re.search(place, difference(one, other))
    assert difference(one, one) is None
