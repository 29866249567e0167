"""What the steps of one run write is compared: shared files do not count, and readers run after writers."""

from __future__ import annotations

from types import SimpleNamespace

from zencache.execution.written_in_run import WrittenInRun
from zencache.policy import CachePolicy
from zencache.tracking.notes import subject
from zencache.tracking.observed_inputs import Seen


def settle(run, step, seen, *, ancestors=(), policy=None, cached=None, records=()):
    metadata = SimpleNamespace(executions=SimpleNamespace(by_id=lambda _: list(records)))
    return run.settled(
        step, seen, cached or {}, metadata, ancestors=ancestors, policy=policy or CachePolicy()
    )


def test_a_note_advises_to_return_the_file_unless_the_policy_decides():
    [note] = settle(WrittenInRun(), "prep", Seen(writes={"a.csv": "1"})).notes
    assert "`-> Path`" in note
    assert subject(note) != note
    settled = settle(WrittenInRun(), "prep", Seen(writes={"a.csv": "1"}), policy=CachePolicy(writes="ignore"))
    assert not settled.notes


def test_a_file_that_two_steps_write_does_not_count():
    run = WrittenInRun()
    assert settle(run, "one", Seen(writes={"a.csv": "1"})).writes
    two = settle(run, "two", Seen(writes={"a.csv": "2", "b.csv": "3"}))
    assert (two.writes, two.shared) == ({"b.csv": "3"}, ("a.csv",))
    assert "a.csv" in two.remarks[0]


def test_a_file_that_a_later_step_removes_does_not_count():
    run = WrittenInRun()
    settle(run, "one", Seen(writes={"a.csv": "1"}))
    assert settle(run, "two", Seen(modified=("a.csv",))).shared == ("a.csv",)


def test_a_step_that_reads_what_another_wrote_runs_after_it():
    """Unless a result leads from one to the other, or it read other content."""
    run = WrittenInRun()
    settle(run, "prep", Seen(writes={"a.csv": "1"}))
    reads = Seen(files={"a.csv": "1"})
    assert settle(run, "use", reads).channels == {"a.csv": "prep"}
    assert not settle(run, "use", reads, ancestors={"prep"}).channels
    assert not settle(run, "use", Seen(files={"a.csv": "0"})).channels


def test_what_a_reused_step_wrote_is_in_its_record():
    record = SimpleNamespace(id=7, seen=Seen(writes={"a.csv": "1"}).to_json())
    seen = settle(WrittenInRun(), "use", Seen(files={"a.csv": "1"}), cached={"prep": 7}, records=[record])
    assert seen.channels == {"a.csv": "prep"}
