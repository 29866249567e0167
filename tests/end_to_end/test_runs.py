"""Runs in one process: what is computed, what is reused, what is recorded."""

from __future__ import annotations

import re
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import apache_beam as beam
import numpy as np
import pytest

from zencache import BaseParameters, CachePolicy, Output, Repository, StepContext, pipeline, step
from zencache.config import Settings, create_project
from zencache.errors import (
    AlreadyExistsError,
    ArtifactError,
    MaterializerError,
    OutputTypeError,
    StepFailedError,
    StoreFormatError,
)

pytestmark = pytest.mark.tfx

calls: list[str] = []


@pytest.fixture(autouse=True)
def _no_calls():
    calls.clear()


class Scale(BaseParameters):
    factor: float = 2.0


@step
def load(rows: int = 4) -> np.ndarray:
    calls.append("load")
    return np.arange(float(rows))


@step
def scale(params: Scale, values: np.ndarray) -> np.ndarray:
    calls.append("scale")
    return values * params.factor


@step
def total(values: np.ndarray) -> float:
    calls.append("total")
    return float(values.sum())


@pipeline
def chain(rows: int = 4, factor: float = 2.0):
    total(scale(Scale(factor=factor), load(rows=rows)))


def statuses(run):
    return {name: made.status for name, made in run.steps.items()}


def test_a_run_gives_values_and_a_second_reuses_them():
    """The second run computes nothing and gives the same values."""
    first, second = chain().run(), chain().run()
    assert calls == ["load", "scale", "total"]
    assert first.status == second.status == "completed"
    assert statuses(first) == dict.fromkeys(("load", "scale", "total"), "executed")
    assert all(made.is_cached for made in second.steps.values())
    assert first.steps["total"].output.load() == second.steps["total"].output.load() == 12.0
    assert first.steps["total"].cache_key == second.steps["total"].cache_key
    np.testing.assert_array_equal(second.steps["total"].inputs["values"].load(), [0, 2, 4, 6])


def test_a_changed_parameter_reruns_from_there():
    """What comes before the change is reused; reasons name the parameter and the inputs."""
    chain().run()
    run = chain(factor=3.0).run()
    assert statuses(run) == {"load": "cached", "scale": "executed", "total": "executed"}
    assert run.steps["scale"].reason == "parameter factor: 2.0 → 3.0"
    assert run.steps["total"].reason == "input values from scale: content differs"


def test_equal_results_stop_the_rerun():
    """A step that reran and gave the same bytes leaves those after it as hits (early cutoff)."""
    chain(rows=1).run()  # [0.0], so that every factor gives [0.0]
    run = chain(rows=1, factor=5.0).run()
    assert statuses(run) == {"load": "cached", "scale": "executed", "total": "cached"}


def test_a_plan_says_what_a_run_will_do_and_writes_nothing():
    """hit, run and wait, with reasons and keys; no run is recorded."""
    before = chain().plan()
    assert [s.action for s in before.steps.values()] == ["run", "wait", "wait"]
    assert not Path(".zencache").exists()
    chain().run()
    plan = chain(factor=3.0).plan()
    assert {n: s.action for n, s in plan.steps.items()} == {"load": "hit", "scale": "run", "total": "wait"}
    assert plan.steps["scale"].reason == "parameter factor: 2.0 → 3.0"
    assert plan.steps["total"].reason == "waits for the result of scale"
    assert plan.steps["total"].key is None
    assert len(plan.steps["scale"].key) == 64
    assert len(Repository().get_runs()) == 1


def test_another_pipeline_reuses_the_work():
    """Neither the pipeline's nor the step's name is in the key."""
    chain().run()

    @pipeline
    def other():
        scale(step(name="source")(load)())

    assert all(made.is_cached for made in other().run().steps.values())


def test_enable_cache_of_a_run_beats_the_step_and_the_pipeline():
    """run, then step, then pipeline, then on."""
    never = step(enable_cache=False)(load)
    always = step(enable_cache=True)(load)

    def actions(pipeline_flag, load_step, run_flag):
        @pipeline(enable_cache=pipeline_flag)
        def p():
            load_step()

        return p().plan(enable_cache=run_flag).steps["load"].action

    chain().run()
    assert actions(None, load, None) == "hit"
    assert actions(None, never, None) == "run"
    assert actions(None, never, True) == "hit"
    assert actions(None, always, False) == "run"
    assert actions(False, load, None) == "run"
    assert actions(False, always, None) == "hit"


def test_the_older_precedence_is_a_setting():
    """With cache_precedence = "pipeline", a pipeline's False beats a step's True."""
    create_project(Path.cwd(), Settings(cache_precedence="pipeline"))

    @pipeline(enable_cache=False)
    def p():
        step(enable_cache=True)(load)()

    p().run()
    planned = p().plan().steps["load"]
    assert (planned.action, planned.reason) == ("run", "caching is off: pipeline p says enable_cache=False")
    assert p().plan(enable_cache=True).steps["load"].action == "hit"


