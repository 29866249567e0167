"""Writes the page of the probes' outcomes with each library."""

from __future__ import annotations

import platform
import sys
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, get_args

from benchmarks.environments import python_of
from benchmarks.truth.environments import peers
from benchmarks.truth.judging import Judged, Kind

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.truth.environments import Peer
    from tests.cache_truth.harness import Outcome

COLUMNS = {
    "stale": "stale",
    "needless": "needless",
    "imprecise": "imprecise",
    "right rerun": "needed reruns right",
    "right hit": "hits right",
    "not applicable": "not applicable",
}
TELLING = (
    "functions",
    "constants",
    "classes",
    "values",
    "models",
    "decorators",
    "imports",
    "neutral",
    "moves",
    "names",
)
"""The themes that examples are taken from first, one each."""
EXAMPLES = 3
JUDGED = "stale / needless of the probes judged"


@dataclass(frozen=True)
class Result:
    """A library, its judged probes, and their outcomes."""

    title: str
    python: str
    judged: Sequence[Judged]
    words: Sequence[str] = ()
    examples: Sequence[str] = ()

    @classmethod
    def of(cls, peer: Peer, judged: Sequence[Judged], truths: Sequence[Outcome], checked: str) -> Result:
        words = [f"How: {peer.how} {checked}".strip()]
        words += [f"What it offers against it, not used here: {peer.remedy}", f"Not comparable: {peer.apart}"]
        return cls(str(peer), python_of(peer.executable), judged, words, examples(judged, truths))


def ours(judged: Sequence[Judged]) -> Result:
    return Result("**zencache**", platform.python_version(), judged)


# -- the page -------------------------------------------------------------------------------------


def document(results: Sequence[Result], machine: str, seconds: float) -> str:
    """Write the page."""
    return "\n".join(
        [
            *introduction(results, machine, seconds),
            *("## In all", "", *overview(results), ""),
            *("Not applicable, by reason:", "", *(reasons(result) for result in results[1:]), ""),
            *("## By kind of dependency", "", JUDGED, "", *grouped("category", results), ""),
            *("## By theme", "", JUDGED, "", *grouped("theme", results), ""),
            *(line for result in results[1:] for line in section(result)),
        ]
    )


def introduction(results: Sequence[Result], machine: str, seconds: float) -> list[str]:
    command = "python -m benchmarks.truth.run " + " ".join(sys.argv[1:])
    day = datetime.now(timezone.utc).date().isoformat()
    return [
        "# The same edits, other libraries",
        "",
        f"Each of the {len(results[0].judged)} probes of `tests/cache_truth` is a small edit of user code with the verdict that",
        "truth demands. A step is run once with the library's cache on and its result stored on disk; the edit is",
        "made; in a fresh process the step is run again. **Stale**: the stored result was reused although the",
        "edited code gives another. **Needless**: the step ran again although the edit cannot change its result.",
        "**Imprecise**: the same, where no analysis of code is asked to know. **Not applicable**: the probe says",
        "nothing of that library, and is counted neither for it nor against it.",
        "",
        f"`{command.strip()}` made this page on {day} in {seconds / 60:.0f} minutes on {machine}, with",
        f"the same versions of numpy, pydantic and pandas beside each library ({len(results) - 1} of {len(peers())} peers).",
        "The probes were written for zencache, and its failures among them were worked on; they show what each",
        "library looks at, not how often such an edit happens. zencache's row is of the keys that it plans and, for",
        "what only a run shows (files, child processes, states, packages), of plans after a run, as",
        "`python -m tests.cache_truth.report` judges them. A peer's step is the plain function under the peer's own",
        "decorator, put there where the function is defined; every peer has the cache that its documentation",
        "switches on first, with nothing named by hand. Three probes of zencache's own interface are in its row alone.",
        "Most edits are of helpers and globals, which no other library here looks at, so the others differ little;",
        "and they rerun less where zencache is imprecise.",
        "",
    ]


def overview(results: Sequence[Result]) -> Iterable[str]:
    yield row("library", "Python", "probes judged", *COLUMNS.values())
    yield row("---", "---", *["--:"] * (len(COLUMNS) + 1))
    for result in results:
        kinds = Counter(judged.kind for judged in result.judged)
        judged = sum(kinds.values()) - kinds["not applicable"]
        yield row(result.title, result.python, judged, *(kinds[kind] for kind in COLUMNS))


def reasons(result: Result) -> str:
    counted = Counter(judged.why for judged in result.judged if judged.why)
    return f"- {result.title}: " + ("; ".join(f"{why} ({n})" for why, n in counted.most_common()) or "none")


def grouped(of: str, results: Sequence[Result]) -> Iterable[str]:
    """Write a table by theme, or by category: the kind of dependency."""
    yield row(of, "probes", *(result.title for result in results))
    yield row("---", *["--:"] * (len(results) + 1))
    for group in dict.fromkeys(getattr(judged.probe, of) for judged in results[0].judged):
        chosen = [[one for one in result.judged if getattr(one.probe, of) == group] for result in results]
        yield row(group, len(chosen[0]), *map(cell, chosen))


def cell(judged: Sequence[Judged]) -> str:
    kinds = Counter(one.kind for one in judged)
    return f"{kinds['stale']} / {kinds['needless']} of {len(judged) - kinds['not applicable']}"


def row(*cells: object) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def section(result: Result) -> Iterable[str]:
    yield from (f"## {result.title}", "")
    for sentence in result.words:
        yield from (sentence, "")
    yield from result.examples
    yield ""


# -- examples -------------------------------------------------------------------------------------


def examples(judged: Sequence[Judged], truths: Sequence[Outcome]) -> list[str]:
    """Show a few stale hits and a few needless reruns, of several themes."""
    pairs = list(zip(judged, truths, strict=True))
    return [
        line
        for kind in get_args(Kind)
        if kind in ("stale", "needless")
        for line in told(kind, [truth for one, truth in pairs if one.kind == kind])
    ]


def told(kind: str, truths: Sequence[Outcome]) -> Iterable[str]:
    yield from (f"{kind.capitalize()}, {min(EXAMPLES, len(truths))} of {len(truths)}:", "")
    for truth in varied(truths):
        yield f"- {truth.probe.theme}, {truth.probe.name}{change(truth)}{effect(kind, truth)}"
    yield ""


def varied(truths: Sequence[Outcome]) -> Sequence[Outcome]:
    """Choose examples of different themes; examples that show a change come first."""
    first: dict[str, Outcome] = {}
    for truth in sorted(truths, key=lambda truth: not change(truth)):
        first.setdefault(truth.probe.theme, truth)
    themes = [first[theme] for theme in TELLING if theme in first]
    others = [truth for truth in truths if truth not in themes]
    return [*themes, *others][:EXAMPLES]


def change(truth: Outcome) -> str:
    """Show the edit, if it is one replacement within a line."""
    edits = list(truth.probe.edit.items())
    if len(edits) != 1 or not isinstance(edits[0][1], tuple):
        return ""
    name, edit = edits[0]
    pair = edit if isinstance(edit[0], str) else edit[0] if len(edit) == 1 else ()
    if len(pair) != 2 or any("\n" in text or "`" in text for text in pair):  # noqa: PLR2004
        return ""
    return f": `{pair[0]}` → `{pair[1]}` in {name}"


def effect(kind: str, truth: Outcome) -> str:
    if kind == "stale":
        return f"; {truth.before.result} is given where {truth.after.result} is right"
    return f"; the result stays {truth.after.result}"
