"""What an ExampleGen reads, by content; and Pushers, whose results lie outside."""

from __future__ import annotations

import os
import shutil
import time

import pytest

from zencache.errors import DefinitionError

pytestmark = [pytest.mark.tfx, pytest.mark.slow]


@pytest.fixture
def csv(tmp_path, monkeypatch):
    """A folder with a small CSV file, and a pipeline that reads it."""
    from tfx import v1 as tfx

    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data"
    data.mkdir()
    (data / "a.csv").write_text("x,y\n" + "".join(f"{n},{n / 2}\n" for n in range(30)))

    def create(folder=data, pattern="*", name="csv"):
        config = tfx.proto.Input(splits=[tfx.proto.Input.Split(name="all", pattern=pattern)])
        gen = tfx.components.CsvExampleGen(input_base=str(folder), input_config=config)
        statistics = tfx.components.StatisticsGen(examples=gen.outputs["examples"])
        schema = tfx.components.SchemaGen(statistics=statistics.outputs["statistics"])
        return tfx.dsl.Pipeline(
            name,
            str(tmp_path / "root"),
            components=[gen, statistics, schema],
            metadata_connection_config=tfx.orchestration.metadata.sqlite_metadata_connection_config(
                str(tmp_path / "metadata.db")
            ),
        )

    return create


def test_files_count_by_content(csv, tmp_path):
    from zencache_tfx import ZencacheDagRunner, adopt

    def reason(**given):
        return adopt(csv(**given)).plan().steps["CsvExampleGen"]

    ZencacheDagRunner().run(csv())
    data = tmp_path / "data" / "a.csv"
    text = data.read_text()
    os.utime(data, (1, 1))
    assert adopt(csv()).plan().all_hits, "a touched file is the same file"
    shutil.copytree(tmp_path / "data", tmp_path / "moved")
    assert adopt(csv(folder=tmp_path / "moved")).plan().all_hits, "so is a moved one"
    data.write_text(text + "99,1\n")
    assert reason().reason == "file a.csv changed"
    data.write_text(text)
    assert reason().action == "hit"
    (tmp_path / "data" / "b.csv").write_text("x,y\n1,2\n")
    assert reason().reason == "file b.csv: new"
    assert reason(pattern="a*").reason.startswith("parameter input_config")
    with pytest.raises(
        DefinitionError, match=r"step CsvExampleGen: no file matches 'c\*' in .*data; put the data there"
    ):
        adopt(csv(pattern="c*")).plan()


def test_spans_and_versions_are_those_that_tfx_would_read(csv, tmp_path):
    """Law: a new span is new data; an older one that changes is not read."""
    from zencache_tfx import ZencacheDagRunner, adopt

    (tmp_path / "spans" / "1").mkdir(parents=True)
    shutil.copy(tmp_path / "data" / "a.csv", tmp_path / "spans" / "1")
    given = {"folder": tmp_path / "spans", "pattern": "{SPAN}/*"}
    ZencacheDagRunner().run(csv(**given))
    assert adopt(csv(**given)).plan().all_hits
    (tmp_path / "spans" / "2").mkdir()
    (tmp_path / "spans" / "2" / "a.csv").write_text("x,y\n1,2\n2,3\n")
    run = ZencacheDagRunner().run(csv(**given))
    assert run.steps["CsvExampleGen"].reason == (
        "cache policy split all: 1/* → 2/*; cache policy span: 1 → 2; file 1/a.csv: gone; file 2/a.csv: new"
    )
    (tmp_path / "spans" / "1" / "a.csv").write_text("x,y\n7,7\n")
    assert adopt(csv(**given)).plan().all_hits


@pytest.fixture
def pushing(flow):
    """A pipeline that pushes its model to a folder."""
    from tfx import v1 as tfx

    def create(base):
        def more(numbers, train):
            where = tfx.proto.PushDestination(
                filesystem=tfx.proto.PushDestination.Filesystem(base_directory=str(base))
            )
            return [tfx.components.Pusher(model=train.outputs["model"], push_destination=where)]

        return flow.module.create(more=more)

    return create


def test_a_pusher_pushes_again_where_its_target_is_gone(pushing, flow, statuses):
    serving = flow.folder / "serving"
    flow.run(pushing(serving))
    [pushed] = serving.iterdir()
    run = flow.run(pushing(serving))
    assert statuses(run)["Pusher"] == "cached"
    assert list(serving.iterdir()) == [pushed]
    shutil.rmtree(pushed)
    run = flow.run(pushing(serving))
    assert run.steps["Pusher"].reason == f"its target {pushed} is gone"
    assert len(list(serving.iterdir())) == 1


def test_a_pusher_pushes_again_what_is_not_the_newest_any_more(pushing, flow, statuses):
    """Law: what is served after a run is what the run pushed, also when one goes back."""
    serving = flow.folder / "serving"

    def newest():
        last = max(serving.iterdir(), key=lambda each: int(each.name))
        return (last / "saved_model.pb").read_text()

    flow.run(pushing(serving))
    first = newest()
    time.sleep(1.1)  # TFX names a version by the second
    flow.edit("FACTOR = 3", "FACTOR = 4")
    flow.run(pushing(serving))
    assert newest() != first
    time.sleep(1.1)
    flow.edit("FACTOR = 4", "FACTOR = 3")
    run = flow.run(pushing(serving))
    assert newest() == first
    assert "a newer version lies beside its target" in run.steps["Pusher"].reason


def test_a_pusher_pushes_to_a_new_place(pushing, flow, statuses):
    flow.run(pushing(flow.folder / "serving"))
    run = flow.run(pushing(flow.folder / "other"))
    assert statuses(run)["Pusher"] == "executed"
    assert len(list((flow.folder / "other").iterdir())) == 1
