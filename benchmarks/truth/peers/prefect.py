"""Runs a probe with Prefect 3: the function is a task with a policy of source and inputs, and is called."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

STATE: dict = {}
"""The server, and the settings of this side."""


def warm_up(scratch: Path) -> None:
    """Start the ephemeral server once for all sides; otherwise a first call would start it."""
    os.environ.update(
        PREFECT_HOME=str(scratch / f"home{os.getpid()}"),
        PREFECT_LOGGING_LEVEL="CRITICAL",
        PREFECT_SERVER_ANALYTICS_ENABLED="false",
        PREFECT_CLIENT_SERVER_VERSION_CHECK_ENABLED="false",
        DO_NOT_TRACK="1",
    )
    import prefect  # noqa: F401
    from prefect.server.api.server import SubprocessASGIServer

    STATE["server"] = SubprocessASGIServer()
    STATE["server"].start(timeout=120)


def begin(store: Path, _folder: Path) -> None:
    from prefect import settings

    given = {settings.PREFECT_API_URL: STATE["server"].api_url, settings.PREFECT_LOCAL_STORAGE_PATH: store}
    STATE["settings"] = settings.temporary_settings(given)
    STATE["settings"].__enter__()


def decorate(function):
    from prefect import task
    from prefect.cache_policies import INPUTS, TASK_SOURCE

    return task(cache_policy=TASK_SOURCE + INPUTS, persist_result=True)(function)


def run(step, args, kwargs):
    state = step.made(*args, **kwargs, return_state=True)
    return {"reused": state.name == "Cached"}, state.result()


def close() -> None:
    STATE["server"].stop()
