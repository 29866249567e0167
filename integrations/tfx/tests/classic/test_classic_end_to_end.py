"""A training pipeline, run whole by TFX's own runner on a few hundred rows."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [pytest.mark.tfx, pytest.mark.slow]


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What came of the run."""
    folder = tmp_path_factory.mktemp("classic")
    script = Path(__file__).with_name("end_to_end.py")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TF_CPP_MIN_LOG_LEVEL": "2"}
    done = subprocess.run(
        [sys.executable, str(script), str(folder)],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads((folder / "found.json").read_text())


def test_every_row_is_in_one_split_and_about_as_many_as_told(found):
    """Seven tenths of 400, give or take."""
    assert sum(found["rows"].values()) == 400
    assert 255 <= found["rows"]["train"] <= 305


def test_columns_are_transformed_as_told(found):
    """Z-scores, a vocabulary, one place of five, three directions, a label as it is."""
    columns = found["transformed"]
    assert abs(statistics.fmean(columns["age_xf"])) < 1e-3
    assert abs(statistics.pstdev(columns["age_xf"]) - 1) < 1e-2
    assert set(columns["job_xf"]) == {0, 1}
    assert all(sum(row) == 1 and len(row) == 5 for row in columns["home town_xf"])
    assert {len(row) for row in columns["note_xf"]} == {3}
    assert set(columns["ill_xf"]) == {0, 1}


def test_a_missing_number_is_filled(found):
    """The classic default: the column's maximum, which no z-score exceeds."""
    ages = found["transformed"]["age_xf"]
    assert ages.count(max(ages)) >= 10


def test_metrics_are_a_table_of_slices(found):
    """The whole, and each value of a column."""
    assert [row["slice"] for row in found["metrics"]] == ["all", "job=baker", "job=cook"]
    whole, *parts = found["metrics"]
    assert whole["example_count"] == found["rows"]["eval"] == sum(row["example_count"] for row in parts)
    assert whole["binary_accuracy"] > 0.8
    assert whole["auc"] > 0.8


def test_the_model_predicts_from_raw_rows_without_labels(found):
    """The preprocesser is part of it."""
    old, young = found["predictions"]
    assert old > 0.7
    assert young < 0.3


def test_the_model_is_deployed(found):
    """In a folder named by the time."""
    assert len(found["served"]) == 1


def test_statistics_and_schema_are_pages(found):
    """That name the splits and the columns."""
    assert "train" in Path(found["statistics"]).read_text()
    assert "home town" in Path(found["schema"]).read_text()


def test_a_changed_trainer_changes_nothing_before_it(found):
    """What is reused by a copy with another trainer."""
    assert found["changed"] == ["Trainer"]


def test_the_nodes_have_tfx_names(found):
    """Results are found by them."""
    assert found["nodes"] == found["known_nodes"]


def test_the_libraries_know_all_names_of_ours(found):
    """What is accepted without importing them."""
    assert found["unknown_names"] == []
