"""What TFX resolves when a pipeline runs keeps its meaning: conditions, dynamic properties, resolvers,
importers."""

from __future__ import annotations

import time

import pytest

from zencache.errors import DefinitionError
from zencache.metadata.leases import FileLeases

pytestmark = pytest.mark.tfx

MORE = """

@tfx.dsl.components.component(use_beam=False)
def Total(numbers: tfx.dsl.components.InputArtifact[sa.Examples], add: tfx.dsl.components.Parameter[int]) -> tfx.dsl.components.OutputDict(total=int):
    note("Total")
    return {"total": int(open(os.path.join(numbers.uri, "numbers.txt")).read()) + add}


@tfx.dsl.components.component
def Show(total: tfx.dsl.components.Parameter[int], shown: tfx.dsl.components.OutputArtifact[sa.Model]):
    note("Show")
    with open(os.path.join(shown.uri, "total.txt"), "w") as file:
        file.write(str(total))


@tfx.dsl.components.component
def Latest(models: tfx.dsl.components.InputArtifact[sa.Model], seen: tfx.dsl.components.OutputArtifact[sa.Schema]):
    note("Latest")
    with open(os.path.join(seen.uri, "id.txt"), "w") as file:
        file.write(str(models.id))


def dynamic(add=1, limit=0):
    numbers = Numbers(n=2)
    total = Total(numbers=numbers.outputs["numbers"], add=add)
    value = total.outputs["total"].future()[0].value
    show = Show(total=value)
    with tfx.dsl.Cond(value > limit):
        train = Train(numbers=numbers.outputs["numbers"], rate=0.5)
        after = Train(numbers=numbers.outputs["numbers"], rate=0.6).with_id("After")
        after.add_upstream_node(train)
    return pipeline("dynamic", [numbers, total, show, train, after])


def resolving(rate=0.5):
    latest = tfx.dsl.Resolver(
        strategy_class=tfx.dsl.experimental.LatestArtifactStrategy, models=tfx.dsl.Channel(type=sa.Model)
    ).with_id("latest")
    numbers = Numbers(n=2)
    train = Train(numbers=numbers.outputs["numbers"], rate=rate)
    return pipeline("flow", [latest, numbers, train, Latest(models=latest.outputs["models"])])


def importing(uri, reimport=False):
    known = tfx.dsl.Importer(source_uri=uri, artifact_type=sa.Examples, reimport=reimport).with_id("known")
    return pipeline("importing", [known, Train(numbers=known.outputs["result"], rate=0.5)])


def with_runtime_parameter():
    rate = tfx.dsl.experimental.RuntimeParameter(name="rate", ptype=float, default=0.5)
    numbers = Numbers(n=2)
    return pipeline("runtime", [numbers, Train(numbers=numbers.outputs["numbers"], rate=rate)])
"""


@pytest.fixture
def more(flow):
    text = flow.file.read_text().replace("import OutputDict", "")
    start = "from tfx.dsl.component.experimental.annotations import OutputDict\n"
    flow.file.write_text(
        start
        + text
        + MORE.replace("tfx.dsl.components.OutputDict", "OutputDict").replace("(use_beam=False)", "")
    )
    return flow


# -- conditions and dynamic properties ----------------------------------------------------------------


def test_a_dynamic_property_is_in_the_key(more, statuses):
    more.run(more.module.dynamic())
    assert sorted(more.ran) == ["Numbers", "Show", "Total", "Train", "Train"]
    more.run(more.module.dynamic())
    assert more.ran == []
    run = more.run(more.module.dynamic(add=2))
    assert sorted(more.ran) == ["Show", "Total"]
    assert run.steps["Show"].reason == "parameter total: 7 → 8"


def test_a_condition_that_does_not_hold_skips(more, statuses):
    """Law: what a condition leaves out is no failure, and what comes after it is left out too."""
    run = more.run(more.module.dynamic(limit=100))
    assert run.status == "completed"
    assert statuses(run)["Train"] == "skipped"
    assert sorted(more.ran) == ["Numbers", "Show", "Total"]
    run = more.run(more.module.dynamic(limit=0))
    assert statuses(run)["Train"] == "executed"


def test_a_condition_is_in_no_key(more):
    """Law: a condition says whether, not what."""
    more.run(more.module.dynamic(limit=1))
    assert more.ran
    more.run(more.module.dynamic(limit=2))
    assert more.ran == []


