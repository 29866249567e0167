"""TFX pipelines, run unchanged: what is reused, what is not, and what TFX reads afterwards."""

from __future__ import annotations

import shutil

import pytest

from zencache import Repository
from zencache.errors import ImmutablePipelineError, NotFoundError, StepFailedError

pytestmark = pytest.mark.tfx


def test_a_second_run_reuses_all(flow, statuses):
    """Law: a component whose code, properties and inputs are the same is not run again."""
    flow.run()
    assert sorted(flow.ran) == ["Numbers", "Train"]
    run = flow.run()
    assert flow.ran == []
    assert set(statuses(run).values()) == {"cached"}


def test_a_pipeline_under_another_name_reuses_all(flow):
    """Law: names are in no key."""
    flow.run()
    assert flow.ran
    flow.run(name="renamed")
    assert flow.ran == []


def test_another_metadata_store_of_the_project_serves_too(flow, statuses):
    """Law: what any store of the project knows is reused, and its record is brought along."""
    flow.run()
    assert flow.ran
    run = flow.run(name="elsewhere", here=str(flow.folder / "elsewhere"))
    assert flow.ran == []
    assert set(statuses(run).values()) == {"cached"}
    assert (flow.folder / "elsewhere" / "mlmd" / "metadata.db").exists()
    again = flow.run(name="elsewhere", here=str(flow.folder / "elsewhere"))
    assert set(statuses(again).values()) == {"cached"}


def test_an_edited_helper_reruns_what_calls_it_and_what_follows(flow):
    """Law: a component's key has all of the user's code that it reaches."""
    flow.run()
    assert flow.ran
    flow.edit("FACTOR = 3", "FACTOR = 4")
    run = flow.run()
    assert sorted(flow.ran) == ["Numbers", "Train"]
    assert "global FACTOR in flow.py: 3 → 4" in run.steps["Numbers"].reason


def test_an_edit_of_what_no_component_calls_reruns_nothing(flow):
    """Law: code that is not reached is in no key."""
    flow.run()
    assert flow.ran
    flow.edit("def unused(number):\n    return number", "def unused(number):\n    return -number")
    flow.run()
    assert flow.ran == []


def test_early_cutoff(flow):
    """Law: a component that reran and gave the same content reruns nothing after it."""
    flow.run()
    assert flow.ran
    flow.edit("return number * FACTOR", "return FACTOR * number")
    flow.run()
    assert flow.ran == ["Numbers"]


def test_a_changed_property_reruns_its_component_alone(flow):
    flow.run()
    assert flow.ran
    run = flow.run(rate=0.25)
    assert flow.ran == ["Train"]
    assert run.steps["Train"].reason == "parameter rate: 0.5 → 0.25"


def test_beam_arguments_are_in_no_key(flow):
    flow.run()
    assert flow.ran
    flow.run(beam=["--direct_num_workers=2"])
    assert flow.ran == []


def test_nothing_in_the_pipeline_object_changes(flow):
    """Law: the same object can be run again, and by TFX's own runner too."""
    from tfx.orchestration.local.local_dag_runner import LocalDagRunner

    pipeline = flow.module.create()
    flow.run(pipeline)
    flow.run(pipeline)
    assert sorted(flow.ran) == ["Numbers", "Train"]
    LocalDagRunner().run(pipeline)
    assert sorted(flow.ran) == ["Numbers", "Train"]


def test_tfx_reads_the_records(flow):
    """Law: executions, events and contexts are those that TFX writes, so that its own resolvers find them."""
    flow.run()
    flow.run(name="renamed")
    from ml_metadata.metadata_store import metadata_store
    from tfx.orchestration.metadata import sqlite_metadata_connection_config

    store = metadata_store.MetadataStore(
        sqlite_metadata_connection_config(str(flow.folder / "mlmd" / "metadata.db"))
    )
    [node] = [c for c in store.get_contexts_by_type("node") if c.name == "renamed.Train"]
    [execution] = store.get_executions_by_context(node.id)
    assert execution.type == "flow.Train"
    assert execution.custom_properties["rate"].double_value == 0.5
    kinds = sorted(event.path.steps[0].key for event in store.get_events_by_execution_ids([execution.id]))
    assert kinds == ["model", "numbers"]
    assert {c.type for c in store.get_contexts_by_execution(execution.id)} >= {
        "pipeline",
        "pipeline_run",
        "node",
    }
    first = store.get_executions_by_type("flow.Train")[0]
    assert {c.type for c in store.get_contexts_by_execution(first.id)} >= {"pipeline", "pipeline_run", "node"}


def test_artifacts_lie_below_the_pipeline_root(flow):
    run = flow.run()
    assert run.steps["Train"].outputs["model"].folder.is_relative_to(flow.folder / "root" / "Train" / "model")


