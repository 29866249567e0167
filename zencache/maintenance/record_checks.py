"""Checks a store's records: stale runs, runs without their links, and keys of another execution."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

from zencache.metadata.links import (
    LinkReader,
    link_run,
    list_stale_runs,
    relink_key,
    wrong_keys,
)
from zencache.metadata.run_status import is_active
from zencache.metadata.stale_runs import mark_stale_failed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime

    from zencache.metadata.scan import StoreScan, Use
    from zencache.metadata.store import MetadataStore
    from zencache.model.records import RunRecord

_WRITE_SECONDS = 60  # in which a run on a server may still be being written


@dataclass(frozen=True)
class RecordFault:
    """What is wrong with records, and how to repair it."""

    pipeline: str
    run: str
    where: str
    wrong: str
    outcome: str
    """What `repair` does, in words."""
    repair: Callable[[], object] = field(repr=False, compare=False)


def check_records(scan: StoreScan, now: datetime) -> list[RecordFault]:
    """List what is wrong with a store's records."""
    if not _faults(scan, now):
        return []
    # Under the lock nobody publishes, so nothing is half-written. A server has no lock: see _WRITE_SECONDS.
    with scan.metadata.lock:
        return _faults(scan, now)


def _faults(scan: StoreScan, now: datetime) -> list[RecordFault]:
    process_of = list_stale_runs(scan.metadata)
    stale = [scan.runs[name] for name in sorted(process_of.keys() & scan.runs.keys())]
    ended = [
        run
        for run in scan.runs.values()
        if not run.of_tfx and not run.deleted and (run.name in process_of or not is_active(run, now))
    ]
    return [
        *(_stale_run(scan.metadata, run, process_of[run.name]) for run in stale),
        *_unlinked_runs(scan, ended, now),
        *_wrong_keys(scan.metadata),
    ]


def _stale_run(metadata: MetadataStore, run: RunRecord, process: str) -> RecordFault:
    return RecordFault(
        run.pipeline,
        run.name,
        "",
        f"goes on, by its record; but {process} has ended",
        "marked as failed; run the pipeline again, what has finished is reused",
        partial(mark_stale_failed, metadata, [run.id]),
    )


def _unlinked_runs(scan: StoreScan, ended: Iterable[RunRecord], now: datetime) -> Iterator[RecordFault]:
    """Find ended runs that lack links to their pipeline or nodes."""
    links = LinkReader(scan.metadata)
    executions_of: dict[str, list[Use]] = defaultdict(list)
    for use in scan.uses:
        if use.run is not None and use.step:
            executions_of[use.run].append(use)
    for run in ended:
        if scan.is_shared and (now - run.ended).total_seconds() < _WRITE_SECONDS:
            continue
        executions = executions_of[run.name]
        loose = [use for use in executions if not links.is_execution_linked(use.id, run.pipeline, use.step)]
        if loose or not links.is_run_linked(run):
            yield _unlinked_run(scan.metadata, run, loose)


def _unlinked_run(metadata: MetadataStore, run: RunRecord, loose: list[Use]) -> RecordFault:
    subject = f"of its steps, {len(loose)} not" if loose else "is not"
    return RecordFault(
        run.pipeline,
        run.name,
        ", ".join(use.step for use in loose),
        f"{subject} tied to the pipeline: its process ended while it was written",
        "tied",
        partial(link_run, metadata, run, [(use.id, use.step, use.outputs.keys()) for use in loose]),
    )


def _wrong_keys(metadata: MetadataStore) -> Iterator[RecordFault]:
    for key, (execution_id, exists) in wrong_keys(metadata).items():
        computed = "another key" if exists else "nothing: there is none"
        yield RecordFault(
            "",
            "",
            f"key {key[:12]}",
            f"leads to execution {execution_id}, which computed {computed}",
            "leads to the newest execution that computed it, or to none",
            partial(relink_key, metadata, key),
        )
