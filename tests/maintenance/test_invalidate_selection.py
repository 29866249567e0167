"""Results are selected by key or age, however many records a store has."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

from zencache.config import create_project
from zencache.maintenance import invalidate
from zencache.maintenance.invalidate import Selection
from zencache.metadata import execution_search
from zencache.metadata.client import MetadataClient, pb, set_properties
from zencache.metadata.schema import KEY_CONTEXT
from zencache.metadata.store import MetadataStore

KEYS = [f"{'abcdef12' if number % 3 else 'abcdef13'}{number:056x}" for number in range(20)]
ALL = Selection(older_than=timedelta(0))


@pytest.fixture
def metadata(folder, monkeypatch):
    """A store with an execution of each key; each second one failed."""
    monkeypatch.setattr(execution_search, "_PAGE", 7)
    store = MetadataStore(create_project(folder))
    kind = store.client.put_execution_type(pb.ExecutionType(name="step"))
    for number, key in enumerate(KEYS):
        state = pb.Execution.FAILED if number % 2 else pb.Execution.COMPLETE
        execution = pb.Execution(type_id=kind, last_known_state=state)
        set_properties(execution.custom_properties, {"zencache_key": key, "zencache_step": "step"})
        context = pb.Context(type_id=store.contexts.types[KEY_CONTEXT], name=key)
        store.client.put_execution(execution, [], [context])
    return store


def chosen(metadata, **wanted):
    """Give the keys of what is chosen."""
    return [record.key for record in invalidate.select(metadata, Selection(**wanted), [])]


def test_results_are_chosen_by_the_first_digits_of_their_keys(metadata):
    """Those that finished, over all pages, oldest first."""
    assert chosen(metadata, key="abcdef12") == [k for k in KEYS[::2] if k.startswith("abcdef12")]
    assert chosen(metadata, key="abcdef99") == []


def test_a_whole_key_is_looked_up(metadata, monkeypatch):
    """Nothing else is read for it."""
    monkeypatch.setattr(execution_search, "_all", None)
    assert chosen(metadata, key=KEYS[4]) == [KEYS[4]]
    assert chosen(metadata, key="0" * 64) == []


def test_results_are_chosen_by_age(metadata):
    """By when their executions were recorded."""
    assert chosen(metadata, older_than=timedelta(0)) == KEYS[::2]
    assert chosen(metadata, older_than=timedelta(hours=1)) == []


def test_the_moment_itself_is_not_older(metadata, monkeypatch):
    """To the millisecond, as it is recorded."""
    newest = invalidate.select(metadata, ALL, [])[-1]

    class At(datetime):
        @classmethod
        def now(cls, tz=None):
            return newest.created.astimezone(timezone.utc)

    monkeypatch.setattr(invalidate, "datetime", At)
    assert newest.key not in chosen(metadata, older_than=timedelta(0))


def test_ids_may_have_gaps(metadata, folder):
    """Databases skip ids, of writes that failed, say."""
    records = sqlite3.connect(folder / ".zencache" / "metadata.db")
    for table in ("Execution", "Context"):
        records.execute(f"DELETE FROM {table} WHERE id % 5 = 3")
        records.execute(f"DELETE FROM {table}Property WHERE {table}_id % 5 = 3")
    records.commit()
    records.close()
    left = [number + 1 for number in range(20) if number % 2 == 0 and (number + 1) % 5 != 3]
    found = invalidate.select(metadata, ALL, [])
    assert [record.id for record in found] == left


def test_a_store_without_executions_has_none(folder):
    """Nothing is listed, and nothing is wrong."""
    store = MetadataStore(create_project(folder))
    assert chosen(store, older_than=timedelta(0)) == []
    assert chosen(store, key="abcdef12") == []


def test_records_are_read_page_by_page_and_by_no_query(metadata, monkeypatch):
    """ML Metadata 1.21 knows no queries, and lists records only as a whole."""
    asked, call = Counter(), MetadataClient.__getattr__

    def counted(self, name):
        def counting(*args, **kwargs):
            answer = call(self, name)(*args, **kwargs)
            asked[name] = max(asked[name], len(answer) if isinstance(answer, list) else 0)
            assert not getattr(kwargs.get("list_options"), "filter_query", None)
            return answer

        return counting

    monkeypatch.setattr(MetadataClient, "__getattr__", counted)
    chosen(metadata, older_than=timedelta(0))
    chosen(metadata, key="abcdef12")
    assert asked["get_executions"] == asked["get_contexts"] == 1
    assert asked["get_executions_by_id"] == asked["get_contexts_by_id"] == 7