def test_a_damaged_artifact_is_made_anew(flow):
    """Law: what is gone, or has another size, is no hit."""
    run = flow.run()
    shutil.rmtree(run.steps["Train"].outputs["model"].folder)
    assert flow.ran
    run = flow.run()
    assert flow.ran == ["Train"]
    assert run.steps["Train"].reason == "the stored output model is missing or damaged"


def test_what_was_changed_in_the_store_is_not_fed_to_a_component(flow):
    """Law: an artifact whose bytes are not those that were recorded is never read; the run makes it anew."""
    run = flow.run()
    assert flow.ran
    file = run.steps["Numbers"].outputs["numbers"].folder / "numbers.txt"
    file.write_text("9")
    run = flow.run(rate=0.25)
    assert sorted(flow.ran) == ["Numbers", "Train"]
    assert (
        run.steps["Train"].outputs["model"].load().serving.joinpath("saved_model.pb").read_text() == "6 0.25"
    )


def test_a_failing_component_stops_what_follows_alone(flow, statuses):
    flow.edit('    note("Train")', '    raise OSError("no room")')
    with pytest.raises(StepFailedError, match="step Train failed: OSError: no room"):
        flow.run()
    run = Repository().get_runs("flow")[-1]
    assert statuses(run) == {"Numbers": "executed", "Train": "failed"}
    assert "no room" in run.steps["Train"].error
    assert run.steps["Train"].cache_key
    flow.edit('    raise OSError("no room")', '    note("Train")')
    assert flow.ran
    flow.run()
    assert flow.ran == ["Train"]


def test_the_cache_can_be_off_for_a_run_a_pipeline_and_a_node(flow):
    from zencache_tfx import ZencacheDagRunner, adopt

    flow.run()
    assert flow.ran
    adopt(flow.module.create()).run(enable_cache=False)
    assert sorted(flow.ran) == ["Numbers", "Train"]
    ZencacheDagRunner(enable_cache=False).run(flow.module.create())
    assert sorted(flow.ran) == ["Numbers", "Train"]
    ZencacheDagRunner(enable_cache={"Train": False}).run(flow.module.create())
    assert flow.ran == ["Train"]
    with pytest.raises(NotFoundError, match="no node named 'Trian'; did you mean 'Train'"):
        ZencacheDagRunner(enable_cache={"Trian": False}).run(flow.module.create())


def test_files_that_a_component_reads_are_seen(flow):
    """Law: what a component's own code reads without declaring it is looked at before its result is
    reused."""
    (flow.folder / "words.txt").write_text("a")
    flow.edit('    note("Numbers")', '    open("words.txt").read()\n    note("Numbers")')
    flow.run()
    assert flow.ran
    flow.run()
    assert flow.ran == []
    (flow.folder / "words.txt").write_text("b")
    run = flow.run()
    assert flow.ran == ["Numbers"]
    assert run.steps["Numbers"].reason == "words.txt, which it read, changed"


def test_a_folder_that_a_component_lists_is_seen(flow):
    (flow.folder / "words").mkdir()
    flow.edit('    note("Numbers")', '    os.listdir("words")\n    note("Numbers")')
    flow.run()
    assert flow.ran
    flow.run()
    assert flow.ran == []
    (flow.folder / "words" / "a.txt").write_text("")
    flow.run()
    assert flow.ran == ["Numbers"]


def test_properties_that_are_passed_on_do_not_pass_for_a_digest(flow):
    """Law: an output's digest is of what it holds, whatever its executor copied from an input."""
    copying = (
        "    for name, value in numbers.mlmd_artifact.custom_properties.items():\n"
        "        model.mlmd_artifact.custom_properties[name].CopyFrom(value)\n"
    )
    flow.edit('    note("Train")', copying + '    note("Train")')
    run = flow.run()
    assert run.steps["Train"].outputs["model"].digest != run.steps["Numbers"].outputs["numbers"].digest
    assert run.steps["Train"].outputs["model"].load().serving.is_dir()


def test_a_number_is_no_id(flow):
    """Law: only what is named as an id stands for an input."""

    def noted(rows):
        flow.edit(
            '    note("Train")', f"    model.set_int_custom_property('rows', {rows})\n    note(\"Train\")"
        )
        made = flow.run().steps["Train"].outputs["model"]
        flow.edit(f"    model.set_int_custom_property('rows', {rows})\n", "")
        return made._record.properties

    assert len({noted(rows) for rows in range(1, 6)}) == 5


