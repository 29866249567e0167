"""Writes the page of the comparison: the figures and their meaning."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING

from benchmarks.peers.registry import peers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from benchmarks.peers.registry import Peer
    from benchmarks.peers.timing import Round

ABOUT = """\
# Side by side: what a cached run costs

The same two pipelines in zencache and in other libraries that reuse results. **Two steps**: the first loads
scikit-learn's digits and splits them in halves, the second trains an `SVC(gamma=0.001)` and gives its accuracy on the
test half. **Ten steps**: a chain in which nine add one to a number. All of it is cached; what is timed is what a
library costs when there is nothing to compute.

    {command}

made this page on {date} in {minutes:.0f} minutes (machine: {machine}). Figures are medians, with the least and the
greatest in brackets. The repeats of all libraries are interleaved: each library once, then each again, every time in
an empty folder.
"""
PROCESSES = """\
## Whole processes

Seconds from the start of a process to its end, with the result in hand. The **first run** begins with an empty folder,
so that databases and the like are made too. The **cached run** is the next process in that folder. Its overhead is
shown twice: **over a bare process**, which imports numpy and the same parts of scikit-learn and computes nothing, so
that the figure is all that a user waits for because of the library; and **over its own imports**, beside a process
that imports the library as the script does and runs nothing. Both are run just before the cached run of each repeat,
and differences are taken within it.
"""
WARM = """\
## Runs in one process

Milliseconds of a further run within one process, everything being cached: {runs} runs of each pipeline in each repeat.
Imports are done by then. Where a run gives the result (Hamilton, joblib, Prefect), loading it is within the figure;
elsewhere it is read afterwards.
"""
TIMED = """\
## What was run

Each library's script is in `benchmarks/peers/scripts`, and its steps call the same plain functions (`work.py` there).
Each step leaves a trace in a file when it is executed, and each run's result is compared with that of the plain
functions: the benchmark stops where a run that should be cached was not, or where a result differs.
"""
APART = """\
## What is not comparable

These libraries do different things in the time that is shown, and were made for different ends. What each of them
takes for unchanged code, and reuses wrongly, is another comparison: [truth.md](truth.md).
"""


HALF_A_SECOND = 0.5
OF_JOBLIB = 0.4
LEAST_TIMES = {"tfx-local": 30, "tfx-beam": 30, "zenml": 15}
"""The goals: zencache's overhead in seconds, its excess over joblib's, and the ratios of others' to it."""
TELLING = 0.1
"""Ratios below this are not distinguished."""


@dataclass(frozen=True)
class Measured:
    """A library and its rounds."""

    peer: Peer
    versions: dict[str, str]
    rounds: Sequence[Round]

    @property
    def title(self) -> str:
        return self.peer.titled(self.versions[self.peer.package])

    @property
    def runs(self) -> int:
        return sum(len(timed_round.two) for timed_round in self.rounds)

    def seconds(self, what: str) -> list[float]:
        """Give a figure of each round, or the figures of all runs within its process."""
        figures = [getattr(timed_round, what) for timed_round in self.rounds]
        return [one for each in figures for one in (each if isinstance(each, tuple) else (each,))]

    def median(self, what: str) -> float:
        return statistics.median(self.seconds(what))


def document(measured: Sequence[Measured], command: str, machine: str, spent: float) -> str:
    """Write the page."""
    date = f"{datetime.now(timezone.utc):%Y-%m-%d}"
    about = ABOUT.format(command=command, date=date, minutes=spent / 60, machine=machine)
    by_name = {one.peer.name: one for one in measured}
    ours = by_name.get("zencache")
    absent = [str(peer) for peer in peers().values() if peer.name not in by_name]
    parts = [
        about,
        *([f"Not measured this time: {', '.join(absent)}.\n"] if absent else []),
        *([goals(by_name)] if ours else []),
        PROCESSES,
        processes(measured, ours),
        WARM.format(runs=len(measured[0].rounds[0].two)),
        warm(measured, ours),
        TIMED,
        bullets(f"{one.peer}: {one.peer.how}" for one in measured),
        versions(measured),
        APART,
        bullets(f"**{one.peer}**: {one.peer.apart}" for one in measured),
    ]
    return "\n".join(parts)


