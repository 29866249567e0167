"""An exception of any class says which step failed, whatever its methods do."""

from __future__ import annotations

import pytest

from zencache.errors import StepFailedError, text_of, traceback_text


class NoText(Exception):  # noqa: N818
    def __str__(self):
        raise RuntimeError("no text")


class NoSubclass(Exception):  # noqa: N818
    def __init_subclass__(cls, **kwargs):
        raise RuntimeError("no subclass")


class OtherNew(Exception):  # noqa: N818
    def __new__(cls, *args):
        if len(args) != 3:
            raise ValueError("three")
        return super().__new__(cls, *args)


class NewGivesNothing(Exception):  # noqa: N818
    def __new__(cls, *args):
        return super().__new__(cls) if cls is NewGivesNothing else None


class RaisesOnAttribute(Exception):  # noqa: N818
    def __setattr__(self, name, value):
        raise RuntimeError(name)


@pytest.mark.parametrize(
    "error",
    [
        NoText(),
        NoSubclass("b"),
        OtherNew(1, 2, 3),
        NewGivesNothing(),
        RaisesOnAttribute(),
        RecursionError(),
    ],
)
def test_the_step_is_named(error):
    """And the exception is the cause; its traceback can be recorded."""
    failed = StepFailedError.of("train", "p-1", error)
    assert isinstance(failed, StepFailedError)
    assert (failed.step, failed.run, failed.__cause__) == ("train", "p-1", error)
    assert str(failed).startswith(f"step train failed: {type(error).__name__}: ")
    assert type(error).__name__ in traceback_text(error)
    assert isinstance(text_of(error), str)
