"""Versions in the records: one for each structure, whoever registers it."""

from __future__ import annotations

from zencache.config import create_project
from zencache.metadata.store import MetadataStore
from zencache.metadata.versions import VersionStore
from zencache.model.records import VersionRecord
from zencache.model.specs import CodeRef, OutputSpec, PipelineSpec, StepSpec


def spec(name):
    code = CodeRef(module="m", qualname=name)
    step = StepSpec(name=name, code=code, outputs=(OutputSpec(name="output", type="int"),))
    return PipelineSpec(name="p", steps=(step,))


def test_a_structure_that_another_machine_registers_meanwhile_is_one_version(folder, monkeypatch):
    """It is registered just after this process has read that it is not there, and again one later."""
    metadata = MetadataStore(create_project(folder))
    ours, theirs = VersionStore(metadata), VersionStore(metadata)
    find, registered = metadata.contexts.find, []

    def find_before_them(kind, name):
        context = find(kind, name)
        if context is None and len(registered) < 2:  # this reading of the versions ends here
            registered.append(spec(("other", "same")[len(registered)]))
            version = VersionRecord(len(registered), registered[-1].structure, registered[-1])
            assert theirs._put(version)
        return context

    monkeypatch.setattr(metadata.contexts, "find", find_before_them)
    assert ours.find(spec("unknown")) is None  # they register `other`
    assert ours._create(spec("same")).number == 2
    assert [version.number for version in ours.of_pipeline("p")] == [1, 2]
