"""Steps and TFX components in one pipeline."""

import pytest

from zencache import pipeline, step
from zencache.errors import ConnectionTypeError, DefinitionError

pytestmark = pytest.mark.tfx


@pytest.fixture
def mixed(flow):
    """A pipeline of a step, a component that it feeds, and a step that this one feeds."""
    from tfx.types import standard_artifacts as sa
    from zencache_tfx import Examples, channel

    module = flow.module

    @step
    def rows(count: int = 3) -> Examples:
        made = [{"x": n, "name": f"n{n}", "part": n / 2} for n in range(count)]
        return Examples.of({"train": made, "eval": made[:1]})

    @step
    def splits(examples: Examples) -> list:
        return [examples.splits, sum(row["x"][0] for row in examples.rows("train"))]

    @step
    def look(model: sa.Model) -> str:
        return (model.path / "listing").read_text()

    @pipeline
    def mixture(count: int = 3):
        made = rows(count=count)
        splits(made)
        listed = module.List(examples=channel(made, sa.Examples))
        look(listed.outputs["model"])

    return mixture


@pytest.fixture
def flow(flow):
    text = flow.file.read_text()
    flow.file.write_text(
        text
        + """

@tfx.dsl.components.component
def List(
    examples: tfx.dsl.components.InputArtifact[sa.Examples], model: tfx.dsl.components.OutputArtifact[sa.Model]
):
    with open(os.path.join(model.uri, "listing"), "w") as file:
        names = (name for name in os.listdir(examples.uri) if not name.startswith("."))
        file.write(examples.split_names + " " + ",".join(sorted(names)))
"""
    )
    return flow


def test_components_and_steps_feed_each_other(mixed, statuses):
    run = mixed().run()
    assert statuses(run) == {"rows": "executed", "splits": "executed", "List": "executed", "look": "executed"}
    assert run.steps["look"].output.load() == '["eval","train"] Split-eval,Split-train'
    assert run.steps["splits"].output.load() == [["eval", "train"], 3]


def test_a_mixed_pipeline_is_cached_whole(mixed, statuses):
    mixed().run()
    assert mixed().plan().all_hits
    run = mixed(count=4).run()
    assert statuses(run) == {"rows": "executed", "splits": "executed", "List": "executed", "look": "cached"}


def test_what_components_make_and_read_stays_on_this_machine(mixed, statuses, monkeypatch):
    """TFX components have file systems of their own; what other steps make goes to the artifact store."""
    monkeypatch.setenv("ZENCACHE_ARTIFACT_STORE", "memory://team")
    run = mixed().run()
    elsewhere = {name for name, each in run.steps.items() if each.output.uri.startswith("memory://team/")}
    assert elsewhere == {"splits", "look"}
    assert run.steps["look"].output.load() == '["eval","train"] Split-eval,Split-train'
    assert mixed().plan().all_hits


def test_what_a_component_is_to_read_is_made_anew_if_it_is_elsewhere(flow, statuses, monkeypatch):
    """A pipeline of steps alone had its result kept in the artifact store."""
    from tfx.types import standard_artifacts as sa
    from zencache_tfx import Examples, channel

    @step
    def rows() -> Examples:
        return Examples.of({"train": [{"x": 1}], "eval": [{"x": 1}]})

    @pipeline
    def alone():
        rows()

    @pipeline
    def listed():
        flow.module.List(examples=channel(rows(), sa.Examples))

    monkeypatch.setenv("ZENCACHE_ARTIFACT_STORE", "memory://team")
    alone().run()
    assert alone().plan().all_hits
    run = listed().run()
    assert run.steps["rows"].reason.endswith("is in a store that TFX components do not read")
    assert statuses(run) == {"rows": "executed", "List": "executed"}
    assert listed().plan().all_hits


def test_a_step_in_a_mixed_pipeline_can_be_replaced(mixed):
    from zencache_tfx import Artifact

    @step
    def size(model: Artifact) -> int:
        return sum(file.stat().st_size for file in model.path.iterdir())

    mixed().run()
    copy = mixed().copy("sized")
    copy.replace_step("look", size)
    run = copy.run()
    assert run.steps["look"].output.load() > 0
    assert run.steps["List"].is_cached


def test_examples_are_a_source_of_a_steps_beam_pipeline(flow):
    import apache_beam as beam
    from tfx import v1 as tfx
    from zencache_tfx import Examples

    @step
    def rows() -> Examples:
        return Examples.of({"train": [{"x": n} for n in range(7)]})

    @step
    def counted(examples: Examples, reading: beam.Pipeline) -> int:
        target = str(flow.folder / "count")
        found = examples.read(reading, "train") | beam.combiners.Count.Globally()
        _ = found | beam.io.WriteToText(target, shard_name_template="")
        return len(examples.files("train"))

    @pipeline
    def counting():
        counted(rows())

    assert tfx
    counting().run()
    assert (flow.folder / "count").read_text() == "7\n"


def test_a_step_that_takes_another_type_is_refused(flow):
    from zencache_tfx import Examples

    @step
    def wants_examples(examples: Examples) -> int:
        return 1

    @pipeline
    def wrong():
        listed = flow.module.Numbers(n=1)
        trained = flow.module.Train(numbers=listed.outputs["numbers"], rate=1.0)
        wants_examples(trained.outputs["model"])

    with pytest.raises(ConnectionTypeError, match="but output model of Train is Model"):
        wrong()


def test_an_output_that_is_stored_otherwise_is_refused(flow):
    from tfx.types import standard_artifacts as sa
    from zencache_tfx import channel

    @step
    def number() -> int:
        return 1

    @pipeline
    def wrong():
        flow.module.List(examples=channel(number(), sa.Examples))

    with pytest.raises(ConnectionTypeError, match="output output of step number is int, which is stored as"):
        wrong()


def test_a_name_that_a_step_and_a_component_share_is_refused(flow):
    @step(name="Numbers")
    def numbers() -> int:
        return 1

    @pipeline
    def twice():
        numbers()
        flow.module.Numbers(n=1)

    with pytest.raises(DefinitionError, match="has a step and a component named Numbers"):
        twice()


def test_examples_keep_zeros_texts_and_lists(tmp_path):
    """Law: a row that is written is the row that is read."""
    from zencache_tfx.values import Examples, ExamplesMaterializer

    rows = [{"zero": 0, "text": "", "list": [1.5, 0.0], "bytes": b"\x00", "none": None}]
    ExamplesMaterializer().save(Examples.of({"all": rows}), tmp_path)
    [row] = ExamplesMaterializer().load(tmp_path).rows("all")
    assert row == {"zero": [0], "text": [b""], "list": [1.5, 0.0], "bytes": [b"\x00"], "none": []}


def test_schemas_and_statistics_are_values_of_steps(tmp_path):
    from tensorflow_metadata.proto.v0 import schema_pb2, statistics_pb2
    from zencache_tfx.values import SchemaMaterializer, StatisticsMaterializer

    from zencache.testing import MaterializerContract  # noqa: F401 - it is there

    schema = schema_pb2.Schema(feature=[schema_pb2.Feature(name="x")])
    (tmp_path / "a").mkdir()
    SchemaMaterializer().save(schema, tmp_path / "a")
    assert SchemaMaterializer().load(tmp_path / "a") == schema
    statistics = statistics_pb2.DatasetFeatureStatisticsList()
    for name in ("eval", "train"):
        statistics.datasets.add(name=name, num_examples=len(name))
    (tmp_path / "b").mkdir()
    StatisticsMaterializer().save(statistics, tmp_path / "b")
    assert StatisticsMaterializer().load(tmp_path / "b") == statistics
