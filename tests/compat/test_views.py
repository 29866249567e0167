"""Looking at what ran, as older code does."""

from __future__ import annotations

from typing import Optional

import pytest
from pydantic import ValidationError

from zencache import BaseParameters, Output, Repository, pipeline, step
from zencache.compat.client import Client
from zencache.compat.client import Repository as OldRepository
from zencache.compat.enums import ExecutionStatus
from zencache.config import create_project
from zencache.errors import MaterializerError, NotFoundError, StepFailedError
from zencache.materializers.builtin import TextMaterializer
from zencache.pipelines import BasePipeline
from zencache.post_execution import get_pipeline, get_pipelines, get_run, get_unlisted_runs

pytestmark = pytest.mark.tfx


class Params(BaseParameters):
    gamma: float = 0.1


@step
def load() -> Output(b=int, a=str):
    return 1, "x"


@step
def train(params: Params, b: int, broken: bool = False) -> float:
    if broken:
        raise ValueError("no rows")
    return b * params.gamma


@step
def report(score: float) -> None:
    pass


@pipeline
def training(loader, trainer, reporter):
    b, _ = loader()
    reporter(trainer(b))


class Other(BasePipeline):
    def connect(self, loader):
        loader()


def ran(**parameters):
    made = training(loader=load(), trainer=train(**parameters), reporter=report())
    made.run()
    return made


@pytest.fixture
def view():
    """A pipeline that ran twice: once computed, once with another parameter."""
    ran()
    ran(params=Params(gamma=0.5))
    return get_pipeline("training")


def test_the_newest_run_is_the_last(view):
    """`runs[-1]`, as until 0.33."""
    assert view.runs[-1].get_step("trainer").output.read() == 0.5
    assert view.runs[0].get_step(step="trainer").output.read() == 0.1
    assert view.num_runs == len(view.get_run_names()) == 2


def test_a_pipeline_is_found_by_name_class_and_instance(view):
    """None where there is none."""
    for given in ("training", training, training(load(), train(), report())):
        assert get_pipeline(given).name == "training"
    assert get_pipeline(Other) is None
    assert Other.get_runs() == []
    run = Other(load()).run()
    assert [each.name for each in Other.get_runs()] == [Other.get_run(run.name).name] == [run.name]
    assert get_pipeline(Other).name == get_pipeline(pipeline=Other(load())).name == "Other"
    assert [each.name for each in get_pipelines()] == ["Other", "training"]
    assert get_pipeline("training", version=1).num_runs == 2
    assert get_pipeline("training", version="2") is None


def test_a_run_tells_of_its_steps(view):
    """By the pipeline's arguments; the step's own name is its entrypoint's."""
    run = view.runs[-1]
    assert run.status == ExecutionStatus.COMPLETED == "completed"
    assert [s.name for s in run.steps] == run.get_step_names() == ["loader", "trainer", "reporter"]
    assert [s.entrypoint_name for s in run.steps] == ["load", "train", "report"]
    loader, trainer, reporter = run.steps
    assert (loader.status, loader.is_cached, loader.is_completed) == (ExecutionStatus.CACHED, True, True)
    assert (trainer.status, trainer.is_cached, trainer.is_completed) == (
        ExecutionStatus.COMPLETED,
        False,
        True,
    )
    assert trainer.parameters == {"gamma": 0.5, "broken": False}
    assert trainer.parents_step_ids == [loader.id]
    assert run.get_step("train").name == "trainer"
    assert repr(reporter) == "<step reporter: completed>"


def test_inputs_and_outputs(view):
    """In the order in which the step returns them; one by `input` and `output`."""
    loader, trainer, reporter = view.runs[-1].steps
    assert list(loader.outputs) == ["b", "a"]
    assert trainer.input.read() == 1
    assert (trainer.input.name, trainer.input.data_type) == ("b", "int")
    assert trainer.input.producer_step.name == "loader"
    assert (trainer.input.is_cached, trainer.output.is_cached) == (True, False)
    assert trainer.output.uri
    assert trainer.output.parent_step_id == trainer.id
    with pytest.raises(
        ValueError, match=r"step loader has 2 outputs \(b, a\); take one by name from .outputs"
    ):
        loader.output
    with pytest.raises(ValueError, match=r"step reporter has 0 outputs \(none\)"):
        reporter.output


