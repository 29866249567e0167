"""The kinds of facts that a run showed a step to depend on, besides files, folders and variables.

A kind gives the present value of each recorded name, and the sentence that explains a difference. Values are
short texts, or digests where a value may be long or a secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from zencache.tracking.file_digests import FileDigests


class Kind(Protocol):
    """One kind of fact."""

    def now(self, recorded: Mapping[str, str], root: Path, digests: FileDigests) -> Mapping[str, str]:
        """Give the present value of each recorded name; one that is left out cannot be told, and passes."""

    def sentence(self, name: str, before: str, now: str) -> str:
        """Explain a difference."""


class Unchecked:
    """Facts that cannot be compared; the planner reads them."""

    def now(self, recorded: Mapping[str, str], root: Path, digests: FileDigests) -> Mapping[str, str]:  # noqa: ARG002
        """Give nothing to compare."""
        return {}

    def sentence(self, name: str, before: str, now: str) -> str:  # noqa: ARG002 - as all kinds
        """Name the fact."""
        return name


class Unknown(Unchecked):
    """What is not known of a step: it never agrees with what is now."""

    def now(self, recorded: Mapping[str, str], root: Path, digests: FileDigests) -> dict[str, str]:  # noqa: ARG002
        """Give a value that was not recorded."""
        return dict.fromkeys(recorded, "unknown")

    def sentence(self, name: str, before: str, now: str) -> str:  # noqa: ARG002 - as all kinds
        """Name the error that kept it from being told."""
        return f"what it reads is not known ({name})"


UNKNOWN = "unknown reads"


def kind_of(name: str) -> Kind | None:  # noqa: PLR0911 - one line a kind
    """Give a kind by its name, imported on demand; None for one that only a later release knows."""
    match name:
        case "packages" | "missing modules" | "entry points":
            from zencache.tracking import package_facts  # noqa: PLC0415 - only a step that has such facts

            return package_facts.KINDS[name]
        case "code":
            from zencache.tracking.seen_code import SeenCode  # noqa: PLC0415 - few records have such facts

            return SeenCode()
        case "state":
            from zencache.tracking import ambient_state  # noqa: PLC0415 - only a record with such facts

            return ambient_state.State()
        case "logger levels":
            from zencache.tracking.logger_levels import LoggerLevels  # noqa: PLC0415 - few records have such facts

            return LoggerLevels()
        case "paths" | "path entries" | "links" | "file status" | "file access" | "globs":
            from zencache.tracking.path_facts import kinds  # noqa: PLC0415 - only for records that have them

            return kinds()[name]
        case "unseen programs" | "unseen reads" | "unknown reads":
            return Unknown() if name == UNKNOWN else Unchecked()
        case _:
            return None


def changed_facts(
    facts: Mapping[str, Mapping[str, str]],
    root: Path,
    digests: FileDigests,
    parameters: Mapping[str, str] | None = None,
) -> list[str]:
    """List the facts that are no longer true; empty if all are. `parameters` are those of the planned step.

    >>> from pathlib import Path
    >>> from zencache.tracking.file_digests import FileDigests
    >>> changed_facts({}, Path.cwd(), FileDigests(None))
    []
    """
    changes = []
    for kind_name, recorded in facts.items():
        kind = _of_parameters(parameters) if kind_name == "parameter paths" else kind_of(kind_name)
        if kind is None:
            changes.append(
                f"a later release of zencache recorded its {kind_name}, which this one cannot check"
            )
            continue
        now = kind.now(recorded, root, digests)
        changes += [
            kind.sentence(name, before, now[name])
            for name, before in recorded.items()
            if now.get(name, before) != before
        ]
    return changes


def _of_parameters(parameters: Mapping[str, str] | None) -> Kind:
    from zencache.tracking.parameter_paths import ParameterPaths  # noqa: PLC0415 - few records have such facts

    return ParameterPaths(parameters)


def merge_facts(parts: list[Mapping[str, Mapping[str, str]]]) -> dict[str, dict[str, str]]:
    """Merge what several steps depended on; the first value of a name counts.

    >>> merge_facts([{"state": {"a": "1"}}, {"state": {"a": "2", "b": "3"}}])
    {'state': {'a': '1', 'b': '3'}}
    """
    merged: dict[str, dict[str, str]] = {}
    for part in reversed(parts):
        for kind, values in part.items():
            merged[kind] = {**merged.get(kind, {}), **values}
    return merged
