"""Compares what the steps of a run wrote and read: which files several wrote, and who reads them."""

from __future__ import annotations

import dataclasses
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from zencache.tracking.notes import channel, shared_writes, writes
from zencache.tracking.observed_inputs import Seen

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from zencache.metadata.store import MetadataStore
    from zencache.policy import CachePolicy


@dataclass
class WrittenInRun:
    """The files that the steps of a run wrote; its workers share it."""

    _lock: threading.Lock = field(default_factory=threading.Lock)
    _writes: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """Step to the files that it wrote whole, with their digests."""
    _changed: dict[str, frozenset[str]] = field(default_factory=dict)
    """Step to all files that it wrote, changed or removed."""

    def settled(
        self,
        step: str,
        seen: Seen,
        cached: Mapping[str, int],
        metadata: MetadataStore,
        *,
        ancestors: Collection[str],
        policy: CachePolicy,
    ) -> Seen:
        """Give what a step that ended read and wrote, with what other steps of the run say of it.

        `cached` are the steps that were reused until now, each to its execution; `ancestors` are those whose
        results lead to the step.
        """
        if seen.writes or seen.modified or seen.files:
            self._read_cached(cached, metadata)
        own = frozenset((*seen.writes, *seen.modified))
        with self._lock:
            others = {name: changed for name, changed in self._changed.items() if name != step}
            written = {name: each for name, each in self._writes.items() if name != step}
            if own:
                self._changed[step], self._writes[step] = own, seen.writes
        shared = tuple(sorted(own & frozenset().union(*others.values())))
        channels = _channels(seen, written, ancestors)
        counted = {name: digest for name, digest in seen.writes.items() if name not in shared}
        is_advised = counted and policy.writes is None
        return dataclasses.replace(
            seen,
            writes=counted,
            shared=shared,
            channels=channels,
            notes=(
                *seen.notes,
                *([writes(step, counted)] if is_advised else []),
                *(channel(step, writer, name) for name, writer in channels.items()),
            ),
            remarks=(*seen.remarks, *([shared_writes(step, shared)] if shared else [])),
        )

    def _read_cached(self, cached: Mapping[str, int], metadata: MetadataStore) -> None:
        """Read what reused steps wrote when they were computed."""
        new = {name: execution for name, execution in cached.items() if name not in self._changed}
        records = metadata.executions.by_id(list(new.values())) if new else []
        seen_by_id = {record.id: Seen.from_json(record.seen) for record in records if record.seen}
        with self._lock:
            for name, execution in new.items():
                seen = seen_by_id.get(execution, Seen())
                self._writes[name] = seen.writes
                self._changed[name] = frozenset((*seen.writes, *seen.shared))


def _channels(
    seen: Seen, written: Mapping[str, Mapping[str, str]], ancestors: Collection[str]
) -> dict[str, str]:
    """Give the files that a step read as another one had written them, each to that step."""
    candidates: Iterable[tuple[str, Mapping[str, str]]] = (
        (name, each) for name, each in written.items() if name not in ancestors
    )
    return {
        file: writer
        for writer, each in candidates
        for file in sorted(each.keys() & seen.files.keys())
        if seen.files[file] == each[file]
    }
