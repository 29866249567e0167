"""A store under everything at once: runs, dropped results, collection, damage and crashes, in any order.

The model is what the pipeline gives without a cache. After every step of the machine it holds that no run
gives another result, that no run or result that was asked for is lost, and that a check is clean after a
repair.
"""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from zencache import Output, Repository, pipeline, step
from zencache.artifacts.manifest import MANIFEST
from zencache.execution.engine import load_engine
from zencache.metadata import session
from zencache.metadata.client import MetadataClient

pytestmark = [pytest.mark.tfx, pytest.mark.slow]

SIZES, FACTORS = st.integers(1, 3), st.integers(1, 3)
computed: Counter[str] = Counter()


@step
def numbers(size: int) -> list:
    computed["numbers"] += 1
    return list(range(size + 2))


@step
def halves(values: list, factor: int) -> Output(even=list, odd=list):
    computed["halves"] += 1
    return [v * factor for v in values[::2]], [v * factor for v in values[1::2]]


@step
def total(even: list, odd: list) -> int:
    computed["total"] += 1
    return sum(even) * 1000 + sum(odd)


@pipeline(name="machine")
def made(size: int, factor: int):
    even, odd = halves(numbers(size=size), factor=factor)
    total(even, odd)


def expected(size: int, factor: int) -> int:
    values = range(size + 2)
    return sum(v * factor for v in values[::2]) * 1000 + sum(v * factor for v in values[1::2])


class Crash(BaseException):
    """Ends a run as if its process had died: nobody handles it on the way."""


class Store(RuleBasedStateMachine):
    """One project, and what is done to it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="zencache-machine-"))
        self.before = Path.cwd()
        os.chdir(self.folder)
        self.ended: set[str] = set()
        self.whole: set[tuple[int, int]] = set()
        """Parameters whose results nothing was done to since they were computed."""

    def teardown(self) -> None:
        os.chdir(self.before)
        shutil.rmtree(self.folder, ignore_errors=True)

    @initialize(size=SIZES, factor=FACTORS)
    def first(self, size: int, factor: int) -> None:
        self.run(size, factor, enable_cache=None)

    @rule(size=SIZES, factor=FACTORS, enable_cache=st.sampled_from([None, None, False]))
    def run(self, size: int, factor: int, enable_cache: bool | None) -> None:
        """A run gives what there would be without a cache, and computes nothing that is there."""
        computed.clear()
        run = made(size=size, factor=factor).run(enable_cache=enable_cache)
        assert run.steps["total"].output.load() == expected(size, factor)
        if enable_cache is None and (size, factor) in self.whole:
            assert not computed
        self.ended.add(run.name)
        self.whole.add((size, factor))

    @rule(size=SIZES, factor=FACTORS, at=st.integers(0, 20))
    def crash(self, size: int, factor: int, at: int) -> None:
        """A run ends at one of its writes of records, and nothing after it happens."""
        real, seen = MetadataClient.__getattr__, [0]

        def dying(client: MetadataClient, name: str) -> object:
            if name.startswith("put_"):
                seen[0] += 1
                if seen[0] > at:
                    raise Crash
            return real(client, name)

        patch = pytest.MonkeyPatch()
        patch.setattr(MetadataClient, "__getattr__", dying)
        try:
            made(size=size, factor=factor).run(enable_cache=None)
        except BaseException as error:  # noqa: BLE001 - a step that dies is told of as failed
            assert seen[0] > at, error
        finally:
            patch.undo()
            _stop_hearts()

    @precondition(lambda self: self.ended)
    @rule(data=st.data())
    def damage(self, data: st.DataObject) -> None:
        """Something changes, shortens or removes an artifact behind the records."""
        run = Repository().get_run(data.draw(st.sampled_from(sorted(self.ended))))
        found = data.draw(st.sampled_from(sorted(run.steps)))
        [output, *_] = run.steps[found].outputs.values()
        folder = output.folder
        self.whole.clear()
        if not folder.is_dir():
            return
        [file] = [each for each in folder.iterdir() if each.name != MANIFEST] or [folder / MANIFEST]
        how = data.draw(st.sampled_from(["swap", "truncate", "remove", "manifest", "folder"]))
        if how == "folder":
            shutil.rmtree(folder)
        elif how in ("remove", "manifest"):
            (file if how == "remove" else folder / MANIFEST).unlink(missing_ok=True)
        elif file.exists():
            file.chmod(stat.S_IMODE(file.stat().st_mode) | 0o200)
            content = file.read_bytes()
            file.write_bytes(content[::-1] if how == "swap" else content[:-1])

    @rule(name=st.sampled_from(["numbers", "halves", "total"]))
    def drop(self, name: str) -> None:
        """Results are dropped by hand: they are computed again."""
        Repository().drop(step=name)
        self.whole.clear()

    @rule(keep_last=st.integers(1, 3))
    def collect(self, keep_last: int) -> None:
        """Bytes that only old runs need are deleted."""
        Repository().gc(keep_last=keep_last)
        self.whole.clear()

    @rule()
    def collect_by_age(self) -> None:
        """Whatever is old goes; what a moment ago ended is not."""
        Repository().gc(older_than=timedelta(days=1))

    @rule()
    def repair(self) -> None:
        """A check after a repair is clean, and nothing that was good is lost by it."""
        Repository().verify(full=True, repair=True)
        assert [str(p) for p in Repository().verify(full=True).problems] == []

    @invariant()
    def no_run_is_lost(self) -> None:
        """Runs that ended are recorded as such, and none goes on for ever."""
        runs = {run.name: run.status for run in Repository().get_runs()} if self.ended else {}
        assert self.ended <= runs.keys()
        assert all(runs[name] == "completed" for name in self.ended)
        assert "running" not in runs.values()


def _stop_hearts() -> None:
    """Give no sign of life any more for what was begun: as far as the records tell, its process has died."""
    for opened in list(session._open_records.values()):
        opened.records.metadata.heartbeat.stop_all()


Store.TestCase.settings = settings(
    max_examples=int(os.environ.get("ZENCACHE_EXAMPLES", "12")),
    stateful_step_count=14,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(autouse=True, scope="module")
def engine():
    """Imported once, not in the first example."""
    load_engine()


TestStore = Store.TestCase
