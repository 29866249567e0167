"""What steps, files and records hold cannot drive the terminal that shows it."""

from __future__ import annotations

import pytest

from zencache.cli.output import echo, table
from zencache.pipelines.console import Printer
from zencache.util.visible_text import visible

HOSTILE = "\x1b[2J\x1b]0;title\x07\x9b31m\r\b\x7f\u202etxt"


def _is_plain(text: str) -> bool:
    return text == visible(text)


def test_printed_texts_show_their_control_characters(capsys):
    """In a line and in a table; markup of rich is text, too."""
    echo(f"[red]{HOSTILE}[/red]")
    table(("name",), [(f"[bold]{HOSTILE}",)])
    printed = capsys.readouterr().out
    assert _is_plain(printed)
    assert r"[red]\x1b[2J" in printed
    assert r"[bold]\x1b[2J" in printed


def test_lines_of_a_run_show_them_as_well(capsys):
    """A step's class of error may have any name."""
    Printer(1).line(f"Step {HOSTILE} has started.")
    assert _is_plain(capsys.readouterr().out)


@pytest.mark.parametrize("text", ["plain", "a\n\tb", "ü 漢字 🙂", "a\u0301"])
def test_other_texts_stay(text):
    """Lines, tabs, and letters of any script."""
    assert visible(text) == text