def test_a_store_that_was_deleted_is_made_again(flow):
    """Law: a run records where its records are looked for."""
    flow.run()
    shutil.rmtree(flow.folder / "mlmd")
    shutil.rmtree(flow.folder / "root")
    assert flow.ran
    flow.run()
    assert sorted(flow.ran) == ["Numbers", "Train"]
    assert (flow.folder / "mlmd" / "metadata.db").exists()
    assert [run.status for run in Repository().get_runs("flow")] == ["completed"]


def test_a_store_that_cannot_be_read_is_left_out(flow, capsys):
    flow.run(here=str(flow.folder / "elsewhere"))
    (flow.folder / "elsewhere" / "mlmd" / "metadata.db").write_bytes(b"no database" * 1000)
    from zencache.metadata import session

    session._open_records.clear()
    flow.run()
    assert "a store of this project is left out" in capsys.readouterr().err


# -- copies and versions ------------------------------------------------------------------------------


def test_a_copy_with_another_component_reuses_the_rest(flow, statuses):
    from zencache_tfx import adopt

    pipeline = adopt(flow.module.create())
    pipeline.run()
    assert flow.ran
    wide = pipeline.copy("wide")
    numbers = flow.module.Numbers(n=2)
    wide.replace_step("Train", flow.module.Train(numbers=numbers.outputs["numbers"], rate=0.1))
    assert {name: step.action for name, step in wide.plan().steps.items()} == {
        "Numbers": "hit",
        "Train": "run",
    }
    assert statuses(wide.run()) == {"Numbers": "cached", "Train": "executed"}
    assert flow.ran == ["Train"]
    with pytest.raises(ImmutablePipelineError, match="copy it and change the copy"):
        pipeline.replace_step("Train", flow.module.Train(numbers=numbers.outputs["numbers"], rate=0.2))


def test_a_component_whose_outputs_do_not_fit_is_refused(flow):
    from zencache_tfx import adopt

    from zencache.errors import ConnectionTypeError

    copy = adopt(flow.module.create()).copy("other")
    other = flow.module.Train(numbers=flow.module.Numbers(n=1).outputs["numbers"], rate=1.0)
    with pytest.raises(
        ConnectionTypeError, match="Train takes numbers of Numbers, Examples; the new component gives"
    ):
        copy.replace_step("Numbers", other)


def test_versions_follow_the_structure(flow):
    from zencache_tfx import adopt

    def more(numbers, train):
        return [flow.module.Train(numbers=numbers.outputs["numbers"], rate=2.0).with_id("Second")]

    adopt(flow.module.create()).run()
    adopt(flow.module.create(rate=3.0)).run()
    pipeline = adopt(flow.module.create(more=more))
    pipeline.run()
    assert [version.number for version in pipeline.versions] == [1, 2]
    assert pipeline.version == 2
    assert "step Second added" in pipeline.versions[0].diff(pipeline.versions[1])


def test_the_repository_finds_and_runs_an_adopted_pipeline(flow, statuses):
    """Law: the record of an adopted pipeline is enough to plan, run and copy it."""
    flow.run()
    assert flow.ran
    found = Repository().get_pipeline_by_name("flow")
    assert statuses(found.run()) == {"Numbers": "cached", "Train": "cached"}
    copy = found.copy("from the repository")
    assert statuses(copy.run(enable_cache=False)) == {"Numbers": "executed", "Train": "executed"}
    assert sorted(flow.ran) == ["Numbers", "Train"]
    assert Repository().get_pipeline_names() == ["flow", "from the repository"]


# -- partial runs -------------------------------------------------------------------------------------


def test_a_partial_run_takes_the_rest_from_an_earlier_one(flow, statuses):
    from tfx.orchestration.pipeline import RunOptions
    from zencache_tfx import ZencacheDagRunner

    with pytest.raises(NotFoundError, match="Train cannot run alone: Numbers did not finish in any run"):
        ZencacheDagRunner().run(flow.module.create(), RunOptions(from_nodes=["Train"]))
    flow.run()
    assert flow.ran
    changed = flow.module.create(n=9, rate=7.0)
    run = ZencacheDagRunner().run(changed, RunOptions(from_nodes=["Train"]))
    assert flow.ran == ["Train"]
    assert statuses(run) == {"Numbers": "cached", "Train": "executed"}
    assert run.steps["Numbers"].reason.startswith("taken from run flow-")
    only_first = ZencacheDagRunner().run(changed, RunOptions(to_nodes=["Numbers"]))
    assert statuses(only_first) == {"Numbers": "executed", "Train": "skipped"}


# -- what TFX recorded --------------------------------------------------------------------------------