def goals(measured: dict[str, Measured]) -> str:
    """Compare the goals with the measured figures."""
    over = {name: one.median("over_bare") for name, one in measured.items()}
    rows = [
        judged(f"at most {HALF_A_SECOND} s", f"{over['zencache']:.2f} s", over["zencache"] <= HALF_A_SECOND)
    ]
    for name, least in LEAST_TIMES.items():
        if name in over:
            times = over[name] / over["zencache"]
            goal = f"at least {least} times less than {measured[name].title}"
            rows.append(judged(goal, f"{times:.1f} times", times >= least))
    if "joblib" in over:
        apart = over["zencache"] - over["joblib"]
        goal = f"within {OF_JOBLIB} s of {measured['joblib'].title}"
        rows.append(judged(goal, f"{apart:+.2f} s", apart <= OF_JOBLIB))
    return "## Goals\n\n" + table(("zencache's overhead over a bare process", "measured", "met"), rows)


def judged(goal: str, figure: str, is_met: bool) -> tuple[str, ...]:
    return goal, figure, "yes" if is_met else "**no**"


def processes(measured: Iterable[Measured], ours: Measured | None) -> str:
    head = (
        "library",
        "first run",
        "cached run",
        "over bare",
        "÷ zencache's",
        "over its own imports",
        "repeats",
    )
    rows = [
        (
            one.title,
            spread(one.seconds("first")),
            spread(one.seconds("cached")),
            spread(one.seconds("over_bare")),
            ratio(one, ours, "over_bare"),
            spread(one.seconds("over_imports")),
            str(len(one.rounds)),
        )
        for one in measured
    ]
    return table(head, rows)


def warm(measured: Iterable[Measured], ours: Measured | None) -> str:
    head = (
        "library",
        "two steps",
        "÷ zencache's",
        "ten steps",
        "per step of ten",
        "÷ zencache's",
        "runs of each",
    )
    rows = [
        (
            one.title,
            spread(one.seconds("two"), 1000, 1),
            ratio(one, ours, "two"),
            spread(one.seconds("ten"), 1000, 1),
            f"{100 * one.median('ten'):.2f}",
            ratio(one, ours, "ten"),
            str(one.runs),
        )
        for one in measured
    ]
    return table(head, rows)


def versions(measured: Iterable[Measured]) -> str:
    head = ("library", "version", "Python", "numpy", "scikit-learn")
    rows = [
        (str(one.peer), *(one.versions[what] for what in (one.peer.package, *head[2:]))) for one in measured
    ]
    return table(head, rows, aligned=":--")


def table(head: Sequence[str], rows: Iterable[Sequence[str]], aligned: str = "--:") -> str:
    ruler = [":--", *[aligned] * (len(head) - 1)]
    return "".join(f"| {' | '.join(row)} |\n" for row in (head, ruler, *rows))


def bullets(lines: Iterable[str]) -> str:
    return "".join(f"- {line}\n" for line in lines)


def spread(values: Sequence[float], unit: float = 1, digits: int = 2) -> str:
    """Give the median of some seconds in a unit, then the least and the greatest.

    >>> spread([1, 4, 2])
    '2.00 (1.00 to 4.00)'
    """
    median, least, greatest = (unit * pick(values) for pick in (statistics.median, min, max))
    if len(values) == 1:
        return f"{median:.{digits}f}"
    return f"{median:.{digits}f} ({least:.{digits}f} to {greatest:.{digits}f})"


def ratio(one: Measured, ours: Measured | None, what: str) -> str:
    """Divide a library's median by zencache's."""
    if ours is None:
        return ""
    times = one.median(what) / ours.median(what)
    return f"{times:.1f}" if times >= TELLING else f"below {TELLING}"
