"""Print what becomes of the probes: `python -m tests.cache_truth.report [--results] [--all] [THEME ...]`.

`--results` judges the verdicts alone, by what the plain functions give; `--all` lists the imprecise ones too.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from tests.cache_truth.harness import Outcome, run_all
from tests.cache_truth.probes import PROBES, THEMES

COLUMNS = ("probes", "rerun", "hit", "may be either", "stale", "needless", "imprecise", "error", "never hits")


def main(arguments: list[str]) -> int:
    themes = [name for name in arguments if not name.startswith("-")] or THEMES
    began = time.perf_counter()
    with tempfile.TemporaryDirectory() as root:
        outcomes = run_all([probe for probe in PROBES if probe.theme in themes], Path(root))
    if "--results" in arguments:
        wrong = [
            f"{outcome.probe.theme}: {outcome.probe.name}: {outcome.untrue}"
            for outcome in outcomes
            if outcome.untrue
        ]
    else:
        shown = ("stale", "needless", "error", *(["imprecise"] if "--all" in arguments else []))
        wrong = [str(outcome) for outcome in outcomes if outcome.kind in shown or forever(outcome)]
        print_table("theme", outcomes)
        print_table("category", outcomes)
        print_table("kind", outcomes)
    print(*wrong, sep="\n")
    print(f"{len(outcomes)} probes in {time.perf_counter() - began:.1f}s, {len(wrong)} shown above")
    return int(bool(wrong))


def forever(outcome: Outcome) -> bool:
    """Say whether a step runs for ever, whatever is edited, and nothing excuses that."""
    return outcome.never_hits and not outcome.probe.unhashable


def print_table(of: str, outcomes: list[Outcome]) -> None:
    """Print what became of the probes: by theme, by category of dependency, or by kind of edit."""
    rows = {of: COLUMNS}
    width = 50 if of == "kind" else 16
    groups = [getattr(outcome.probe, of) for outcome in outcomes]
    for group in (*dict.fromkeys(groups), "all"):
        chosen = [one for one, its in zip(outcomes, groups, strict=True) if group in (its, "all")]
        verdicts = Counter(outcome.probe.verdict for outcome in chosen)
        kinds = Counter(outcome.kind for outcome in chosen)
        rows[group] = (
            len(chosen),
            *(verdicts[verdict] for verdict in ("rerun", "hit", "imprecise")),
            *(kinds[kind] for kind in ("stale", "needless", "imprecise", "error")),
            sum(map(forever, chosen)),
        )
    for group, cells in rows.items():
        print(
            f"{group:<{width}}",
            *(f"{cell!s:>{len(title)}}" for cell, title in zip(cells, COLUMNS, strict=True)),
            sep="  ",
        )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