def test_runs_of_tfx_itself_are_listed(flow, statuses):
    from tfx.orchestration.local.local_dag_runner import LocalDagRunner

    flow.run(name="ours")
    LocalDagRunner().run(flow.module.create(name="theirs"))
    repository = Repository()
    assert repository.get_pipeline_names() == ["ours", "theirs"]
    [run] = repository.get_runs("theirs")
    assert (run.status, run.version) == ("completed", None)
    assert statuses(run) == {"Numbers": "executed", "Train": "executed"}
    assert repository.get_run(run.name).steps["Train"].outputs["model"].load().path.is_dir()
    from zencache.errors import CodeUnavailableError

    with pytest.raises(CodeUnavailableError, match="adopt the pipeline object"):
        repository.get_pipeline_by_name("theirs").run()


def test_importing_says_of_whom_the_code_is_not_known(flow):
    """Law: an execution whose code was not recorded gets no key."""
    from tfx.orchestration.local.local_dag_runner import LocalDagRunner
    from zencache_tfx.history import import_history

    from zencache.metadata.session import open_others

    flow.run(name="ours")
    LocalDagRunner().run(flow.module.create(name="theirs"))
    [records] = open_others(Repository()._records.project)
    found = {each.node: str(each) for each in import_history(records)}
    assert "the code of flow.Train as it was then is not recorded" in found["Train"]


# -- exit handlers --------------------------------------------------------------------------------------


def test_an_exit_handler_hears_how_the_run_ended(flow):
    import json

    from tfx import v1 as tfx
    from zencache_tfx import ZencacheDagRunner

    end = (
        "\n\n@tfx.orchestration.experimental.exit_handler\n"
        "def End(final_status: tfx.dsl.components.Parameter[str]):\n"
        "    with open('end.json', 'w') as file:\n"
        "        file.write(final_status)\n"
    )
    flow.file.write_text(flow.file.read_text() + end)

    def ended():
        runner = ZencacheDagRunner()
        runner.set_exit_handler(flow.module.End(final_status=tfx.orchestration.experimental.FinalStatusStr()))
        try:
            return runner.run(flow.module.create())
        finally:
            told.append(json.loads((flow.folder / "end.json").read_text()))

    told = []
    run = ended()
    assert told == [{"state": "SUCCEEDED", "pipelineJobResourceName": run.name}]
    flow.edit('    note("Train")', '    raise OSError("no room")')
    with pytest.raises(StepFailedError):
        ended()
    assert told[1]["state"] == "FAILED"
    assert "no room" in told[1]["error"]["message"]


# -- bad input ----------------------------------------------------------------------------------------


def test_a_pipeline_without_a_metadata_store_says_so(flow):
    from tfx import v1 as tfx
    from zencache_tfx import ZencacheDagRunner

    from zencache.errors import DefinitionError

    bare = tfx.dsl.Pipeline("bare", str(flow.folder / "root"), components=[flow.module.Numbers(n=1)])
    with pytest.raises(DefinitionError, match="has no metadata_connection_config"):
        ZencacheDagRunner().run(bare)
    run = ZencacheDagRunner(store="project").run(bare)
    assert (
        run.steps["Numbers"].outputs["numbers"].folder.is_relative_to(flow.folder / ".zencache" / "artifacts")
    )


def test_a_container_component_is_named_with_who_can_run_it(flow):
    from tfx import v1 as tfx

    from zencache.errors import DefinitionError

    boxed = tfx.dsl.experimental.create_container_component(name="Boxed", image="debian", command=["true"])
    with pytest.raises(DefinitionError, match="component Boxed runs in a container.*KubeflowV2DagRunner"):
        flow.run(flow.module.pipeline("boxed", [boxed()]))


def test_no_project_and_no_store_are_made_by_a_plan(flow):
    from zencache_tfx import adopt

    plan = adopt(flow.module.create()).plan()
    assert [step.action for step in plan.steps.values()] == ["run", "wait"]
    assert not (flow.folder / ".zencache").exists()
    assert not (flow.folder / "mlmd" / "metadata.db").exists()


def test_a_damaged_artifact_is_found_and_made_anew(flow, statuses):
    """All that components made is compared with its digest, in each of the project's stores; its files are
    not moved."""
    run = flow.run()
    flow.run(name="elsewhere", here=str(flow.folder / "elsewhere"))
    found = Repository().verify(full=True)
    assert (found.problems, found.changed, found.unchecked) == ((), (), 0)
    name, damaged = next((n, s) for n, s in run.steps.items() if len(s.outputs) == 1 and s.output.size)
    file = next(path for path in damaged.output.folder.rglob("*") if path.is_file())
    file.write_bytes(file.read_bytes()[:-1] + b"\0")
    problems = Repository().verify(full=True, repair=True).problems
    assert {problem.step for problem in problems} == {name}
    assert all(problem.is_mended for problem in problems), problems
    assert file.exists()
    assert Repository().verify(full=True).problems == ()
    assert set(statuses(flow.run()).values()) == {"cached"}
