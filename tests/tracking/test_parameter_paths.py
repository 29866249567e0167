"""A step that goes from a path parameter to its neighbours is tied to the parameter's place."""

from __future__ import annotations

from pathlib import Path

import pytest

from zencache.tracking.file_digests import FileDigests
from zencache.tracking.observed_inputs import Seen, changed
from zencache.tracking.parameter_paths import parameter_facts


def parameters(path):
    return {"x": f'{{"$path":"{path}"}}', "rate": "0.1"}


@pytest.mark.parametrize(
    "seen",
    [
        Seen(files={"cat/a.lab": ""}),
        Seen(files={"cat/a.txt": "1", "labels.csv": "2"}),
        Seen(folders={"cat": "1 names:1b2"}),
        Seen(facts={"paths": {"./cat/a.lab": "absent"}}),
        Seen(facts={"globs": {"path ./cat//*.lab": "1b2"}}),
    ],
)
def test_another_place_is_a_change_where_a_neighbour_was_looked_at(folder, seen):
    facts = parameter_facts(seen, parameters("cat/a.txt"), folder)
    assert facts == {"parameter paths": {"x": "cat/a.txt"}}
    record = Seen(facts=facts)
    for same in ("cat/a.txt", "./cat/../cat/a.txt", folder / "cat/a.txt"):
        assert changed(record, folder, FileDigests(None), parameters(same)) == []
    assert changed(record, folder, FileDigests(None), parameters("dog/a.txt")) == [
        "it read files beside its argument x, which is dog/a.txt now, before cat/a.txt"
    ]
    assert changed(record, folder, FileDigests(None)) == []


@pytest.mark.parametrize(
    ("seen", "path"),
    [
        (Seen(files={"cat/a.txt": "1"}), "cat/a.txt"),
        (Seen(files={"cat/a.txt": "1", "cat/deep/b.txt": "1"}, folders={"cat": "1 names:1b2"}), "cat"),
        (
            Seen(facts={"paths": {"./cat/a.txt": "file"}, "file status": {"st_size cat/a.txt": "2"}}),
            "cat/a.txt",
        ),
    ],
)
def test_a_step_that_reads_its_parameter_alone_is_tied_to_no_place(folder, seen, path):
    """Its name and content are in the key."""
    assert parameter_facts(seen, parameters(path), folder) == {}


def test_a_step_without_paths_is_tied_to_no_place(folder):
    assert parameter_facts(Seen(files={"a.txt": "1"}), {"rate": "0.1"}, folder) == {}


def test_paths_in_lists_and_models_are_found(folder):
    texts = {"x": '{"files":[{"$path":"cat/a.txt"}]}'}
    facts = parameter_facts(Seen(files={"b.txt": "1"}), texts, Path.cwd())
    assert facts == {"parameter paths": {"x.files[0]": "cat/a.txt"}}
