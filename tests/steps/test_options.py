"""What `@step` accepts about retries and timeouts, and what it says of the rest."""

from __future__ import annotations

from datetime import timedelta

import cloudpickle
import pytest

from zencache import pipeline, step
from zencache.errors import StepDefinitionError
from zencache.model.specs import Attempts


def load() -> int:
    return 1


@pytest.mark.parametrize("ten_minutes", [600, 600.0, "10min", timedelta(minutes=10)])
def test_a_time_is_a_number_a_text_or_a_timedelta(ten_minutes):
    """All of them mean the same."""
    made = step(retries=2, retry_delay=ten_minutes, timeout=ten_minutes)(load)
    assert made.attempts == Attempts(retries=2, retry_delay=600, timeout=600)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"retries": -1}, "retries=-1 is not a number of retries; write how many more times"),
        ({"retries": True}, "retries=True is not a number of retries"),
        ({"retries": 1.5}, "retries=1.5 is not a number of retries"),
        ({"retry_delay": "soon"}, "retry_delay: 'soon' is not a duration; write 90s, 30min"),
        ({"retry_delay": timedelta(seconds=-1)}, "is a negative time"),
        ({"retry_delay": float("nan")}, "nan is not a duration; write seconds"),
        ({"timeout": 0}, "timeout=0 leaves no time at all; write how long one attempt may take"),
        ({"timeout": "0s"}, "timeout='0s' leaves no time at all"),
        ({"timeout": -2}, "timeout: -2 is a negative time"),
        ({"timeout": True}, "timeout: True is not a duration; write seconds"),
        ({"timeout": timedelta.max}, "is too long a time"),
        ({"timeout": []}, r"timeout: \[\] is not a duration"),
    ],
)
def test_what_is_unusable_is_refused_with_what_to_write(options, words):
    """When the step is declared, not when it runs."""
    with pytest.raises(StepDefinitionError, match=f"step load.*{words}"):
        step(**options)(load)


def test_options_refine_one_another():
    """What is not named stays."""
    made = step(retries=2, timeout=5)(load).with_options(retries=0)
    assert made.attempts == Attempts(retries=0, timeout=5)


def test_they_travel_with_a_pickled_step():
    """A snapshot has them."""
    made = step(retries=2, timeout=5)(load)
    assert cloudpickle.loads(cloudpickle.dumps(made)).attempts == made.attempts


def test_they_are_in_the_spec_and_not_in_the_structure():
    """A pipeline that retries is the same version."""

    def spec_of(loader):
        @pipeline
        def one():
            loader()

        return one().spec

    plain, retried = spec_of(step(load)), spec_of(step(retries=2)(load))
    assert retried.by_name["load"].attempts == Attempts(retries=2)
    assert plain != retried
    assert plain.structure == retried.structure


def test_a_delay_is_doubled_up_to_an_hour():
    """A longer first delay stays as it is."""
    assert [Attempts().delay(n) for n in (1, 2, 3, 13, 5000)] == [1, 2, 4, 3600, 3600]
    assert Attempts(retry_delay=7200).delay(2) == 7200
    assert Attempts(retry_delay=0).delay(9) == 0
