"""Options of older releases: those that are ignored with a note, and those that raise an error."""

from __future__ import annotations

import difflib
import sys
from typing import TYPE_CHECKING

from zencache.errors import DefinitionError, ParameterError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

_WHERE = "steps run on this machine, with what is installed here"
_RECORDS = "ML Metadata records what it records"
# Option to the reason why it has no effect here.
STEP_OPTIONS = {
    "output_types": "a value's type decides what is recorded",  # 0.12
    "custom_step_operator": _WHERE,  # 0.7 to 0.20
    "resource_configuration": _WHERE,  # 0.12 to 0.20
    "experiment_tracker": "start the tracker in the step",  # 0.20 to 0.39
    "step_operator": _WHERE,  # 0.20 to 0.39
    "output_artifacts": "a value's type decides what is recorded",  # 0.20 to 0.39
    "enable_artifact_metadata": _RECORDS,  # 0.33 to 0.39
    "enable_artifact_visualization": _RECORDS,  # 0.38, 0.39
    "enable_step_logs": _RECORDS,  # 0.39
    "settings": _WHERE,  # 0.20 to 0.39
    "extra": _RECORDS,  # 0.20 to 0.39
    "merge": "what it merges is ignored",  # of `configure`, 0.20 to 0.39
    "on_failure": "nothing calls hooks; act on the run's status",  # 0.36 to 0.39
    "on_success": "nothing calls hooks; act on the run's status",
}
PIPELINE_OPTIONS = {
    "required_integrations": _WHERE,  # 0.8 to 0.20
    "requirements": _WHERE,
    "requirements_file": _WHERE,
    "dockerignore_file": _WHERE,
    "enable_artifact_metadata": _RECORDS,  # 0.33 to 0.39
    "enable_artifact_visualization": _RECORDS,
    "enable_step_logs": _RECORDS,
    "settings": _WHERE,  # 0.20 to 0.39
    "extra": _RECORDS,
    "merge": "what it merges is ignored",  # of `configure`
    "on_failure": "nothing calls hooks; act on the run's status",  # 0.36 to 0.39
    "on_success": "nothing calls hooks; act on the run's status",
}
RUN_OPTIONS = {
    "schedule": "this runs now, once; let cron start the script",  # 0.5 to 0.39
    "build": _WHERE,  # 0.37 to 0.39
    "prevent_build_reuse": _WHERE,
    "unlisted": "every run is recorded under its pipeline",  # 0.34 to 0.39
    **{name: why for name, why in PIPELINE_OPTIONS.items() if not name.startswith("on_")},
}
# Without them a pipeline would give another result, so they raise an error.
REFUSED = {
    "secrets": "set what the steps need as environment variables, and declare those in CachePolicy(env=[…])",
    "dynamic": "control flow on values belongs into a step",
}
_KNOWN = {"step": STEP_OPTIONS, "pipeline": PIPELINE_OPTIONS, "run": RUN_OPTIONS}
_OWN = {
    "step": ("name", "enable_cache", "cache", "output_materializers", "retries", "retry_delay", "timeout"),
    "pipeline": ("name", "enable_cache", "cache"),
    "run": ("enable_cache", "run_name", "config_path", "step_configurations", "workers", "worker_kind"),
}
_told: set[str] = set()


def is_known(what: str, option: str) -> bool:
    """Say whether older releases had an option; `what` begins with step, pipeline or run.

    >>> is_known("@step", "settings"), is_known("@step", "gamma")
    (True, False)
    """
    return option in _KNOWN[_kind(what)] or option in REFUSED


def check_options(what: str, options: Mapping[str, Any]) -> None:
    """Print one note of the ignored options; raises for one that is unknown or must not be ignored."""
    reasons = _KNOWN[_kind(what)] if options else {}
    for name in options:
        if name in REFUSED:
            raise DefinitionError(f"{what}: {name}=… is not supported: {REFUSED[name]}")
        if name not in reasons:
            raise ParameterError(f"{what} takes no option {name}; {_near(what, name)}")
    ignored = [name for name, value in options.items() if value is not None]
    if ignored:
        why = "; ".join(dict.fromkeys(reasons[name] for name in ignored))
        note(f"{what}: {', '.join(ignored)} {'is' if len(ignored) == 1 else 'are'} ignored: {why}")


def note(text: str) -> None:
    """Print a line on standard error, once a process."""
    if text not in _told:
        _told.add(text)
        print(f"Note: {text}.", file=sys.stderr)  # noqa: T201 - the line is for the user


def _kind(what: str) -> str:
    return what.lstrip("@").partition(" ")[0]


def _near(what: str, name: str) -> str:
    kind = _kind(what)
    near = difflib.get_close_matches(name, [*_OWN[kind], *_KNOWN[kind]], n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"it takes {', '.join(_OWN[kind])}"
