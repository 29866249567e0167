"""Contexts: found and registered by type and name."""

from __future__ import annotations

import threading

import pytest

from zencache.config import create_project
from zencache.errors import AlreadyExistsError
from zencache.metadata import schema
from zencache.metadata.contexts import Contexts
from zencache.metadata.store import MetadataStore
from zencache.model.database import Database

MYSQL = Database.of("mysql://host/name")


@pytest.fixture
def metadata(folder):
    return MetadataStore(create_project(folder))


def test_all_types_are_registered(metadata):
    """Each type of the schema has an id, and a second store finds the same ids."""
    assert set(metadata.contexts.types) == set(schema.CONTEXT_TYPES)
    assert MetadataStore(metadata.project).contexts.types == metadata.contexts.types


def test_a_missing_context_is_registered_once(metadata):
    """Whoever asks first."""
    assert metadata.contexts.find(schema.PIPELINE_CONTEXT, "flow") is None
    context_id = metadata.contexts.id_of(schema.PIPELINE_CONTEXT, "flow")
    assert MetadataStore(metadata.project).contexts.id_of(schema.PIPELINE_CONTEXT, "flow") == context_id
    assert metadata.contexts.find(schema.PIPELINE_CONTEXT, "flow").id == context_id


def test_one_name_may_be_of_several_types(metadata):
    """A pipeline and its run, say."""
    ids = {metadata.contexts.id_of(kind, "flow") for kind in (schema.PIPELINE_CONTEXT, schema.RUN_CONTEXT)}
    assert len(ids) == 2


class CaseBlind:
    """Stands for the client of a database that ignores the case of names."""

    def __init__(self, client):
        self._client = client

    def __getattr__(self, name):
        return getattr(self._client, name)

    def get_context_by_type_and_name(self, kind, name):
        found = [c for c in self._client.get_contexts_by_type(kind) if c.name.casefold() == name.casefold()]
        return found[0] if found else None

    def put_contexts(self, contexts):
        from ml_metadata import errors

        kinds = {number: kind for kind, number in self.types.items()}
        if any(self.get_context_by_type_and_name(kinds[c.type_id], c.name) for c in contexts):
            raise errors.AlreadyExistsError("taken")
        return self._client.put_contexts(contexts)


@pytest.fixture
def case_blind(metadata):
    client = CaseBlind(metadata.client)
    client.types = metadata.contexts.types
    return Contexts(client, threading.RLock(), MYSQL)


def test_a_name_that_differs_in_case_alone_is_refused(case_blind):
    """One pipeline is not taken for another."""
    case_blind.id_of(schema.PIPELINE_CONTEXT, "flow")
    assert case_blind.find(schema.PIPELINE_CONTEXT, "Flow") is None
    with pytest.raises(AlreadyExistsError, match="takes a name for it that differs in case"):
        case_blind.id_of(schema.PIPELINE_CONTEXT, "Flow")


def test_steps_that_differ_in_case_alone_have_contexts_of_their_own(case_blind):
    """Python tells them apart, so their stored names differ."""
    ids = {case_blind.id_of(schema.STEP_CONTEXT, name) for name in ("steps.load", "steps.Load")}
    assert len(ids) == 2
