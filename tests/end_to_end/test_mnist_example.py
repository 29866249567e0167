"""The main job does what the README shows."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow
EXAMPLE = Path(__file__).parents[2] / "examples" / "mnist" / "run.py"


def test_the_second_run_reuses_the_import_and_the_normalizer():
    """What the trainer's configuration does not touch is reused; times stand side by side."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), "--dataset", "digits"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    if sys.version_info < (3, 11):  # TensorFlow 2.21 logs before it reads its log level; 2.16 does not
        assert done.stderr == ""
    rows = dict(re.findall(r"^(\w+) +[\d.]+s +[\d.]+s   (.*)$", done.stdout, re.MULTILINE))
    assert rows["importer"].startswith("cached")
    assert rows["normalizer"].startswith("cached")
    assert rows["trainer"] == "executed: parameter epochs: 1 → 2; parameter lr: 0.001 → 0.01"
    assert rows["evaluator"] == "executed: input model from trainer: content differs"
    assert re.search(r"normalizer was [\d,]+ times faster in run 2", done.stdout)
    assert re.search(r"Accuracy: 0\.\d{4}, then 0\.\d{4}\.", done.stdout)
