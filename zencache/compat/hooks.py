"""The hooks of `zenml.hooks` (0.36 to 0.39), which sent messages of a run to a chat."""

from __future__ import annotations


def alerter_failure_hook(exception: BaseException) -> None:
    """Do nothing: there are no alerters here, and `on_failure=` is passed over with a note."""


def alerter_success_hook() -> None:
    """Do nothing: there are no alerters here, and `on_success=` is passed over with a note."""
