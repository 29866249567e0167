"""Runs the command: measures the chosen rows, and prints them as one table."""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.goals import large, mnist, parallel, processes, scale, warm
from benchmarks.goals.bench import FULL, QUICK, Bench
from benchmarks.goals.figures import Figure, table
from benchmarks.goals.machine import facts, load
from benchmarks.goals.timing import tell

if TYPE_CHECKING:
    from collections.abc import Callable

ROWS: dict[str, Callable[[Bench], list[Figure]]] = {
    "fresh": processes.fresh,
    "warm": warm.warm,
    "history": warm.history,
    "first": processes.first,
    "unneeded": large.unneeded,
    "storing": large.storing,
    "parallel": parallel.parallel,
    "many": scale.many,
    "mnist": mnist.mnist,
}


def main() -> None:
    """Measure, then print the table and the facts of the machine."""
    options = argparse.ArgumentParser(prog="python -m benchmarks.goals", description=__doc__)
    options.add_argument("rows", nargs="*", metavar="ROW", help=f"of {', '.join(ROWS)}; all without any")
    options.add_argument("--quick", action="store_true", help="small sizes, for which the goals do not count")
    chosen = options.parse_args()
    if unknown := set(chosen.rows) - ROWS.keys():
        options.error(f"no row named {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    before = load()
    with tempfile.TemporaryDirectory(None, "zencache-goals-") as root:
        bench = Bench(QUICK if chosen.quick else FULL, Path(root))
        figures = [figure for name in chosen.rows or ROWS for figure in measured(name, bench)]
    print(table(figures))
    small = "; quick: small sizes, for which the goals do not count" if chosen.quick else ""
    print(f"\n{facts(before)}{small}")


def measured(name: str, bench: Bench) -> list[Figure]:
    """Measure a row; one that fails says so in the table, and the others go on."""
    tell(f"{name} …")
    started = time.perf_counter()
    try:
        return ROWS[name](bench)
    except Exception as error:  # noqa: BLE001 - a failure of one row must not stop the others
        tell(f"{name} failed: {error}")
        return [Figure(name, f"failed: {type(error).__name__}")]
    finally:
        tell(f"{name}: {time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
