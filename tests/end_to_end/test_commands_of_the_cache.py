"""The cache's commands as a user types them: a script has run, and each command is a process of its own."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

SCRIPT = """
import random
import sys
from zencache import pipeline, step

def cleaned(numbers):
    return [n for n in numbers if n > 0]

@step
def load() -> list:
    return [-1, 0, 1, 2]

@step
def clean(numbers: list, factor: int = 1) -> list:
    return [n * factor for n in cleaned(numbers)]

@step
def draw() -> float:
    return random.random()

@pipeline
def small(factor: int = 1):
    clean(load(), factor=factor)
    draw()

if __name__ == "__main__":
    small(factor=int(sys.argv[1])).run(run_name=sys.argv[2])
"""
COMMAND = """
import json, sys
from zencache.cli import main
try:
    main()
except SystemExit as done:
    loaded = [m for m in ("tfx", "apache_beam", "tensorflow", "pandas", "numpy") if m in sys.modules]
    print(json.dumps([done.code or 0, loaded]), file=sys.stderr)
"""


def command(*args):
    """Run a command; give its exit code, what it printed, and which engines it imported."""
    done = subprocess.run([sys.executable, "-c", COMMAND, *args], capture_output=True, text=True, check=False)
    *said, last = done.stderr.splitlines()
    code, loaded = json.loads(last)
    return code, done.stdout + "\n".join(said), loaded


def test_plan_run_explain_drop_and_audit(forked_script, folder):
    """A changed helper is planned, run and explained in the same words; a result is audited and dropped."""
    forked_script(SCRIPT, "1", "first")
    edited = SCRIPT.replace("if n > 0", "if n >= 0")
    (folder / "script.py").write_text(edited)

    code, text, loaded = command("plan", "script.py:small", "--code")
    assert (code, loaded) == (0, [])
    assert re.search(r"load +hit .*nothing changed since", text)
    assert re.search(r"clean +run .*helper cleaned in script\.py changed \(1 line\)", text)
    assert "-    return [n for n in numbers if n > 0]\n+    return [n for n in numbers if n >= 0]" in text
    assert "first" in command("run", "list")[1].splitlines()[-1]

    forked_script(edited, "1", "second")
    code, text, loaded = command("explain", "latest", "clean", "--code")
    assert (code, loaded) == (0, [])
    assert "why         helper cleaned in script.py changed (1 line)\n" in text
    assert "in run first\n" in text
    assert "-    return [n for n in numbers if n > 0]\n+    return [n for n in numbers if n >= 0]" in text

    code, text, _ = command("cache", "audit", "--sample", "100%", "--seed", "1")
    assert code == 1
    assert re.search(r"draw +small +first .*differs: output output: 0\.\d+ → 0\.\d+", text)
    assert len(re.findall(r"(?:load|clean) +small .*same", text)) == 2

    key = re.search(r"zencache (cache drop --key \w+)", text)[1]
    code, text, loaded = command(*key.split())
    assert (code, loaded) == (0, [])
    assert text.startswith("Dropped draw, computed ")
    assert re.search(
        r"draw +run .*its earlier result was dropped: by hand on", command("plan", "script:small")[1]
    )
    assert re.search(r"draw +executed .*by hand on", _shown_after(forked_script, edited))


def _shown_after(forked_script, text):
    forked_script(text, "1", "third")
    return command("run", "show", "third")[1]


def test_errors_are_one_line(folder):
    """Without a project each command says how to make one."""
    for args in (("explain", "latest"), ("cache", "drop", "--step", "load"), ("cache", "audit")):
        code, text, loaded = command(*args)
        assert (code, loaded) == (1, [])
        assert text.startswith("Error: no zencache project at ")
        assert "\n" not in text.strip()