def test_what_a_worker_does_meanwhile_is_no_input(more, monkeypatch):
    """Law: a component that waits for its turn, its key's lease in hand, does not count for the one that
    runs."""
    text = more.file.read_text().replace("    note(", "    note_slowly(")
    slowly = "def note_slowly(name):\n    import time\n    note(name)\n    time.sleep(0.3)\n\n\n"
    more.file.write_text(text.replace("def create(", slowly + "def create("))
    take, leases = FileLeases.take, []

    def while_another_runs(self, key, me):
        leases.append(key)
        deadline = time.monotonic() + 5
        while len(leases) == 4 and time.monotonic() < deadline:  # after Numbers, Total, and Show or Train
            if (more.folder / ".ran").stat().st_size > len("Numbers\nTotal\n"):
                break
            time.sleep(0.01)
        return take(self, key, me)

    monkeypatch.setattr(FileLeases, "take", while_another_runs)
    more.run(more.module.dynamic())
    assert sorted(more.ran) == ["Numbers", "Show", "Total", "Train", "Train"]
    more.run(more.module.dynamic())
    assert more.ran == []


# -- resolvers ------------------------------------------------------------------------------------------


def test_a_resolver_finds_what_earlier_runs_made_and_not_this_one(more):
    more.run(more.module.create())
    assert more.ran
    run = more.run(more.module.resolving())
    assert more.ran == ["Latest"]
    first = run.steps["latest"].outputs["models"]
    more.run(more.module.resolving(rate=0.9))
    assert more.ran == ["Train"], "the resolver gave what the runs before had"
    run = more.run(more.module.resolving(rate=0.9))
    assert more.ran == ["Latest"]
    assert run.steps["latest"].outputs["models"].uri != first.uri


def test_what_needs_a_resolver_that_finds_nothing_fails(more, statuses):
    from zencache.errors import StepFailedError

    with pytest.raises(StepFailedError, match="TFX found nothing to feed Latest with"):
        more.run(more.module.resolving())
    assert sorted(more.ran) == ["Numbers", "Train"], "what does not need it runs"


# -- importers and runtime parameters -----------------------------------------------------------------


def test_an_importer_goes_by_content(more):
    data = more.folder / "data"
    data.mkdir()
    (data / "numbers.txt").write_text("1")
    more.run(more.module.importing(str(data)))
    assert more.ran == ["Train"]
    (data / "numbers.txt").touch()
    more.run(more.module.importing(str(data)))
    assert more.ran == []
    (data / "numbers.txt").write_text("2")
    run = more.run(more.module.importing(str(data)))
    assert more.ran == ["Train"]
    assert (
        run.steps["Train"].outputs["model"].load().serving.joinpath("saved_model.pb").read_text() == "2 0.5"
    )
    (data / "numbers.txt").write_text("1")
    more.run(more.module.importing(str(data)))
    assert more.ran == []


def test_an_importer_that_imports_anew_reruns_nothing_after_it(more, statuses):
    data = more.folder / "data"
    data.mkdir()
    (data / "numbers.txt").write_text("1")
    more.run(more.module.importing(str(data), reimport=True))
    assert more.ran
    run = more.run(more.module.importing(str(data), reimport=True))
    assert statuses(run) == {"known": "executed", "Train": "cached"}


def test_runtime_parameters(more):
    from zencache_tfx import ZencacheDagRunner

    more.run(more.module.with_runtime_parameter())
    assert sorted(more.ran) == ["Numbers", "Train"]
    more.run()
    assert more.ran == [], "a runtime parameter counts as its value"
    run = ZencacheDagRunner().run(more.module.with_runtime_parameter(), runtime_parameters={"rate": 0.75})
    assert more.ran == ["Train"]
    assert (
        run.steps["Train"].outputs["model"].load().serving.joinpath("saved_model.pb").read_text() == "6 0.75"
    )


def test_a_runtime_parameter_without_a_value_is_named(more):
    from tfx import v1 as tfx

    numbers = more.module.Numbers(n=tfx.dsl.experimental.RuntimeParameter(name="how_many", ptype=int))
    with pytest.raises(DefinitionError, match="component Numbers: its n is the runtime parameter how_many"):
        more.run(more.module.pipeline("runtime", [numbers]))


