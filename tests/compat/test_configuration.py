"""Configuration files: what they give, and what is wrong with them before anything runs."""

from __future__ import annotations

import pytest

from zencache import BaseParameters, pipeline, step
from zencache.compat import options
from zencache.compat.configuration import read
from zencache.errors import (
    ImmutablePipelineError,
    NotFoundError,
    ParameterError,
    SettingsError,
)
from zencache.model.values import from_text


class Params(BaseParameters):
    gamma: float = 0.1
    epochs: int = 1


@step
def load(rows: int = 3) -> list:
    return list(range(rows))


@step
def train(params: Params, x: list, scale: float = 1.0) -> float:
    return sum(x) * params.gamma * params.epochs * scale


@pipeline
def training(loader, trainer):
    trainer(loader())


@pipeline
def direct(gamma: float = 0.1, rows: int = 3):
    train(Params(gamma=gamma), load(rows=rows))


@pytest.fixture(autouse=True)
def _nothing_told(monkeypatch):
    monkeypatch.setattr(options, "_told", set())


@pytest.fixture
def config(folder):
    """Write a configuration file."""

    def write(text):
        (folder / "config.yaml").write_text(text)
        return folder / "config.yaml"

    return write


def parameters(made, name="train"):
    return {n: from_text(text) for n, text in made.spec.by_name[name].parameters.items()}


def test_with_config_gives_parameters_and_flags(config):
    """By slot or step name; plain arguments and fields of the model; the pipeline itself comes back."""
    file = config(
        "enable_cache: false\nsteps:\n  trainer:\n    enable_cache: true\n"
        "    parameters: {gamma: 1e-3, scale: 2}\n  load:\n    parameters: {rows: 5}\n"
    )
    made = training(load(), train())
    assert made.with_config(file) is made
    assert parameters(made) == {"gamma": 0.001, "epochs": 1, "scale": 2}
    assert parameters(made, "load") == {"rows": 5}
    assert made.spec.by_name["train"].enable_cache is True
    assert made.spec.enable_cache is False


def test_a_value_in_both_places_raises(config):
    """Unless the file's is to be taken; other fields of the model stay as they are."""
    file = config("steps: {trainer: {parameters: {gamma: 0.7}}}")
    made = training(load(), train(Params(gamma=0.5, epochs=2)))
    with pytest.raises(
        ParameterError, match="step train: gamma is given in the code and in .*config.yaml; leave one out"
    ):
        made.with_config(file)
    assert parameters(made)["gamma"] == 0.5
    made.with_config(str(file), overwrite_step_parameters=True)
    assert parameters(made) == {"gamma": 0.7, "epochs": 2, "scale": 1.0}


def test_a_plain_value_in_both_places_raises(config):
    """As a field of the model does."""
    file = config("steps: {loader: {parameters: {rows: 7}}}")
    with pytest.raises(ParameterError, match="step load: rows is given in the code"):
        training(load(rows=4), train()).with_config(file)


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("steps: {trainr: {}}", NotFoundError, "no step named 'trainr'; did you mean 'trainer'"),
        (
            "steps: {trainer: {parameters: {gama: 1}}}",
            ParameterError,
            "step train: there is no parameter gama; did you mean gamma",
        ),
        ("steps: {trainer: {parameters: {x: [1]}}}", ParameterError, "there is no parameter x; known: "),
        (
            "steps: {trainer: {parameters: {scale: big}}}",
            ParameterError,
            "parameter scale is declared float, got 'big'",
        ),
        (
            "steps: {trainer: {parameters: {epochs: many}}}",
            ParameterError,
            "parameter params: 1 validation error",
        ),
        (
            "steps: {trainer: {enable_cach: true}}",
            SettingsError,
            "there is no key enable_cach; did you mean enable_cache",
        ),
        (
            "steps: {trainer: {enable_cache: maybe}}",
            SettingsError,
            "enable_cache must be true or false, not 'maybe'",
        ),
        ("steps: {trainer: {materializers: {output: x}}}", SettingsError, "materializers is chosen in code"),
        ("steps: [trainer]", SettingsError, "must be names with values"),
        ("stepz: {}", SettingsError, "there is no key stepz; did you mean steps"),
        ("steps: {a: [", SettingsError, "is not YAML"),
        ("- a", SettingsError, "must be names with values, not "),
    ],
)
def test_what_is_wrong_is_said(config, text, error, said):
    """With the place, and the nearest name."""
    with pytest.raises(error) as caught:
        training(load(), train()).with_config(config(text))
    assert said in str(caught.value)


def test_a_file_that_is_not_there(folder):
    """It is named."""
    with pytest.raises(SettingsError, match=r"nothing.yaml cannot be read: No such file"):
        read(folder / "nothing.yaml")


