"""Pipelines as classes."""

from __future__ import annotations

import pytest

from zencache import Pipeline, step
from zencache.errors import DefinitionError, ParameterError
from zencache.pipelines import BasePipeline, Schedule


@step
def load() -> int:
    return 1


@step
def train(x: int, gamma: float = 0.1) -> float:
    return x * gamma


class Training(BasePipeline):
    enable_cache = False

    def connect(self, loader, trainer):
        trainer(loader())


def test_it_is_connected_as_its_method_says():
    """By keyword and by position; what comes is a `Pipeline` under the class's name."""
    for made in (Training(loader=load(), trainer=train(gamma=0.5)), Training(load(), train(gamma=0.5))):
        assert isinstance(made, Pipeline)
        assert isinstance(made, BasePipeline)
        assert (made.name, list(made.spec.by_name)) == ("Training", ["load", "train"])
        assert made.spec.by_name["train"].slot == "trainer"
        assert made.spec.enable_cache is False


def test_options_can_be_keywords():
    """They go before what the class says."""
    made = Training(load(), train(), name="other", enable_cache=True)
    assert (made.name, made.spec.enable_cache) == ("other", True)


def test_old_options_are_passed_over_with_a_note(capsys):
    """One line, on standard error."""
    Training(load(), train(), requirements=["numpy"])
    assert capsys.readouterr().err.startswith("Note: pipeline Training: requirements is ignored: ")


def test_what_is_wrong_is_said():
    """A slot that is empty, one that there is not, and a class without a body."""
    with pytest.raises(DefinitionError, match="pipeline Training: trainer is empty"):
        Training(loader=load())
    with pytest.raises(ParameterError, match="pipeline Training takes no trainr; did you mean trainer"):
        Training(loader=load(), trainr=train())

    class Empty(BasePipeline):
        pass

    with pytest.raises(DefinitionError, match=r"class Empty has no connect; .*`def connect\(self"):
        Empty()


def test_a_schedule_can_be_made():
    """It is a value that says what it was given."""
    assert Schedule(cron_expression="0 3 * * *").cron_expression == "0 3 * * *"
