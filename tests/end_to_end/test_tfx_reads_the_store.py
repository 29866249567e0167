"""TFX's own library finds in the store what TFX would have written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from sklearn.base import ClassifierMixin
from sklearn.svm import SVC

from zencache import pipeline, step

pytestmark = pytest.mark.tfx


@step
def importer() -> np.ndarray:
    return np.arange(20.0).reshape(10, 2)


@step
def trainer(data: np.ndarray, gamma: float = 0.5) -> ClassifierMixin:
    return SVC(gamma=gamma).fit(data, data[:, 0] > 5)


@pipeline
def training(gamma: float = 0.5):
    trainer(importer(), gamma=gamma)


@pytest.fixture
def handle():
    """TFX's own connection to the store of two runs: one computed, one reused."""
    training().run(run_name="computed")
    training().run(run_name="reused")
    from tfx.orchestration import metadata

    with metadata.Metadata(
        metadata.sqlite_metadata_connection_config(str(Path(".zencache/metadata.db")))
    ) as opened:
        yield opened


def test_contexts_are_named_and_nested_as_tfx_does(handle):
    """A pipeline, its runs as its children, and a node context for each step."""
    store = handle.store
    [parent] = store.get_contexts_by_type("pipeline")
    assert parent.name == "training"
    assert [c.name for c in store.get_children_contexts_by_context(parent.id)] == ["computed", "reused"]
    assert sorted(c.name for c in store.get_contexts_by_type("node")) == [
        "training.importer",
        "training.trainer",
    ]


def test_both_runs_have_their_executions(handle):
    """COMPLETE in the first run, CACHED in the second, with the parameters where TFX puts them."""
    from ml_metadata.proto import metadata_store_pb2 as pb

    for run, state in (("computed", pb.Execution.COMPLETE), ("reused", pb.Execution.CACHED)):
        context = handle.store.get_context_by_type_and_name("pipeline_run", run)
        executions = handle.store.get_executions_by_context(context.id)
        assert [e.last_known_state for e in executions] == [state, state]
        [trained] = [e for e in executions if e.type == f"{__name__}.trainer"]
        assert trained.custom_properties["gamma"].string_value == "0.5"


def test_the_model_is_walked_back_to_the_data(handle):
    """From a model of TFX's type over its execution to the imported data, by TFX's own library."""
    from tfx.orchestration.portable.mlmd import event_lib, execution_lib

    [model] = handle.store.get_artifacts_by_type("Model")
    assert Path(model.uri).is_dir()
    events = handle.store.get_events_by_artifact_ids([model.id])
    [producer] = [e.execution_id for e in events if event_lib.is_valid_output_event(e)][:1]
    inputs = execution_lib.get_input_artifacts(handle, producer)
    [data] = inputs["data"]
    assert data.mlmd_artifact.custom_properties["zencache_type"].string_value == "numpy.ndarray"
    outputs = execution_lib.get_output_artifacts(handle, producer)
    assert [a.id for a in outputs["output"]] == [model.id]


def test_the_reused_run_is_linked_to_the_same_artifacts(handle):
    """A hit adds an execution, not an artifact; TFX resolves its outputs for the run."""
    assert len(handle.store.get_artifacts()) == 2
    run = handle.store.get_context_by_type_and_name("pipeline_run", "reused")
    [model] = [a for a in handle.store.get_artifacts_by_context(run.id) if a.type == "Model"]
    assert len(handle.store.get_events_by_artifact_ids([model.id])) == 2