def test_a_value_is_read_as_what_it_should_be(view):
    """A type that does not fit raises; another materializer may load it."""
    text = view.runs[-1].get_step("loader").outputs["a"]
    assert text.read(output_data_type=str) == "x"
    assert text.read(materializer_class=TextMaterializer) == "x"
    with pytest.raises(MaterializerError, match="artifact a holds a str, not a int"):
        text.read(int)


def test_runs_are_found_by_name(view):
    """A KeyError otherwise, with the nearest name."""
    name = view.runs[0].name
    assert get_run(name).name == view.get_run(name).name == training.get_run(name).name == name
    for find in (get_run, view.get_run, training.get_run):
        with pytest.raises(KeyError, match="no run named"):
            find(name[:-1])
    with pytest.raises(KeyError, match="no step named 'trainr'; did you mean 'trainer'"):
        view.runs[0].get_step("trainr")
    assert get_unlisted_runs() == []


def test_the_run_that_computed_a_step(view):
    """The newest; a LookupError where none did."""
    first, second = view.runs
    assert view.get_run_for_completed_step("loader").name == first.name
    assert training.get_run_for_completed_step("trainer").name == second.name
    with pytest.raises(LookupError, match="no run of pipeline training computed a step x"):
        view.get_run_for_completed_step("x")
    with pytest.raises(NotFoundError, match="pipeline Other has not run"):
        Other(load()).get_run_for_completed_step("loader")


def test_what_a_view_has_not_names_the_nearest(view):
    """As other objects do."""
    with pytest.raises(AttributeError, match="a StepView has no outputt; did you mean output"):
        view.runs[-1].steps[0].outputt
    with pytest.raises(AttributeError, match="a PipelineRunView has no dashboard; there is no server here"):
        view.runs[-1].dashboard


def test_a_failed_run(view):
    """What did not begin is not among its steps."""
    with pytest.raises(StepFailedError):
        ran(broken=True)
    run = view.runs[-1]
    assert run.status == ExecutionStatus.FAILED
    assert [(s.name, str(s.status)) for s in run.steps] == [("loader", "cached"), ("trainer", "failed")]


def test_the_repository_and_the_client_give_the_same_views(view, capsys):
    """Under the names that they had."""
    assert Repository().get_pipeline("training").runs[-1].name == view.runs[-1].name
    assert Repository().get_pipeline(pipeline_name="training").name == "training"
    assert Repository().get_pipeline(training, stack_name="default").name == "training"
    assert "stack_name is ignored" in capsys.readouterr().err
    assert Client().get_pipeline("training").name == "training"
    assert OldRepository().get_pipelines()[0].runs[-1].steps[1].output.read() == 0.5
    assert OldRepository().get_pipeline("training").name == "training"
    assert [run.name for run in training(load(), train(), report()).get_runs()] == view.get_run_names()
    assert training.get_run_names() == view.get_run_names()


def test_where_nothing_ran_there_is_no_pipeline():
    """In a folder without a project as well."""
    assert get_pipeline("training") is None
    assert get_pipelines() == []
    assert training.get_runs() == []


@pytest.mark.parametrize("kind", [Client, OldRepository])
def test_before_the_first_run_there_is_nothing(kind, folder):
    """Scripts make one at their top; what runs afterwards is found by the same object."""
    early = kind()
    assert (early.get_pipelines(), early.get_runs(), early.get_pipeline_names()) == ([], [], [])
    create_project(folder)
    assert early.get_pipelines() == []
    assert early.root == folder


def test_an_early_client_tells_where_secrets_are(folder):
    """Its methods that are not here say what stands for them."""
    with pytest.raises(AttributeError, match=r"secrets are environment variables here, .*CachePolicy\(env="):
        Client().get_secret("openai")


def test_an_optional_parameter_without_default_is_none():
    """As pydantic 1 had it; another one has to be given."""

    class Where(BaseParameters):
        path: Optional[str]
        pace: float | None
        name: str

    assert (Where(name="a").path, Where(name="a").pace, Where(name="a", path="b").path) == (None, None, "b")
    with pytest.raises(ValidationError, match="name"):
        Where(path="b")