def test_what_ran_with_caching_off_can_be_reused_later():
    """Off means that nothing is looked up; the results are recorded all the same."""
    chain().run(enable_cache=False)
    assert chain().plan().all_hits


def test_a_policy_salts_and_expires():
    """Another version misses; a result older than its lifetime misses."""

    def planned(**policy):
        @pipeline
        def p():
            step(cache=CachePolicy(**policy))(load)()

        return p().plan().steps["load"]

    chain().run()
    assert planned().action == "hit"
    assert planned(version="2").reason == "cache policy version: (none) → 2"
    assert planned(expires_after=timedelta(hours=1)).action == "hit"
    time.sleep(0.01)
    expired = planned(expires_after=timedelta(milliseconds=1)).reason
    assert re.match(r"expired (less than 1|\d+) s ago: ", expired)


def test_independent_steps_run_at_once():
    """Two branches meet at a barrier that neither passes alone; a join waits for both."""
    barrier = threading.Barrier(2, timeout=20)

    def branch(number):
        @step(name=f"branch_{number}", enable_cache=False)
        def made() -> int:
            barrier.wait()
            return number

        return made

    @step
    def join(a: int, b: int) -> int:
        return a + b

    @pipeline
    def fork():
        join(branch(1)(), branch(2)())

    assert fork().run().steps["join"].output.load() == 3


def test_a_failing_step_stops_only_what_depends_on_it():
    """The others finish; the error is the step's own, names the step and the run, and is recorded."""

    @step
    def broken(values: np.ndarray) -> float:
        raise ValueError("no rows")

    @step
    def after(x: float) -> float:
        return x

    @pipeline
    def partly():
        values = load()
        total(values)
        after(broken(values))

    with pytest.raises(ValueError, match="step broken failed: ValueError: no rows") as caught:
        partly().run()
    assert isinstance(caught.value, StepFailedError)
    assert isinstance(caught.value.__cause__, ValueError)
    run = Repository().get_run(caught.value.run)
    assert run.status == "failed"
    assert statuses(run) == {"load": "executed", "total": "executed", "broken": "failed", "after": "skipped"}
    assert "raise ValueError" in run.steps["broken"].error
    assert partly().plan().steps["load"].action == "hit"
    assert partly().plan().steps["broken"].action == "run"


@pytest.mark.parametrize(
    ("annotation", "returned", "words"),
    [
        (int, "a", "step wrong: output output is declared int, but is str"),
        (Output(a=int, b=int), (1,), "declares 2 outputs .a, b., but returned 1 values"),
        (Output(a=int, b=int), 1, "declares 2 outputs .a, b., but returned int"),
        (None, 1, "declares no output, but returned int"),
    ],
)
def test_a_returned_value_is_held_against_the_declaration(annotation, returned, words):
    """The error names step, output, expected and actual type."""

    def wrong():
        return returned

    wrong.__annotations__["return"] = annotation
    with pytest.raises(OutputTypeError, match=words):
        pipeline(name="p")(lambda: step(wrong)())().run()


class Opaque:
    pass


def test_a_value_that_nothing_stores_says_how_to_store_it():
    """The error names the output and the two ways out; the store stays usable."""

    @step
    def opaque() -> Any:
        return Opaque()

    with pytest.raises(
        MaterializerError, match=r"output output of step opaque is of type .*Opaque\. .*@register\(Opaque\)"
    ):
        pipeline(name="p")(lambda: opaque())().run()
    assert chain().run().status == "completed"


def test_pickle_is_an_opt_in():
    """With allow_pickle the value is stored; without, it is not loaded either."""
    project = create_project(Path.cwd(), Settings(allow_pickle=True))

    @step
    def opaque() -> Any:
        return Opaque()

    run = pipeline(name="p")(lambda: opaque())().run()
    assert isinstance(run.steps["opaque"].output.load(), Opaque)
    (project.folder / "config.toml").write_text("format = 1\n")
    with pytest.raises(MaterializerError, match="allow_pickle = true"):
        Repository().get_run(run.name).steps["opaque"].output.load()


def test_a_step_that_takes_its_context_is_not_cached_unless_it_says_so():
    """It learns names and places; what it writes beside its output is kept with it."""

    @step
    def writes(context: StepContext) -> str:
        Path(context.get_output_artifact_uri(), "note.txt").write_text("hello")
        return f"{context.pipeline_name} {context.step_name} {context.run_name}"

    @pipeline
    def p():
        writes()

    run = p().run(run_name="named")
    assert run.steps["writes"].output.load() == "p writes named"
    assert (run.steps["writes"].output.folder / "note.txt").read_text() == "hello"
    assert "takes a StepContext" in p().plan().steps["writes"].reason


