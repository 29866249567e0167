"""Retries: bounded in number, with growing delays, for transient errors alone."""

from __future__ import annotations

import itertools

import pytest

from zencache.util.backoff import AttemptsExhaustedError, Retry, delays


def lost(error):
    return isinstance(error, ConnectionError)


def failing(*errors):
    """A call that raises these errors one after the other, and then gives the number of the attempt."""
    left, attempts = iter(errors), itertools.count(1)

    def call():
        attempt = next(attempts)
        if (error := next(left, None)) is not None:
            raise error
        return attempt

    return call


def test_a_transient_error_is_retried():
    """Until the call succeeds."""
    retry = Retry(sleep=lambda seconds: None)
    assert retry(failing(ConnectionError(), ConnectionResetError()), lost) == 3


def test_another_error_is_raised_as_it_is():
    """Without waiting."""
    retry = Retry(sleep=lambda seconds: pytest.fail("it waited"))
    with pytest.raises(KeyError):
        retry(failing(KeyError()), lost)


def test_the_attempts_are_bounded_and_their_number_is_told():
    """The last error is the cause."""
    retry, last = Retry(attempts=3, sleep=lambda seconds: None), ConnectionError("third")
    with pytest.raises(AttemptsExhaustedError) as error:
        retry(failing(ConnectionError(), ConnectionError(), last), lost)
    assert (error.value.attempts, error.value.__cause__) == (3, last)


def test_delays_grow_and_are_bounded():
    """Twice as long each time, less a random part, and never longer than the longest."""
    seconds = []
    retry = Retry(attempts=6, first=1, longest=4, sleep=seconds.append)
    assert retry(failing(*[ConnectionError()] * 5), lost) == 6
    assert all(most / 2 <= each <= most for each, most in zip(seconds, (1, 2, 4, 4, 4), strict=True))


def test_delays_are_random():
    """Processes that failed together do not come back together."""
    assert next(delays(1, 1)) != next(delays(1, 1))
