"""gc in pipelines of TFX: what it collects below their roots, and what it leaves alone."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from zencache import Repository

pytestmark = pytest.mark.tfx

NOW = {"older_than": timedelta(0)}


def folder_of(run, step):
    [output] = run.steps[step].outputs.values()
    return output.folder


def test_what_components_made_below_the_pipelines_root_is_collected_and_made_anew(flow, statuses):
    """Its step is a miss that says when, and runs again."""
    run = flow.run()
    assert folder_of(run, "Train").is_relative_to(flow.folder / "root")
    done = Repository().gc(**NOW)
    assert sorted(each.step for each in done.results) == ["Numbers", "Train"]
    assert not folder_of(run, "Train").exists()
    assert set(statuses(flow.run()).values()) == {"executed"}


def test_what_an_importer_names_stays(flow):
    """It was made by others, wherever it lies: below the pipeline's root, too."""
    from tfx import v1 as tfx

    uri = flow.folder / "root" / "known" / "numbers" / "1"
    uri.mkdir(parents=True)
    (uri / "numbers.txt").write_text("6")

    def more(*_):
        kind = tfx.types.standard_artifacts.Examples
        return [tfx.dsl.Importer(source_uri=str(uri), artifact_type=kind).with_id("known")]

    flow.run(flow.module.create(more=more))
    done = Repository().gc(**NOW)
    assert "known" not in {each.step for each in done.results}
    assert (uri / "numbers.txt").exists()


def test_the_newest_model_that_was_pushed_stays_with_what_it_was_pushed_from(flow):
    """What was pushed before may go; what lies at the destination is not the store's."""
    from tfx import v1 as tfx

    where = tfx.proto.PushDestination(
        filesystem=tfx.proto.PushDestination.Filesystem(base_directory=str(flow.folder / "serving"))
    )
    runs = []
    for rate in (0.25, 0.5):
        runs.append(
            flow.run(
                flow.module.create(
                    rate=rate,
                    more=lambda _, train: [
                        tfx.components.Pusher(model=train.outputs["model"], push_destination=where)
                    ],
                )
            )
        )
        time.sleep(1.1)  # TFX names a version by the second
    Repository().gc(**NOW)
    before, last = runs
    assert folder_of(last, "Pusher").exists()
    assert folder_of(last, "Train").exists()
    assert not folder_of(before, "Pusher").exists()
    assert not folder_of(before, "Train").exists()
    assert not folder_of(last, "Numbers").exists()
    assert len(list((flow.folder / "serving").iterdir())) == 2


def test_runs_of_tfx_itself_keep_what_they_need_for_an_hour(flow):
    """Nobody records when one of TFX's own runners has ended."""
    from tfx.orchestration.local.local_dag_runner import LocalDagRunner

    flow.run(name="ours")
    LocalDagRunner().run(flow.module.create(name="theirs"))
    repository = Repository()
    [run] = repository.get_runs("theirs")
    assert {each.pipeline for each in repository.gc(**NOW).results} == {"ours"}
    assert folder_of(run, "Train").exists()
    [size] = [share for share in repository.cache_size().pipelines if share.name == "theirs"]
    assert size.count == 2