def test_a_step_gets_a_beam_pipeline():
    """It runs when the step's function returns, with the project's options for Beam."""
    create_project(Path.cwd(), Settings(beam_pipeline_args=("--runner=DirectRunner", "--job_name=mine")))

    @step
    def counts(pipeline: beam.Pipeline, context: StepContext) -> Path:
        target = Path(context.get_output_artifact_uri()).parent / "words"
        _ = pipeline | beam.Create(["a", "b"]) | beam.io.WriteToText(str(target), shard_name_template="")
        (target.parent / "options").write_text(str(pipeline.options.get_all_options()["job_name"]))
        return Path(__file__)

    @pipeline
    def p():
        counts()

    run = p().run()
    assert (run.steps["counts"].output.folder.parent / "words").read_text().split() == ["a", "b"]
    assert (run.steps["counts"].output.folder.parent / "options").read_text() == "mine"


def test_a_file_is_an_artifact():
    """A returned path is copied; the next step gets the path of the copy."""

    @step
    def write() -> Path:
        Path("data.csv").write_text("a,b\n")
        return Path("data.csv")

    @step
    def read(path: Path) -> str:
        return path.read_text()

    assert pipeline(name="p")(lambda: read(write()))().run().steps["read"].output.load() == "a,b\n"


def test_a_missing_or_damaged_artifact_is_a_miss():
    """Deleted and truncated files are noticed at look-up, with the reason; the rerun mends it."""
    run = chain().run()
    file = run.steps["load"].output.folder / "array.npy"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-8])
    planned = chain().plan().steps["load"]
    assert (planned.action, planned.reason) == ("run", "the stored output output is missing or damaged")
    assert statuses(chain().run()) == {"load": "executed", "scale": "cached", "total": "cached"}
    assert chain().plan().all_hits


def test_a_changed_artifact_is_never_served():
    """Swapped bytes of the same size are found out when the value is loaded."""
    run = chain().run()
    file = run.steps["scale"].output.folder / "array.npy"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-8] + b"\1" * 8)
    with pytest.raises(ArtifactError, match="is not what was recorded"):
        run.steps["scale"].output.load()
    assert chain().plan().steps["scale"].reason == "the stored output output was dropped"
    assert chain().run().steps["scale"].status == "executed"


def test_a_step_never_gets_a_changed_input():
    """It is made anew before the step gets it."""
    run = chain().run()
    file = run.steps["scale"].output.folder / "array.npy"
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-8] + b"\1" * 8)

    @step
    def count(values: np.ndarray) -> int:
        return len(values)

    @pipeline
    def longer():
        count(scale(load()))

    found = longer().run()
    assert {name: step.status for name, step in found.steps.items()} == {
        "load": "cached",
        "scale": "executed",
        "count": "executed",
    }
    assert np.array_equal(found.steps["scale"].output.load(), [0.0, 2.0, 4.0, 6.0])


def test_artifacts_are_read_only():
    """Nobody changes them by mistake."""
    run = chain().run()
    assert (run.steps["load"].output.folder / "array.npy").stat().st_mode & 0o222 == 0


def test_versions_follow_the_structure():
    """Parameters add runs; another step makes a version; going back returns to the first."""

    @step
    def mean(values: np.ndarray) -> float:
        return float(values.mean())

    @pipeline(name="chain")
    def rewired():
        mean(load())

    assert chain().run().version == 1
    assert chain(factor=9.0).run().version == 1
    assert rewired().run().version == 2
    assert chain().run().version == 1
    made = chain()
    assert [v.number for v in made.versions] == [1, 2]
    assert [len(v.runs) for v in made.versions] == [3, 1]
    assert "step mean added" in made.versions[0].diff(made.versions[1])
    assert made.version == 1
    assert [run.version for run in made.runs] == [1, 1, 2, 1]


def test_a_pipeline_from_the_repository_runs_and_is_copied():
    """It is immutable; its copy hits the original's work."""
    chain(factor=7.0).run()
    found = Repository().get_pipeline_by_name("chain")
    assert all(made.is_cached for made in found.run().steps.values())
    copied = found.copy("wider", scale=scale(Scale(factor=8.0)))
    assert statuses(copied.run()) == {"load": "cached", "scale": "executed", "total": "executed"}
    assert Repository().get_pipeline_names() == ["chain", "wider"]
    with pytest.raises(AlreadyExistsError, match="there is a pipeline named 'wider' already"):
        found.copy("wider")


def test_a_run_name_is_taken_once():
    """A run is found by its name."""
    chain().run(run_name="mine")
    with pytest.raises(AlreadyExistsError, match="mine"):
        chain().run(run_name="mine")


def test_moving_the_project_keeps_its_cache(folder, monkeypatch):
    """Artifacts are found where the project is now."""
    (folder / "old").mkdir()
    monkeypatch.chdir(folder / "old")
    chain().run()
    (folder / "old").rename(folder / "new")
    monkeypatch.chdir(folder / "new")
    run = chain().run()
    assert all(made.is_cached for made in run.steps.values())
    assert run.steps["total"].output.load() == 12.0


def test_a_store_of_a_newer_format_is_refused(folder):
    """The sentence says to upgrade."""
    project = create_project(folder)
    (project.folder / "config.toml").write_text("format = 99\n")
    with pytest.raises(StoreFormatError, match="is of format 99; this zencache reads up to 2. Upgrade"):
        chain().run()
