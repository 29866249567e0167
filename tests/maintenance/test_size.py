"""`zencache cache size`, and `Repository().cache_size`."""

from __future__ import annotations

import os
import time

import pytest

from zencache import Repository

pytestmark = pytest.mark.tfx


def old(path):
    """Have a file or folder look as if it was left two hours ago."""
    for each in (path, *path.rglob("*")):
        os.utime(each, (time.time() - 7200,) * 2)


def test_the_size_is_told_by_pipeline_and_step_largest_first(shop, zencache):
    """Each result counts for the pipeline that computed it, and the parts add up to the whole."""
    found = Repository().cache_size()
    assert (found.count, found.size) == (7, sum(share.size for share in found.pipelines))
    assert {share.name: share.count for share in found.pipelines} == {"prices": 4, "others": 1, "tools": 2}
    assert [share.size for share in found.steps] == sorted((s.size for s in found.steps), reverse=True)
    assert {s.name: s.count for s in found.steps}["prices.scale"] == 2
    text = zencache("cache", "size").stdout
    assert text.startswith("In all: 7 results, ")
    assert "`zencache cache gc --keep-last 1` would free " in text


@pytest.mark.file_times
def test_the_size_tells_what_is_dropped_and_what_lies_about(shop):
    """Dropped results are counted apart as well; a folder without a record once it is old."""
    Repository().drop(step="scale")
    lost = shop / ".zencache/artifacts/load/output/999"
    lost.mkdir()
    (lost / "value").write_bytes(b"x" * 50)
    assert Repository().cache_size().leftovers.count == 0
    old(lost)
    found = Repository().cache_size()
    assert found.dropped.count == 2
    assert (found.leftovers.count, found.leftovers.size) == (1, 50)