def test_an_empty_file_gives_nothing(config):
    """It is a configuration without values."""
    made = training(load(), train()).with_config(config(""))
    assert parameters(made) == {"gamma": 0.1, "epochs": 1, "scale": 1.0}


def test_old_keys_are_passed_over_with_a_note(config, capsys):
    """Settings, of the run and of steps."""
    training(load(), train()).with_config(
        config("settings: {docker: {}}\nsteps: {trainer: {step_operator: x}}")
    )
    said = capsys.readouterr().err
    assert "Note: run: settings is ignored" in said
    assert "Note: step trainer: step_operator is ignored" in said


# -- runs -----------------------------------------------------------------------------------------


@pytest.mark.tfx
def test_a_run_takes_a_file(config):
    """For that run; the name of the run, the flag, and parameters; the pipeline stays as it was."""
    file = config("run_name: monday\nenable_cache: false\nsteps: {trainer: {parameters: {gamma: 0.5}}}")
    made = training(load(), train())
    run = made.run(config_path=file)
    assert (run.name, run.steps["train"].output.load()) == ("monday", 1.5)
    assert all(s.reason == "caching is off for this run" or "off" in s.reason for s in run.steps.values())
    assert parameters(made)["gamma"] == 0.1
    with pytest.raises(ImmutablePipelineError, match="pipeline training has run and cannot be changed"):
        made.with_config(file)


@pytest.mark.tfx
def test_in_a_run_the_code_goes_first(config, capsys):
    """As it did; a note says so."""
    file = config("run_name: monday\nsteps: {trainer: {parameters: {gamma: 0.5, epochs: 3}}}")
    run = training(load(), train(Params(gamma=1.0))).run(config_path=str(file), run_name="tuesday")
    assert (run.name, run.steps["train"].output.load()) == ("tuesday", 9.0)
    assert f"Note: step train: gamma in {file} is ignored: the code gives it." in capsys.readouterr().err


@pytest.mark.tfx
def test_a_run_takes_options_of_older_releases(capsys):
    """They are passed over; what one sets for a step counts."""
    run = training(load(), train()).run(
        schedule=object(),
        unlisted=True,
        extra={"a": 1},
        step_configurations={"trainer": {"parameters": {"epochs": 2}}},
    )
    assert run.steps["train"].output.load() == pytest.approx(0.6)
    assert "Note: run: schedule, unlisted, extra are ignored: this runs now, once;" in capsys.readouterr().err
    with pytest.raises(ParameterError, match="run takes no option run_nam; did you mean run_name"):
        training(load(), train()).run(run_nam="x")


@pytest.mark.tfx
def test_a_file_gives_the_pipeline_s_own_arguments(config):
    """Its body is read again with them; those that the code gives go first."""
    file = config("parameters: {gamma: 1.0, rows: 4}")
    assert direct(rows=3).run(config_path=file).steps["train"].output.load() == 3.0
    with pytest.raises(
        ParameterError, match="pipeline direct: there is no parameter gama; did you mean gamma"
    ):
        direct().run(config_path=config("parameters: {gama: 1.0}"))


def test_a_pipeline_that_was_changed_is_not_made_anew(config):
    """Its own arguments are given already; parameters of steps can still be."""
    made = direct()
    made.replace_step("load", load(rows=8))
    with pytest.raises(
        ParameterError, match="pipeline direct was copied, changed or found in the repository"
    ):
        made.with_config(config("parameters: {gamma: 1.0}"))
    made.with_config(config("steps: {train: {parameters: {scale: 3.0}}}"))
    assert (parameters(made)["scale"], parameters(made, "load")["rows"]) == (3.0, 8)


@pytest.mark.tfx
def test_what_was_configured_since_stays(config):
    """Reading the body again keeps the pipeline's flag; a name of a run is for runs."""
    made = direct().configure(enable_cache=False)
    run = made.run(config_path=config("parameters: {gamma: 1.0}"))
    assert run.spec.enable_cache is False
    assert run.steps["train"].output.load() == 3.0


def test_a_run_s_name_is_for_runs(config, capsys):
    """In `with_config` it is passed over, with a note."""
    training(load(), train()).with_config(config("run_name: monday"))
    assert "it counts in run(config_path=…)" in capsys.readouterr().err


def test_a_file_is_data(folder):
    """A tag that would make Python objects is refused, and nothing is run."""
    (folder / "run.yaml").write_text('run_name: !!python/object/apply:os.mkdir ["ran"]\n')
    with pytest.raises(SettingsError, match="is not YAML"):
        read("run.yaml")
    assert not (folder / "ran").exists()
