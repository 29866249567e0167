"""The second key: what it leaves out of parameters, and which records it may reuse."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import pytest

from zencache.caching.key import KeyParts
from zencache.code.canonical_digest import CanonicalCode
from zencache.model.records import ArtifactRecord, ExecutionRecord
from zencache.model.values import to_text
from zencache.planning.canonical_key import canonical_key, is_reusable, is_same
from zencache.tracking.observed_inputs import Seen

NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)
CODE = CanonicalCode("c0de", {})


@dataclass
class One:
    a: int


@dataclass
class Two:
    a: int


NAMES = {kind: json.loads(to_text(kind(1)))["$dataclass"][0] for kind in (One, Two)}
SAME = dict.fromkeys(NAMES.values(), "one digest")


def key(parameters, digests=SAME, unused=frozenset(), **more):
    texts = {name: to_text(value) for name, value in parameters.items()}
    return canonical_key(KeyParts(code="", parameters=texts, **more), CODE, {}, digests, unused)


def record(*, value_type="int", materializer="by value", facts=None, parameters=None, state="COMPLETE"):
    output = ArtifactRecord(1, "output", "", Path(), value_type, materializer, "", 0, live=True)
    parts = KeyParts(code="", parameters=parameters or {}, canonical="same")
    return ExecutionRecord(
        *(1, "work", state, NOW, NOW),
        key_parts=parts.model_dump_json(),
        seen=Seen(facts=facts or {}).to_json(),
        outputs={"output": output},
    )


def test_a_class_counts_by_its_content():
    """Two classes of one content are one, at any depth; of two contents, two."""
    assert key({"x": [{"k": One(1)}]}) == key({"x": [{"k": Two(1)}]}) != key({"x": [{"k": Two(2)}]})
    assert key({"x": One(1)}, {}) != key({"x": Two(1)}, {})


def test_a_text_that_names_a_class_is_a_text():
    """Only the class of a value is replaced, not a text or a key that reads like one."""
    assert key({"x": [One(1), NAMES[One]]}) != key({"x": [One(1), NAMES[Two]]})
    assert key({"x": [One(1), {NAMES[One]: 1}]}) != key({"x": [One(1), {NAMES[Two]: 1}]})


def test_an_unused_parameter_does_not_count():
    """Neither its value nor that it is there."""
    unused = frozenset({"verbose"})
    assert key({"x": 1, "verbose": True}, unused=unused) == key({"x": 1}, unused=unused)
    assert key({"x": 1, "verbose": True}) != key({"x": 1})


@pytest.mark.parametrize(
    "part", [{"inputs": {"t": ("int", "d")}}, {"outputs": {"o": ("int", "m")}}, {"policy": {"v": "1"}}]
)
def test_all_other_parts_count(part):
    """Inputs, outputs and what a policy adds are as in the key."""
    assert key({}) != key({}, **part)


def test_only_a_record_of_the_same_canonical_key_is_the_same():
    """A failed execution, and parts without such a key, are never the same."""
    parts = KeyParts(code="", canonical="same")
    assert is_same(record(), parts)
    assert not is_same(record(), KeyParts(code="", canonical="other"))
    assert not is_same(record(), KeyParts(code=""))
    assert not is_same(record(state="FAILED"), parts)


@pytest.mark.parametrize(
    ("facts", "reusable"),
    [
        ({}, True),
        ({"packages": {"scipy": "1.13|scikit-learn"}}, True),
        ({"packages": {"duckdb": "1.0|"}}, False),
        ({"code": {"plug.py:run": "shape"}}, False),
    ],
)
def test_what_ran_must_see_no_names(facts, reusable):
    """Packages that are not known, and code that the key does not hold, may look at names."""
    assert is_reusable(record(facts=facts), KeyParts(code="")) is reusable


@pytest.mark.parametrize(
    ("value_type", "materializer", "reusable"),
    [
        ("int", "by value", True),
        ("list", "by value", False),
        ("int", "zencache.materializers.pickled:PickleMaterializer", False),
    ],
)
def test_a_stored_value_may_name_the_class_that_moved(value_type, materializer, reusable, monkeypatch):
    """Of a class that moved, only plain results are reused."""
    monkeypatch.setattr("zencache.planning.canonical_key.runs_code", lambda path: "pickle" in path.lower())
    old = record(value_type=value_type, materializer=materializer, parameters={"x": "old"})
    assert is_reusable(old, KeyParts(code="", parameters={"x": "new"})) is reusable
    assert is_reusable(old, KeyParts(code="", parameters={"x": "old", "verbose": "true"}))
