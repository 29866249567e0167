"""The table of guarantees names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
NAMED = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", (ROOT / "docs" / "guarantees.md").read_text())


@pytest.mark.parametrize(("file", "name"), sorted(set(NAMED)))
def test_what_shows_a_guarantee_is_there(file, name):
    """A promise without its test is none."""
    assert re.search(rf"^ *(def|class) {name}\b", (ROOT / file).read_text(), re.MULTILINE)


def test_the_table_is_read():
    """It names dozens."""
    assert len(NAMED) > 30
