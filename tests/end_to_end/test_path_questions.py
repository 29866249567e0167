"""Runs of a project whose files change in between: what its steps asked about paths decides."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytestmark = pytest.mark.tfx

MAIN = """
from pathlib import Path
from zencache import pipeline, step

@step
def work() -> str:
    parts = sorted(path.name for path in Path("data").glob("*.csv"))
    extra = Path("extra.csv").exists()
    current = (Path("current").resolve() / "a.txt").read_text()
    return f"{parts} {extra} {current}"

@step
def label(path: Path) -> str:
    return path.with_suffix(".label").read_text()

@pipeline
def questions(path):
    work()
    label(path=path)
"""
DRIVER = """
import os
from pathlib import Path
import main

def planned(path="cat/a.txt"):
    steps = main.questions(Path(path)).plan().steps
    for name in ("work", "label"):
        print(steps[name].action, steps[name].reason if steps[name].action == "run" else "", sep="|")

main.questions(Path("cat/a.txt")).run()
planned()
Path("data/notes.txt").write_text("")
Path("data/.hidden").write_text("")
os.utime("v1/a.txt", (1, 1))
planned("dog/a.txt")
Path("data/2.csv").write_text("")
planned()
Path("data/2.csv").unlink()
Path("extra.csv").write_text("")
planned()
Path("extra.csv").unlink()
os.unlink("current")
os.symlink("v2", "current")
planned()
"""


def test_what_a_step_asked_about_paths_decides(folder):
    """A file that its pattern does not match, a time and a hidden file do not."""
    (folder / ".zencache").mkdir(exist_ok=True)
    (folder / ".zencache" / "config.toml").write_text("format = 2\nworkers = 1\n")
    for name in (
        "data/1.csv",
        "v1/a.txt",
        "v2/a.txt",
        "cat/a.txt",
        "dog/a.txt",
        "cat/a.label",
        "dog/a.label",
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("1")
    (folder / "current").symlink_to("v1")
    (folder / "main.py").write_text(MAIN)
    (folder / "driver.py").write_text(DRIVER)
    done = subprocess.run([sys.executable, "driver.py"], capture_output=True, text=True, check=True)
    lines = [line for line in done.stdout.splitlines() if line.startswith(("hit|", "run|"))]
    assert lines == [
        *("hit|", "hit|"),
        *("hit|", "run|it read files beside its argument path, which is dog/a.txt now, before cat/a.txt"),
        *("run|the files that match data/*.csv are others", "hit|"),
        *("run|extra.csv, which it looked for, is there now", "hit|"),
        *("run|the link current leads to v2, before to v1", "hit|"),
    ]
