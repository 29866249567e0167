"""Explains in words why a step ran or was a hit, and what its key was made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from zencache.caching.key_diff import read_texts
from zencache.model.secrets import shown
from zencache.planning.code_diff import code_changes, parts_of
from zencache.tracking.observed_inputs import Seen

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from zencache.caching.key import KeyParts
    from zencache.metadata.session import ProjectRecords
    from zencache.model.records import ExecutionRecord
    from zencache.model.specs import StepSpec

Lines = tuple[str, ...]
_DIGITS = 12  # of a digest that is shown; they tell any two contents of a project apart
_LONGEST = 120  # characters of a value


@dataclass(frozen=True)
class Explanation:
    """Why a step ran, or was a hit; printed, it reads as a small report.

    >>> parts = {"parameters": ("lr = 0.2",)}
    >>> print(Explanation("train", "executed", "parameter lr: 0.1 → 0.2", parts=parts))
    train: executed
      why         parameter lr: 0.1 → 0.2
      parameters  lr = 0.2
    """

    step: str
    status: str
    reason: str
    origin: str = ""
    """Of a hit: when and in which run it was computed. Of a miss: what the reason compares with."""
    parts: Mapping[str, Lines] | None = None
    """The key's parts and what the step was seen to read, by kind; None if nothing was recorded."""
    code: str | None = None
    """The lines of code that differ from that execution; None if they were not asked for."""

    def brief(self) -> str:
        """Say the status and the reason alone."""
        return _report(self._head, {"why": (self.reason,), **({"": (self.origin,)} if self.origin else {})})

    @property
    def _head(self) -> str:
        return f"{self.step}: {self.status}"

    def __str__(self) -> str:
        why = (self.reason, self.origin) if self.origin else (self.reason,)
        report = _report(self._head, {"why": why, **(self.parts or {})})
        return report if self.code is None else f"{report}\n\n{self.code or 'No line of code differs.'}"


def explain(
    spec: StepSpec, record: ExecutionRecord, status: str, records: ProjectRecords, *, code: bool
) -> Explanation:
    """Explain an execution of a step from what was recorded with it."""
    computed = _computed(record, records)
    compared = _find(record.compared_with, records)
    return Explanation(
        spec.name,
        status,
        record.reason,
        origin=_origin(record, computed, compared, records),
        parts=_parts(spec, record, computed),
        code=_code(record, compared, records) if code else None,
    )


# -- what it refers to ------------------------------------------------------------------------------


def _find(execution: int | None, records: ProjectRecords) -> ExecutionRecord | None:
    records_found = records.metadata.executions.by_id([execution]) if execution is not None else []
    return records_found[0] if records_found else None


def _computed(record: ExecutionRecord, records: ProjectRecords) -> ExecutionRecord:
    """Give the execution that computed the outputs: this one, or of a hit the one that it reused."""
    return _find(record.origin, records) or record


def _origin(
    record: ExecutionRecord,
    computed: ExecutionRecord,
    compared: ExecutionRecord | None,
    records: ProjectRecords,
) -> str:
    if record.origin is not None:
        words = f"computed {_place(computed, records)}"
        return f"{words}; dropped since: {computed.dropped}" if computed.dropped else words
    words = f"compared with the execution of {_place(compared, records)}" if compared is not None else ""
    dropped = f"its result was dropped: {record.dropped}" if record.dropped else ""
    return "; ".join(filter(None, (words, dropped)))


def _place(record: ExecutionRecord, records: ProjectRecords) -> str:
    run = records.runs.of_execution(record.id)
    return f"{record.created.astimezone():%Y-%m-%d %H:%M:%S}{f' in run {run.name}' if run else ''}"


def _code(record: ExecutionRecord, compared: ExecutionRecord | None, records: ProjectRecords) -> str:
    parts = parts_of(record)
    if parts is None or compared is None:
        return ""
    stored = records.project.sources
    return code_changes(compared, parts, read_texts(stored, parts.sources), stored)


# -- what the key was made of -----------------------------------------------------------------------


def _parts(spec: StepSpec, record: ExecutionRecord, computed: ExecutionRecord) -> dict[str, Lines] | None:
    parts = parts_of(computed)
    if parts is None:
        return None
    seen = Seen.from_json(computed.seen) if computed.seen else Seen()
    error = (record.error or "").strip().splitlines()[-1:]
    lines_by_kind = {"error": tuple(error), **_of_key(spec, record.key or parts.key, parts), **_of_seen(seen)}
    return {kind: lines for kind, lines in lines_by_kind.items() if lines}


def _of_key(spec: StepSpec, key: str, parts: KeyParts) -> dict[str, Lines]:
    feeds = spec.input_sources
    inputs = {
        name: f"{f' from {feeds[name].step}' if name in feeds else ''}: {kind} {_short(digest)}"
        for name, (kind, digest) in parts.inputs.items()
    }
    return {
        "key": (key,),
        "code": (_short(parts.code), *(_unit(name, *unit) for name, unit in parts.units.items())),
        "packages": tuple(f"{name} {version}" for name, version in parts.packages.items()),
        "classes": tuple(f"{name.replace(':', '.')} {_short(d)}" for name, d in parts.classes.items()),
        "parameters": tuple(f"{name} = {_shown(shown(text))}" for name, text in parts.parameters.items()),
        "inputs": tuple(f"{name}{words}" for name, words in inputs.items()),
        "outputs": tuple(f"{name}: {kind} by {by}" for name, (kind, by) in parts.outputs.items()),
        "policy": tuple(f"{name}: {_policy(name, text)}" for name, text in parts.policy.items()),
    }


def _of_seen(seen: Seen) -> dict[str, Lines]:
    read = [f"{name} {_short(digest)}" for name, digest in seen.files.items() if digest]
    absent = [f"{name}, which was not there" for name, digest in seen.files.items() if not digest]
    folders = [
        f"the names in {name.rstrip('/')}/ {_short(digest.rpartition(':')[2])}"
        for name, digest in seen.folders.items()
        if digest
    ]
    absent += [
        f"{name.rstrip('/')}/, which was not there" for name, digest in seen.folders.items() if not digest
    ]
    unstable = [f"{name}, which changed meanwhile" for name in seen.unstable]
    return {
        "read": (*read, *absent, *folders, *unstable),
        "environment": tuple(_variable(name, digest) for name, digest in seen.environment.items()),
        "written": (
            *(f"{name} {_short(digest)}" for name, digest in seen.writes.items()),
            *(f"{name}, as other steps of its run did" for name in seen.shared),
        ),
        "notes": seen.notes,
        "remarks": seen.remarks,
    }


def _unit(name: str, digest: str, value: str) -> str:
    return f"{name} {_short(digest)}{f' = {_shown(value)}' if value else ''}"


def _variable(name: str, digest: str) -> str:
    """Show a variable by a digest: its value may be a secret."""
    return f"{name} {_short(digest)}" if digest else f"{name}, which was not set"


def _policy(name: str, text: str) -> str:
    """Shorten what is a digest; a salt and a key function's answer are shown as they are."""
    return _short(text) if name.startswith(("environment variable ", "file ")) else _shown(text)


def _short(digest: str) -> str:
    return digest[:_DIGITS]


def _shown(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _report(head: str, parts: Mapping[str, Iterable[str]]) -> str:
    """Write names beside their lines, all lines at one margin."""
    margin = max(map(len, parts))
    lines = [head]
    for name, items in parts.items():
        for number, item in enumerate(items):
            lines.append(f"  {name if not number else '':<{margin}}  {item}")
    return "\n".join(lines)
