"""The inventory of a project: the bytes that its runs stored, by place, with their sizes and uses."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from zencache.artifacts.ownership import enclosing

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from zencache.maintenance.lineage import Lineage, RunKey
    from zencache.metadata.scan import RecordedArtifact, Use


@dataclass(frozen=True)
class StoredBlob:
    """Bytes in one place, with all artifacts that the stores record there, and their uses."""

    place: str
    size: int
    artifacts: tuple[RecordedArtifact, ...]
    uses: tuple[Use, ...]

    @property
    def maker(self) -> Use:
        """The execution that computed it."""
        maker = _maker(self.artifacts, self.uses)
        assert maker is not None  # else it is not in the inventory
        return maker

    @property
    def last_used(self) -> datetime:
        """When it was last computed or used."""
        return max(use.when for use in self.uses)

    @property
    def is_dropped(self) -> bool:
        """Whether it is marked, so that it is never reused."""
        return self.maker.is_dropped or any(artifact.state != "LIVE" for artifact in self.artifacts)

    @cached_property
    def runs(self) -> frozenset[RunKey]:
        """The runs that need it."""
        return frozenset((use.store, use.run) for use in self.uses if use.run is not None)

    def is_output_of(self, use: Use) -> bool:
        """Say whether an execution made or reused it."""
        return _gives(use, self.artifacts)


@dataclass(frozen=True)
class Inventory:
    """All bytes that a project's runs stored, and what must stay whatever the criteria."""

    blobs: tuple[StoredBlob, ...]
    lineage: Lineage
    served: frozenset[str] = frozenset()
    """The places of served models, and of what they were pushed from."""
    protected: frozenset[str] = frozenset()
    """The places that an importer names, or that lie in or around another artifact."""

    @property
    def size(self) -> int:
        """All bytes."""
        return sum(blob.size for blob in self.blobs)


def take_inventory(lineage: Lineage) -> Inventory:
    """Group artifacts by place, as far as this project's runs put them there, and measure them."""
    blobs = tuple(_blobs(lineage))
    return Inventory(blobs, lineage, _served(lineage), _protected(lineage, blobs))


def _blobs(lineage: Lineage) -> Iterator[StoredBlob]:
    for place, artifacts in lineage.artifacts_by_place.items():
        uses = tuple(use for artifact in artifacts for use in lineage.uses_of(artifact))
        is_own = any(
            use.owns_outputs and lineage.owned_roots[use.store].is_made_by(place, use.id) for use in uses
        )
        if is_own and _maker(artifacts, uses) is not None:
            yield StoredBlob(place, _size(lineage, artifacts), tuple(artifacts), uses)


def _maker(artifacts: Sequence[RecordedArtifact], uses: Iterable[Use]) -> Use | None:
    computed = (use for use in uses if use.owns_outputs and use.state != "CACHED" and _gives(use, artifacts))
    return next(computed, None)


def _gives(use: Use, artifacts: Iterable[RecordedArtifact]) -> bool:
    return any(artifact.store == use.store and artifact.id in use.outputs for artifact in artifacts)


def _size(lineage: Lineage, artifacts: Sequence[RecordedArtifact]) -> int:
    """Measure a local artifact; a remote one has its recorded size, or none once it is in quarantine."""
    first = artifacts[0]
    is_quarantined = all(each.state == "MARKED_FOR_DELETION" and not each.is_collected for each in artifacts)
    recorded = 0 if is_quarantined else first.record.size
    return lineage.scans[first.store].metadata.artifacts.stored_size(first.place, recorded)


def _served(lineage: Lineage) -> frozenset[str]:
    """List the places of the newest pushed model of each pipeline and destination, and of its inputs."""
    place_of = {(artifact.store, artifact.id): artifact.place for artifact in lineage.artifacts}
    destination_of = {(a.store, a.id): a.pushed_to for a in lineage.artifacts if a.pushed_to}
    newest: dict[tuple[int, str, str], int] = {}
    pushes: list[tuple[tuple[int, str, str], int, Use]] = []
    for use in (use for scan in lineage.scans for use in scan.uses):
        run = lineage.run_of(use)
        if run is None or run.deleted:
            continue
        for artifact_id in use.outputs:
            if destination := destination_of.get((use.store, artifact_id)):
                target = (use.store, use.pipeline, destination.rpartition("/")[0])
                newest[target] = max(newest.get(target, 0), artifact_id)
                pushes.append((target, artifact_id, use))
    return frozenset(
        place_of[use.store, served_id]
        for target, artifact_id, use in pushes
        if newest[target] == artifact_id
        for served_id in (artifact_id, *use.inputs)
    )


def _protected(lineage: Lineage, blobs: Iterable[StoredBlob]) -> frozenset[str]:
    """List the places of blobs that an importer names, or that lie in or around another artifact."""
    places = lineage.artifacts_by_place.keys()
    imported = {a.place for scan in lineage.scans for a in scan.artifacts if a.id in scan.imported}
    around_others = {parent for place in places for parent in enclosing(place)}
    return frozenset(
        blob.place
        for blob in blobs
        if blob.place in imported | around_others or any(parent in places for parent in enclosing(blob.place))
    )
