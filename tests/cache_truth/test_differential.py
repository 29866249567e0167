"""With the cache and without it: random small pipelines through random edits give the same."""

from __future__ import annotations

import itertools
import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.cache_truth.differential import (
    HOMES,
    NEUTRAL,
    OPERATORS,
    OUTPUTS,
    PARAMETERS,
    TELLING,
    WAYS,
    Edit,
    Helper,
    Project,
    Stage,
)
from tests.cache_truth.differential_driver import Server, Session
from tests.cache_truth.differential_kinds import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [pytest.mark.tfx, pytest.mark.slow]

EXAMPLES = int(os.environ.get("ZENCACHE_EXAMPLES", "0"))
"""How many histories a longer hunt goes through, at random; without it the same few each time."""


def sized(few: int) -> Callable:
    """Say how long a test hunts: a history takes about two seconds."""
    return settings(
        deadline=None,
        max_examples=EXAMPLES or few,
        derandomize=not EXAMPLES,
        database=None,
        print_blob=False,
        phases=(Phase.explicit, Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )


numbers = st.integers(0, 11)
helpers = st.builds(
    Helper,
    kind=st.sampled_from(sorted(KINDS)),
    constant=st.sampled_from((2, 3, 5, 7, 2.5)),
    operator=st.sampled_from(OPERATORS),
    home=st.sampled_from(HOMES),
    way=st.sampled_from(WAYS),
    calls=st.none() | st.integers(0, 3),
)
stages = st.builds(
    Stage,
    helpers=st.lists(st.integers(0, 4), min_size=1, max_size=3).map(tuple),
    inputs=st.lists(st.integers(0, 2), max_size=2).map(tuple),
    output=st.sampled_from(sorted(OUTPUTS)),
    parameter=st.sampled_from(PARAMETERS),
    value=st.integers(0, 9),
    given=st.booleans(),
)
projects = st.builds(
    Project,
    helpers=st.lists(helpers, min_size=2, max_size=5).map(tuple),
    stages=st.lists(stages, min_size=2, max_size=4).map(tuple),
)


def edits(*kinds: str) -> st.SearchStrategy[list[Edit]]:
    """Draw two to five edits of some kinds."""
    edit = st.builds(Edit, what=st.sampled_from(kinds), which=numbers, value=numbers, quietly=st.booleans())
    return st.lists(edit, min_size=2, max_size=5)


@pytest.fixture(scope="module")
def go_through() -> Iterator[Callable[[Project, list[Edit]], None]]:
    """Run a history in a folder of its own; two servers, of two hash seeds, serve all of them."""
    with tempfile.TemporaryDirectory() as folder:
        servers, number = (Server(1, Path(folder)), Server(2, Path(folder))), itertools.count()

        def go(start: Project, edits: list[Edit]) -> None:
            session = Session(servers, Path(folder, str(next(number))))
            if session.run(start, edits):
                pytest.fail(session.told(start, edits), pytrace=False)
            shutil.rmtree(session.folder)

        yield go
        for server in servers:
            server.close()


@sized(5)
@given(start=projects, edits=edits(*NEUTRAL, *TELLING))
def test_a_run_with_the_cache_gives_what_one_without_it_gives(go_through, start, edits):
    """Whatever is edited: results are those of the plain functions, no step runs for nothing, and the plan
    says so.

    A step runs for nothing when nothing that it can depend on differs from an earlier run.
    """
    go_through(start, edits)


@sized(8)
@given(start=projects, edits=edits(*NEUTRAL))
def test_what_means_nothing_makes_no_step_run(go_through, start, edits):
    """Comments, docstrings, formatting, order, names, unused imports, moves, and going back: all is
    reused."""
    go_through(start, edits)


@sized(5)
@given(start=projects, edits=edits("constant", "operator", "value", "swap", "kind", "revert"))
def test_what_means_something_is_never_stale(go_through, start, edits):
    """Code, data files, variables and parameters, there and back, also where a file keeps its size and
    times."""
    go_through(start, edits)


def alone(kind: str, **more) -> Project:
    """One helper, one step."""
    return Project((Helper(kind, 3, **more),), (Stage(inputs=()),))


def twice(kind: str) -> Project:
    """Two steps of one run that call a helper, and neither waits for the other."""
    return Project((Helper(kind, 3), Helper()), (Stage(inputs=()), Stage((0, 1), inputs=())))


FOUND = {
    "steps whose code is read at once": (
        Project(
            (Helper("many functions", 3), Helper("function", 5, "*", home="pkg.base")),
            (Stage((1,), value=0), *[Stage(value=n) for n in (2, 3, 4)]),
        ),
        [Edit("swap"), Edit("swap"), Edit("constant", value=4)],  # the first step runs, and gives 0 again
    ),
    "a file that an earlier step's call keeps": (twice("file in a memo"), [Edit("constant", value=2)]),
    "a file in an lru_cache": (twice("file in a cached reader"), [Edit("constant", value=2)]),
    "classes that register": (alone("subclass registry", way="inside"), [Edit("constant", value=2)]),
    "classes that are listed": (alone("subclasses", way="inside"), [Edit("constant", value=2)]),
    "subclasses, and a metaclass": (
        Project((Helper("subclasses", 3), Helper("metaclass", 3)), (Stage((0, 1), inputs=()),)),
        [Edit("constant", value=2), Edit("constant", which=1, value=2)],
    ),
    "every variable": (alone("all variables"), [Edit("constant", value=2)]),
    "another variable": (alone("from os import environ"), [Edit("unrelated")]),
    "a docstring in a module that counts whole": (alone("function", way="dynamic"), [Edit("docstrings")]),
}
"""Histories that broke a law once, made small."""


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_stays_found(go_through, name):
    """A history that once broke a law keeps it."""
    go_through(*FOUND[name])
