"""Measures the cache: by pipeline, by step, and what gc could free."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from zencache.maintenance.orphans import scan
from zencache.maintenance.retention import Criteria, choose_deletable
from zencache.util.sizes import size_text

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from zencache.artifacts.orphan_candidates import OrphanCandidate
    from zencache.maintenance.inventory import StoredBlob
    from zencache.metadata.session import ProjectRecords


@dataclass(frozen=True)
class Share:
    """A part of the cache: its name, how many artifacts it has, and their bytes."""

    name: str
    count: int
    size: int

    def __str__(self) -> str:
        return f"{self.name}: {self.count}, {size_text(self.size)}"


@dataclass(frozen=True)
class CacheSize:
    """How large the cache is, in bytes on disk."""

    count: int
    size: int
    pipelines: tuple[Share, ...]
    """By the pipeline that computed it, largest first."""
    steps: tuple[Share, ...]
    """By `pipeline.step`, largest first."""
    dropped: Share
    """Results that are marked, so that they are never reused; included in the numbers above."""
    leftovers: Share
    """Orphans: what no record refers to and no active run owns."""
    set_aside: Share
    """Bad copies in quarantine."""
    collected: int
    """How many artifacts gc deleted before."""
    collectable: int
    """What `gc(keep_last=1)` would free, orphans included."""


def cache_size(every: Sequence[ProjectRecords]) -> CacheSize:
    """Measure the cache; see `Repository.cache_size`."""
    now = datetime.now(timezone.utc)
    report = scan(every, now)
    inventory = report.inventory
    chosen = choose_deletable(inventory, Criteria(keep_last=1), now)
    orphans = _share("leftovers", report.orphans)
    without_record = _share("leftovers", (*report.orphans, *report.unrecorded))
    return CacheSize(
        count=len(inventory.blobs),
        size=inventory.size,
        pipelines=_shares((blob.maker.pipeline, blob.size) for blob in inventory.blobs),
        steps=_shares((_step_name(blob), blob.size) for blob in inventory.blobs),
        dropped=_share("dropped", [blob for blob in inventory.blobs if blob.is_dropped]),
        leftovers=without_record,
        set_aside=_share("set aside", report.quarantined),
        collected=sum(artifact.state == "DELETED" for artifact in inventory.lineage.artifacts),
        collectable=orphans.size + sum(blob.size for blob in chosen),
    )


def _step_name(blob: StoredBlob) -> str:
    return f"{blob.maker.pipeline}.{blob.maker.step}".lstrip(".")


def _share(name: str, parts: Collection[StoredBlob] | Collection[OrphanCandidate]) -> Share:
    return Share(name, len(parts), sum(part.size for part in parts))


def _shares(sizes: Iterable[tuple[str, int]]) -> tuple[Share, ...]:
    """Add up sizes by name, largest first."""
    counts: Counter[str] = Counter()
    totals: Counter[str] = Counter()
    for name, size in sizes:
        counts[name] += 1
        totals[name] += size
    shares = (Share(name, counts[name], totals[name]) for name in counts)
    return tuple(sorted(shares, key=lambda share: (-share.size, share.name)))
