"""Marks for gc, invalidation and deletion."""

from __future__ import annotations

import pytest

from zencache.config import create_project
from zencache.metadata import marks
from zencache.metadata.client import get_properties, pb, set_properties
from zencache.metadata.schema import COLLECTED, DAMAGED, INVALIDATED
from zencache.metadata.store import MetadataStore


@pytest.fixture
def metadata(folder):
    return MetadataStore(create_project(folder))


def put_artifact(metadata, state_number=pb.Artifact.LIVE, **properties):
    kind = metadata.client.put_artifact_type(pb.ArtifactType(name="Data"))
    artifact = pb.Artifact(uri="/data/1", type_id=kind, state=state_number)
    set_properties(artifact.custom_properties, properties)
    return metadata.client.put_artifacts([artifact])[0]


def read(metadata, number):
    """Give an artifact's state and its custom properties."""
    [artifact] = metadata.client.get_artifacts_by_id([number])
    return pb.Artifact.State.Name(artifact.state), get_properties(artifact.custom_properties)


def test_unmarking_undoes_marking(metadata):
    """What TFX wrote of the state beside it changes with it, and back."""
    number = put_artifact(metadata, state="published")
    before = read(metadata, number)
    marks.mark_for_deletion(metadata, [number], "today")
    state, properties = read(metadata, number)
    assert (state, properties["state"], properties[COLLECTED]) == (
        "MARKED_FOR_DELETION",
        "marked_for_deletion",
        "today",
    )
    marks.unmark_for_deletion(metadata, [number])
    assert read(metadata, number) == before


def test_gc_unmarks_only_what_gc_marked(metadata):
    """A damaged artifact is marked, too, and stays so."""
    number = put_artifact(metadata, pb.Artifact.MARKED_FOR_DELETION, **{DAMAGED: "its content changed"})
    before = read(metadata, number)
    marks.mark_for_deletion(metadata, [number], "today")
    marks.unmark_for_deletion(metadata, [number])
    assert read(metadata, number) == before


def test_a_deleted_artifact_tells_when_it_was_marked_first(metadata):
    """The day of the choice, and not that on which a later gc finished."""
    number = put_artifact(metadata)
    marks.mark_for_deletion(metadata, [number], "today")
    marks.mark_deleted(metadata, [number], "tomorrow")
    assert read(metadata, number) == ("DELETED", {COLLECTED: "today"})


def test_of_several_reasons_to_drop_a_result_the_first_stays(metadata):
    """A plan says the one by which it was no hit any more."""
    kind = metadata.client.put_execution_type(pb.ExecutionType(name="step"))
    ids = metadata.client.put_executions([pb.Execution(type_id=kind) for _ in range(2)])
    marks.mark_dropped(metadata, ids[:1], "by hand")
    marks.mark_dropped(metadata, ids, "its run was deleted")
    executions = metadata.client.get_executions_by_id(ids)
    reasons = [get_properties(each.custom_properties)[INVALIDATED] for each in executions]
    assert reasons == ["by hand", "its run was deleted"]
