"""`scripts/check_prose.py` finds phrases that must not come back, and leaves code alone."""

from __future__ import annotations

import importlib.util
import subprocess
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent / "scripts" / "check_prose.py"


@pytest.fixture
def check(folder):
    """Check one file of a repository; give what is printed about it."""
    spec = importlib.util.spec_from_file_location("check_prose", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    phrases = script.read_phrases(SCRIPT.with_name("prose.toml"))

    def run(name, text):
        (folder / name).write_text(text, encoding="utf-8")
        return list(script.check_file(folder / name, phrases))

    return run


@pytest.mark.parametrize(
    "text",
    [
        '"""A dead run is buried by whoever looks."""\n',
        "# taken out of sight\n",
        'raise ValueError("7x is no span of time")\n',
    ],
)
def test_a_phrase_in_a_docstring_a_comment_or_a_message_is_found(check, text):
    """Each kind of text that people read."""
    assert check("module.py", text)


def test_a_name_in_code_is_no_prose(check):
    """Only strings and comments are looked at."""
    assert check("module.py", "anew = whoever + mended\n") == []


def test_a_long_line_of_a_page_is_found_and_one_of_a_table_or_a_block_is_not(check):
    """These cannot be wrapped."""
    long = "word " * 30
    assert check("page.md", f"{long}\n") != []
    assert check("page.md", f"| {long} |\n```\n{long}\n```\n") == []


def test_the_files_that_git_knows_are_checked(folder):
    """Without tests, and without pages that a command writes."""
    subprocess.run(["git", "init", "--quiet"], check=True)
    for name in ("README.md", "zencache/a.py", "tests/test_a.py", "benchmarks/RESULTS.md"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("made anew, by whoever\n", encoding="utf-8")
    subprocess.run(["git", "add", "."], check=True)
    spec = importlib.util.spec_from_file_location("check_prose", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    assert sorted(script.tracked_files(folder)) == ["README.md", "zencache/a.py"]
