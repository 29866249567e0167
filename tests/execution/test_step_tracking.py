"""A step does not fail because it is observed: what cannot be told makes its record one that is not reused."""

from __future__ import annotations

import os
import threading
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

import pytest

from zencache.code.digest import CodeReader
from zencache.execution.retained_reads import RetainedReads
from zencache.execution.step_tracking import FunctionTracking
from zencache.policy import CachePolicy
from zencache.tracking import audit_events, tracker
from zencache.tracking.file_digests import FileDigests
from zencache.tracking.observed_inputs import Seen, changed
from zencache.util.interruptions import throw


def tracking_of(function, folder):
    body = SimpleNamespace(function=function, spec=SimpleNamespace(name="work", parameters={}))
    project = SimpleNamespace(root=folder, folder=folder / ".zencache")
    code = CodeReader().of(function)
    return FunctionTracking(body, CachePolicy(), project, FileDigests(None), code, dict)


def work():
    return 1


def writes_a_file():
    Path("out.txt").write_text("1")


def asks_about_a_null_character():
    with suppress(ValueError):
        os.access("a\0b", os.R_OK)


class Odd(dict):
    """A mapping whose values cannot be listed."""

    def values(self):
        raise RuntimeError


RATES = {"first": 1}


def rated():
    return sum(RATES.values())


def fails(*_, **__):
    raise RuntimeError


def test_a_path_that_no_system_takes_is_no_reason_to_fail(folder):
    with (tracking := tracking_of(asks_about_a_null_character, folder)):
        asks_about_a_null_character()
    assert changed(tracking.seen(), folder, FileDigests(None)) == []


def test_the_values_of_an_odd_mapping_are_taken_without_its_methods(folder):
    tracking = tracking_of(work, folder)
    tracking.takes([Odd(a=Odd())])
    with tracking:
        work()
    assert changed(tracking.seen(), folder, FileDigests(None)) == []


@pytest.mark.parametrize("part", ["begin", "end", "adopt_answers"])
def test_a_record_that_cannot_be_told_is_not_reused(folder, monkeypatch, part):
    """The step itself succeeds, and a note says that its reads are not known."""
    monkeypatch.setattr(RetainedReads, part, fails)
    with (tracking := tracking_of(work, folder)):
        work()
    seen = Seen.from_json(tracking.seen().to_json())
    assert changed(seen, folder, FileDigests(None)) == ["what it reads is not known (RuntimeError)"]
    assert "could not be told (RuntimeError)" in seen.notes[0]


@pytest.mark.parametrize("is_changed", [True, False])
def test_what_an_earlier_step_changed_in_memory_is_a_remark(folder, monkeypatch, is_changed):
    """Its key holds the value that the import made."""
    tracking = tracking_of(rated, folder)
    if is_changed:
        monkeypatch.setitem(RATES, "second", 2)
    with tracking:
        rated()
    remarks = [each for each in tracking.seen().remarks if "an earlier step changed" in each]
    assert len(remarks) == is_changed
    assert all("global RATES" in each for each in remarks)


def test_arguments_that_cannot_be_told_make_the_record_unknown(folder):
    tracking = tracking_of(work, folder)
    tracking.takes(fails() for _ in "a")
    with tracking:
        work()
    assert changed(tracking.seen(), folder, FileDigests(None)) == [
        "what it reads is not known (RuntimeError)"
    ]


@pytest.mark.parametrize("place", ["start", "stop"])
def test_a_step_that_is_interrupted_at_its_edges_leaves_nothing_replaced(folder, monkeypatch, place):
    """Its time may be up while its tracking begins or ends: later steps of the process are seen whole."""
    original = getattr(audit_events, place)

    def interrupted(*args):
        throw(threading.get_ident(), KeyboardInterrupt)
        return original(*args)

    with monkeypatch.context() as patch:
        patch.setattr(audit_events, place, interrupted)
        with pytest.raises(KeyboardInterrupt), tracking_of(work, folder):
            work()
    assert type(os.environ) is os._Environ
    assert not tracker._changes._watched
    assert not audit_events.active()


class Counted:
    """A value that counts how often somebody looks into it."""

    looks = 0

    @property
    def __dict__(self):
        type(self).looks += 1
        return {"file": Path("out.txt")}


@pytest.mark.parametrize("writes", [False, True])
def test_what_a_step_returns_is_looked_through_only_where_it_wrote_a_file(folder, monkeypatch, writes):
    """A list of a million numbers has no paths to look for; a returned file is no file beside the result."""
    monkeypatch.setattr(Counted, "looks", 0)
    function = writes_a_file if writes else work
    with (tracking := tracking_of(function, folder)):
        function()
    tracking.gives([Counted()])
    assert tracking.seen().writes == {}
    assert Counted.looks == writes