# -- what else bears on a result ----------------------------------------------------------------------


def test_properties_that_an_importer_gives_are_in_its_key(more):
    """Law: what a consumer can read of an artifact beside its files counts."""
    from tfx import v1 as tfx
    from tfx.types import standard_artifacts as sa

    (more.folder / "data").mkdir()
    (more.folder / "data" / "numbers.txt").write_text("1")

    def create(flavour):
        known = tfx.dsl.Importer(
            source_uri=str(more.folder / "data"),
            artifact_type=sa.Examples,
            custom_properties={"flavour": flavour},
        ).with_id("known")
        train = more.module.Train(numbers=known.outputs["result"], rate=0.5)
        return more.module.pipeline("importing", [known, train])

    more.run(create("a"))
    assert more.ran == ["Train"]
    more.run(create("a"))
    assert more.ran == []
    more.run(create("b"))
    assert more.ran == ["Train"]


def test_properties_of_an_output_channel_are_in_the_key(more):
    def create(flavour):
        numbers = more.module.Numbers(n=2)
        numbers.outputs["numbers"].additional_custom_properties["flavour"] = flavour
        return more.module.pipeline(
            "flow", [numbers, more.module.Train(numbers=numbers.outputs["numbers"], rate=0.5)]
        )

    more.run(create("a"))
    assert more.ran
    more.run(create("b"))
    assert sorted(more.ran) == ["Numbers", "Train"]


def test_a_resolver_finds_what_its_run_recorded_before_its_turn(more):
    """Law: as TFX's runners have it, which run one node after the other."""
    from tfx import v1 as tfx
    from tfx.types import standard_artifacts as sa

    def create(n):
        numbers = more.module.Numbers(n=n)
        latest = tfx.dsl.Resolver(
            strategy_class=tfx.dsl.experimental.LatestArtifactStrategy,
            found=tfx.dsl.Channel(type=sa.Examples, producer_component_id="Numbers"),
        ).with_id("latest")
        return more.module.pipeline(
            "flow", [numbers, latest, more.module.Train(numbers=latest.outputs["found"], rate=0.5)]
        )

    for n, text in ((1, "3 0.5"), (2, "6 0.5"), (3, "9 0.5")):
        run = more.run(create(n))
        assert (
            run.steps["Train"].outputs["model"].load().serving.joinpath("saved_model.pb").read_text() == text
        )


def test_the_name_of_the_run_can_be_a_property(more):
    from tfx import v1 as tfx

    runs = tfx.dsl.experimental.RuntimeParameter(name="pipeline-run-id", ptype=str, default="none")
    text = more.file.read_text() + (
        "\n\n@tfx.dsl.components.component\n"
        "def Named(name: tfx.dsl.components.Parameter[str], out: "
        "tfx.dsl.components.OutputArtifact[sa.Model]):\n"
        "    note('Named')\n"
        "    with open(os.path.join(out.uri, 'name'), 'w') as file:\n"
        "        file.write(name)\n"
    )
    more.file.write_text(text)
    run = more.run(more.module.pipeline("named", [more.module.Named(name=runs)]))
    assert (run.steps["Named"].outputs["out"].folder / "name").read_text() == run.name
    assert more.ran == ["Named"]
    more.run(more.module.pipeline("named", [more.module.Named(name=runs)]))
    assert more.ran == ["Named"], "another run has another name"


def test_a_hit_is_recorded_with_what_was_computed_for_it(more):
    """Law: a cached execution has the events and properties that TFX's own would have."""
    from ml_metadata.metadata_store import metadata_store
    from tfx.orchestration.metadata import sqlite_metadata_connection_config

    more.run(more.module.dynamic())
    more.run(more.module.dynamic())
    config = sqlite_metadata_connection_config(str(more.folder / "mlmd" / "metadata.db"))
    store = metadata_store.MetadataStore(config)
    computed, cached = store.get_executions_by_type("flow.Show")
    assert cached.custom_properties["total"].int_value == computed.custom_properties["total"].int_value == 7
    keys = [
        sorted(event.path.steps[0].key for event in store.get_events_by_execution_ids([each.id]))
        for each in (computed, cached)
    ]
    assert keys[0] == keys[1]
