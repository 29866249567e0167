"""What ML Metadata is given of runs, and what is read of them: its messages, made of records and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.graph.specs import key_and_index
from zencache.graph.values import from_text
from zencache.stores.mlmd import get_properties, pb
from zencache.stores.records import RunRecord, from_milliseconds
from zencache.stores.versions import DELETED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from zencache.graph.specs import StepSpec
    from zencache.stores.records import ArtifactRecord, CachedStep


def step_properties(
    spec: StepSpec, key: str | None, parts: str | None, reason: str, compared_with: int | None = None
) -> dict[str, str | None]:
    """Give the custom properties that every execution of a step carries."""
    return {
        "zencache_step": spec.name,
        "zencache_key": key,
        "zencache_key_parts": parts,
        "zencache_reason": reason,
        "zencache_compared_with": None if compared_with is None else str(compared_with),
    }


def recorded(spec: StepSpec) -> Mapping[str, Any]:
    """Give parameters as they are recorded: of a step as JSON, of a native component as TFX does."""
    if spec.node is None:
        return spec.parameters
    values = {name: from_text(text) for name, text in spec.parameters.items()}
    return {name: value for name, value in values.items() if isinstance(value, str | int | float)}


def goes_on(run: Any) -> bool:
    """Say whether a run's context says that it goes on."""
    return bool(get_properties(run.custom_properties).get("zencache_status") == "running")


def run_record(context: Any) -> RunRecord:
    """Make a record of a run's context."""
    extra = get_properties(context.custom_properties)
    return RunRecord(
        id=context.id,
        name=context.name,
        pipeline=extra["zencache_pipeline"],
        version=extra.get("zencache_version"),
        status=extra.get("zencache_status", "unknown"),
        created=from_milliseconds(context.create_time_since_epoch),
        seconds=extra.get("zencache_seconds"),
        pinned=extra.get("zencache_pinned"),
        deleted=extra.get(DELETED),
        owner=extra.get("zencache_owner"),
        root=extra.get("zencache_root", ""),
    )


def events(hit: CachedStep) -> Iterator[Any]:
    """Make one event an artifact and side; an artifact that feeds two inputs has both in its path."""
    for kind, side in ((pb.Event.INPUT, hit.inputs), (pb.Event.OUTPUT, hit.hit.outputs)):
        by_artifact: dict[int, list[str]] = {}
        for name, artifact in _items(side):
            by_artifact.setdefault(artifact.id, []).append(name)
        for artifact_id, names in by_artifact.items():
            event = pb.Event(artifact_id=artifact_id, type=kind)
            for name in names:
                key, index = key_and_index(name)
                event.path.steps.add().key = key
                event.path.steps.add().index = index
            yield event


def _items(side: Any) -> list[tuple[str, ArtifactRecord]]:
    return sorted(side.items())
