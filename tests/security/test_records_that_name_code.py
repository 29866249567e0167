"""What records and stored files name runs no code: materializers, classes of values, signatures."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from zencache.errors import MaterializerError
from zencache.execution.value_io import check_signed
from zencache.materializers import load_materializer
from zencache.materializers.registry import PICKLE, runs_code
from zencache.model.class_lookup import find_class
from zencache.model.records import ArtifactRecord
from zencache.model.values import from_text
from zencache.signing import is_artifact_signed, sign, sign_artifact

MODULE = """
import pathlib
pathlib.Path("IMPORTED").touch()
def call(): pathlib.Path("CALLED").touch()
class Plain:
    def __init__(self): pathlib.Path("CALLED").touch()
value = call
"""
HONEST = """
import dataclasses, enum, collections
import zencache.materializers as m
from zencache.materializers import Materializer as Base
from honest_base import Own
class First(Base):
    def save(self, value, folder): ...
    def load(self, folder): return 1
class Second(First): ...
class Third(m.Materializer):
    save = load = First.save
class Fourth(Own):
    class Inner(First): ...
@dataclasses.dataclass
class Point:
    x: int
Pair = collections.namedtuple("Pair", "a b")
if True:
    class Color(enum.Enum):
        RED = 1
"""
BASE = """
from zencache import materializers
class Own(materializers.Materializer):
    def save(self, value, folder): ...
    def load(self, folder): return 2
"""


@pytest.fixture
def modules(tmp_path, monkeypatch):
    """A folder with modules that nothing has imported."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    for name, text in (("hostile", MODULE), ("honest", HONEST), ("honest_base", BASE)):
        Path(f"{name}.py").write_text(text)
        monkeypatch.delitem(sys.modules, name, raising=False)
    yield
    for name in ("hostile", "honest", "honest_base"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    "path",
    [
        *(
            "hostile:call",
            "hostile:Plain",
            "hostile:value",
            "hostile:missing",
            "os:abort",
            "antigravity:geohash",
        ),
        *("hostile", "", ":", "hostile:", "..:x", "hostile:Plain.__init__", "nothing.here:Class"),
    ],
)
def test_a_materializer_that_is_none_is_neither_imported_nor_called(modules, path):
    """Whether its module is loaded or not, and also where only `runs_code` is asked."""
    for ask in (load_materializer, runs_code):
        with pytest.raises(MaterializerError):
            ask(path)
    assert not Path("IMPORTED").exists()
    assert not Path("CALLED").exists()


@pytest.mark.parametrize("name", ["call", "Plain", "value"])
def test_what_a_loaded_module_has_is_not_called_either(modules, name):
    """It has to be a materializer first."""
    import hostile  # noqa: F401

    with pytest.raises(MaterializerError):
        load_materializer(f"hostile:{name}")
    assert not Path("CALLED").exists()


@pytest.mark.parametrize("name", ["First", "Second", "Third", "Fourth", "Fourth.Inner"])
def test_a_materializer_of_the_users_own_is_found_in_another_process(modules, name):
    """However its base is imported; its module is imported when the text says what it is."""
    assert load_materializer(f"honest:{name}")


@pytest.mark.parametrize(
    "text",
    [
        '{"$enum": ["hostile:value", "x"]}',
        '{"$dataclass": ["hostile:call", {}]}',
        '{"$model": ["hostile:missing", {}]}',
        '{"$object": ["hostile:value", ["str", "x"]]}',
        '{"$object": ["collections:defaultdict", ["defaultdict", ["hostile:call", []]]]}',
        '[{"a": {"$enum": ["hostile:call", "x"]}}]',
    ],
)
def test_a_value_imports_no_module_that_does_not_define_its_class(modules, text):
    """Nested in another value too."""
    with pytest.raises(MaterializerError):
        from_text(text)
    assert not Path("IMPORTED").exists()


def test_values_of_classes_that_modules_define_are_read(modules):
    """As dataclasses, enums and named tuples of a module that nothing has imported yet."""
    assert from_text('{"$dataclass": ["honest:Point", {"x": 1}]}').x == 1
    assert from_text('{"$enum": ["honest:Color", "RED", 1]}').value == 1
    assert from_text('{"$object": ["honest:Pair", ["tuple", [1, 2]]]}').b == 2


# -- signatures ---------------------------------------------------------------------------------------


def _record(**changes: str) -> ArtifactRecord:
    fields = {"materializer": PICKLE, "value_type": "m.Model", "digest": "d", "signature": "", **changes}
    return ArtifactRecord(id=1, name="o", uri="u", folder=Path("u"), size=1, live=True, **fields)


def test_a_signature_binds_the_content_the_materializer_and_the_type(monkeypatch):
    """No other record can use it."""
    monkeypatch.setenv("ZENCACHE_SIGNING_KEY", "a key that the whole team has 01")
    signature = sign_artifact("d", "m:M", "T")
    assert signature
    assert is_artifact_signed("d", "m:M", "T", signature, accept_first=False)
    for other in (("e", "m:M", "T"), ("d", "m:N", "T"), ("d", "m:M", "U")):
        assert not is_artifact_signed(*other, signature, accept_first=True)


def test_signatures_of_the_first_version_count_for_materializers_that_are_shipped(monkeypatch, tmp_path):
    """Which other than the user's own cannot be exchanged for one that reads the same files."""
    from zencache.config import Settings, create_project

    monkeypatch.setenv("ZENCACHE_SIGNING_KEY", "a key that the whole team has 01")
    project = create_project(tmp_path, Settings(require_signature=True))
    first = sign("artifact", "d")
    assert first
    check_signed(_record(signature=first), project)
    assert is_artifact_signed("d", "own:M", "T", first, accept_first=True)
    assert not is_artifact_signed("d", "own:M", "T", first, accept_first=False)


@pytest.mark.parametrize("name", ["01_train", "train-fast", "train (copy)"])
def test_a_script_may_have_any_name(modules, monkeypatch, name):
    """The name of its file is that of its module: for the script itself, and for who imports it later."""
    Path(f"{name}.py").write_text(HONEST)
    assert find_class(f"{name}:Point", "another").__name__ == "Point"
    monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys.modules["__main__"], "Point", type("Point", (), {}), raising=False)
    assert find_class(f"{name}:Point", name) is sys.modules["__main__"].Point
    assert name not in sys.modules


@pytest.mark.parametrize("name", ["", ".hostile", "a..b", "../hostile", "/tmp/hostile", "a\\b", "a\0b"])
def test_a_path_names_no_module(modules, name):
    """Nothing outside of Python's own folders of modules is looked for."""
    with pytest.raises(MaterializerError, match="does not name a class"):
        find_class(f"{name}:Plain", "script")
