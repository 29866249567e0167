"""Runs beside each other."""

import pytest
from zencache_tfx.classic import compare_training_runs

from zencache.errors import NotFoundError

RUNS = [
    ("A", "A-1", {"lr": 0.1, "loss": "mse", "epochs": 1}, {"auc": 0.8, "loss": 0.3}),
    ("B", "B-1", {"lr": 0.2, "loss": "mae", "epochs": 1, "units": 4}, {"auc": 0.9}),
]


def test_a_run_is_a_row_and_what_it_was_told_are_columns():
    """A metric that is named as a hyper-parameter keeps apart from it."""
    table = compare_training_runs(RUNS).table
    assert list(table) == ["pipeline", "run", "lr", "loss", "epochs", "units", "auc", "metric loss"]
    assert list(table["auc"]) == [0.8, 0.9]


def test_what_is_the_same_in_all_runs_is_not_plotted():
    """It explains nothing."""
    assert compare_training_runs(RUNS).varied() == ["lr", "loss", "units"]


def test_the_page_holds_table_and_plots(folder):
    """Self-contained: no script, no address."""
    page = compare_training_runs(RUNS).plot(folder / "runs.html").read_text()
    assert page.count("<circle") == 6
    assert "B-1" in page
    assert "http" not in page.replace('xmlns="http', "")


def test_nothing_to_compare_is_told():
    """Rather than an empty table."""
    with pytest.raises(NotFoundError, match="no training run"):
        compare_training_runs([])
