"""While a step is watched, functions are replaced where the project holds them: no digest shows it."""

# ruff: noqa: PTH116 - the functions that are replaced

from __future__ import annotations

import functools
import os
import random
import sqlite3

import pyarrow as pa
import pytest
from pyarrow import csv

from zencache.code.digest import CodeReader
from zencache.execution.retained_reads import RetainedReads
from zencache.tracking.file_digests import FileDigests
from zencache.tracking.tracker import watching

TABLE = {"conn": sqlite3.connect, "csv": csv.read_csv}
LIST = [os.stat, [os.readlink, (os.access,)]]
PARTIAL = functools.partial(csv.read_csv, memory_pool=None)
SEEDS = {random.seed}
CLASSES = {"file": pa.OSFile, "base": sqlite3.Connection}
connect = sqlite3.connect


class Holder:
    """Holds functions as attributes, as static methods and in its instances."""

    conn = sqlite3.connect
    ask = os.stat
    read = staticmethod(csv.read_csv)
    table = {"csv": csv.read_csv}

    def __init__(self):
        self.read_of_mine = csv.read_csv


HOLDER = Holder()


def by_default(read=csv.read_csv, *, ask=os.stat):
    return read, ask


def closure(read):
    return lambda: read


CLOSURE = closure(csv.read_csv)


@pytest.mark.parametrize(
    "step",
    [
        lambda: TABLE,
        lambda: LIST,
        lambda: PARTIAL,
        lambda: (SEEDS, CLASSES),
        lambda: connect("a"),
        lambda: Holder,
        lambda: HOLDER,
        lambda: by_default(),
        lambda: CLOSURE(),
        lambda: (os.stat("a"), sqlite3.connect("a"), csv.read_csv("a"), pa.OSFile("a"), os.open("a", 0)),
    ],
)
def test_what_stands_for_a_function_is_read_as_the_function(folder, step):
    """In the code's digest, and in the state that a run compares with the state at planning."""
    before = CodeReader().of(step)
    planned = dict(before.state)
    with watching(
        "s", root=folder, ignore=[], digests=FileDigests(None), is_project=lambda name: name == __file__
    ) as watch:
        within = CodeReader().of(step)
        retained = RetainedReads.begin(watch, step, planned)
        assert not retained.has_unexplained_change(planned)
    retained.forget()
    assert (within.digest, within.state) == (before.digest, planned)
    assert CodeReader().of(step).digest == before.digest
