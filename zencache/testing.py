"""Provides contract tests of materializers, which the tests of each integration inherit.

::

    class TestCelsius(MaterializerContract):
        materializer = CelsiusMaterializer()
        values = [Celsius(21.5), Celsius(-40)]
        types = [Celsius]
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from zencache.artifacts.manifest import content_digest
from zencache.materializers import Materializer, find

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class MaterializerContract:
    """The guarantees of every materializer. A subclass gives a materializer, unequal values and its types."""

    materializer: ClassVar[Materializer]
    values: ClassVar[Sequence[Any]]
    types: ClassVar[Sequence[type]]

    def equal(self, left: Any, right: Any) -> bool:
        """Say whether a value came back whole; override where `==` does not answer with one bool."""
        return bool(left == right)

    def test_a_value_comes_back_whole(self, tmp_path: Path) -> None:
        """`load` after `save` gives an equal value of the same type."""
        for number, value in enumerate(self.values):
            loaded = self.materializer.load(self._saved(value, tmp_path / str(number)))
            assert type(loaded) is type(value)
            assert self.equal(value, loaded)

    def test_saving_twice_gives_one_digest(self, tmp_path: Path) -> None:
        """A value has one content digest, however often it is stored: early cutoff depends on it."""
        for number, value in enumerate(self.values):
            once = self._saved(value, tmp_path / f"{number}-once")
            twice = self._saved(value, tmp_path / f"{number}-again")
            assert self._digest(once) == self._digest(twice)

    def test_a_loaded_value_keeps_its_digest(self, tmp_path: Path) -> None:
        """What was loaded and stored again is the same content."""
        for number, value in enumerate(self.values):
            first = self._saved(value, tmp_path / f"{number}-first")
            second = self._saved(self.materializer.load(first), tmp_path / f"{number}-second")
            assert self._digest(first) == self._digest(second)

    def test_unequal_values_have_unequal_digests(self, tmp_path: Path) -> None:
        """Two values never share a digest: a hit would be stale."""
        digests = [self._digest(self._saved(v, tmp_path / str(n))) for n, v in enumerate(self.values)]
        assert len(set(digests)) == len(self.values)

    def test_loading_leaves_the_files_alone(self, tmp_path: Path) -> None:
        """Artifacts are read-only; a materializer that writes on load breaks them."""
        for number, value in enumerate(self.values):
            folder = self._saved(value, tmp_path / str(number))
            before = sorted((p, p.stat().st_mtime_ns, p.stat().st_size) for p in folder.rglob("*"))
            self.materializer.load(folder)
            assert before == sorted((p, p.stat().st_mtime_ns, p.stat().st_size) for p in folder.rglob("*"))

    def test_it_is_found_by_type(self) -> None:
        """The registry finds this materializer for its types, by entry point or registration."""
        for kind in self.types:
            materializer = find(kind)
            assert materializer is not None, f"nothing stores {kind}"
            cls = type(self.materializer)
            assert materializer.path.rpartition(":")[2] == cls.__qualname__

    def _saved(self, value: Any, folder: Path) -> Path:
        folder.mkdir()
        self.materializer.save(value, folder)
        return folder

    def _digest(self, folder: Path) -> str:
        return self.materializer.digest(folder) or content_digest(folder)
