"""Measures a plan in a fresh process of a large project: 300 modules, of which a step uses all.

    python -m benchmarks.large_project [MODULES] [PLANS]

Half of the modules are imported, and followed as live objects. The step imports the rest when it runs, so
they are followed as texts. Prints the processor time of planning alone, without imports of the project and of
ML Metadata. The first plan finds nothing remembered of the texts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from zencache.config import create_project

FUNCTIONS = 11
HEAD = '''"""Module {number} of a project, with constants, functions and a class."""

import logging
import math
from dataclasses import dataclass

{imports}

log = logging.getLogger(__name__)
FACTOR = {number}
TABLE = {{"a": 1, "b": [1.5, 2.5], "c": {{"d": (1, 2, 3)}}}}


@dataclass
class Settings{number}:
    """Settings of module {number}."""

    rate: float = 0.1
    name: str = "module"

    def scaled(self, by):
        if by > FACTOR:
            return self.rate * by
        return self.rate * FACTOR
'''
FUNCTION = '''

def f{n}(x):
    """Add some of the integers below x."""
    total = 0
    for value in range(x):
        if value % 2 == 0:
            total += math.isqrt(value) * FACTOR
        elif value in TABLE["b"]:
            total -= TABLE["a"]
        else:
            total += value
    return {call}
'''
MAIN = """from zencache import pipeline, step
{imports}

@step
def work(x: int = 1) -> int:
    import m{late}
    return m0.f0(x) + m{late}.f0(x)


@pipeline
def large():
    work()
"""
CHILD = """
import json, sys, time
sys.path.insert(0, sys.argv[1])
import main
flow = main.large()
import zencache.planning.planner
flow.runs  # opens the project's records
begin = time.process_time()
key = flow.plan().steps["work"].key
print(json.dumps([time.process_time() - begin, key]))
"""


def write_project(folder: Path, modules: int = 300) -> int:
    """Write the project, and give its number of lines."""
    live = modules // 2
    lines = 0
    for number in range(modules):
        is_last = number in (live - 1, modules - 1)
        following = f"m{number + 1}"
        text = HEAD.format(number=number, imports="" if is_last else f"import {following}")
        for n in range(FUNCTIONS):
            call = f"f{n + 1}(total)" if n + 1 < FUNCTIONS else f"{following}.f0(total)"
            is_end = is_last and n + 1 == FUNCTIONS
            text += FUNCTION.format(n=n, call="total" if is_end else call)
        (folder / f"m{number}.py").write_text(text)
        lines += text.count("\n")
    imports = "".join(f"import m{number}\n" for number in reversed(range(live)))
    (folder / "main.py").write_text(MAIN.format(imports=imports, late=live))
    return lines


def plan(folder: Path) -> tuple[float, str]:
    """Plan in a fresh process, and give the processor time and the key."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CHILD, str(folder)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    seconds, key = json.loads(done.stdout.splitlines()[-1])
    return seconds, key


def main() -> None:
    """Write a project and plan it several times."""
    modules, plans = (int(each) for each in [*sys.argv[1:3], *("300", "3")[len(sys.argv) - 1 :]])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lines = write_project(folder, modules)
        print(f"{modules} modules, {lines:,} lines")
        create_project(folder)
        for _ in range(plans):
            seconds, key = plan(folder)
            print(f"plan in a fresh process: {seconds:.2f} s of processor time, key {key[:12]}")


if __name__ == "__main__":
    main()
