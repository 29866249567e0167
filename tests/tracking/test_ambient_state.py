"""The state of a library counts for the steps that reach it, as it was when they began."""

# ruff: noqa: NPY002, PTH100, PTH109 - the generators are global ones, and wrapped functions are looked up late

from __future__ import annotations

import calendar
import csv
import decimal
import gc
import json
import locale
import os
import pathlib
import random
import socket
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pandas as pd
import pytest
import sklearn

from zencache.tracking import ambient_state, audit_events, generator_state, library_state
from zencache.tracking.file_digests import FileDigests
from zencache.tracking.observed_inputs import Seen, changed
from zencache.tracking.tracker import watching


@pytest.fixture(autouse=True)
def as_before():
    """Put the state back that a test changes."""
    filters, options, errors = warnings.filters[:], np.get_printoptions(), np.geterr()
    context, limit, field = decimal.getcontext().copy(), sys.getrecursionlimit(), csv.field_size_limit()
    states, zone = (random.getstate(), np.random.get_state()), os.environ.get("TZ")
    random.seed()  # whatever an earlier test of this process left, a seed that a test sets is another one
    np.random.seed()
    for module in generator_state.MODULES:
        generator_state.check(module)
        generator_state._origins[module] = generator_state.UNSEEDED
    yield
    warnings.filters[:] = filters
    np.set_printoptions(**{name: value for name, value in options.items() if name != "override_repr"})
    np.seterr(**errors)
    pd.reset_option("^display.precision|^display.float_format|^mode.use_inf_as_na", silent=True)
    sklearn.set_config(transform_output="default", assume_finite=False)
    decimal.setcontext(context)
    sys.setrecursionlimit(limit)
    csv.field_size_limit(field)
    np.setbufsize(8192)
    os.umask(0o22)
    calendar.setfirstweekday(0)
    gc.enable()
    socket.setdefaulttimeout(None)
    locale.setlocale(locale.LC_NUMERIC, "C")
    random.setstate(states[0])
    np.random.set_state(states[1])
    os.environ.pop("TZ", None)
    os.environ.update({"TZ": zone} if zone else {})
    time.tzset()
    for module in generator_state.MODULES:
        generator_state.check(module)
        generator_state._origins[module] = generator_state.UNSEEDED
    ambient_state._left.clear()


def seen_of(folder, work=lambda: None, uses=()):
    with watching(
        "train",
        root=folder,
        ignore=[],
        digests=FileDigests(None),
        is_project=lambda name: name == __file__,
        uses=frozenset(uses),
    ) as watched:
        work()
    return Seen.from_json(watched.seen().to_json())


def changes(seen, folder):
    return changed(seen, folder, FileDigests(None))


def set_zone():
    os.environ["TZ"] = "Asia/Tokyo"
    time.tzset()


CHANGES = {
    "print option": (
        "numpy.array",
        lambda: np.set_printoptions(precision=3),
        "numpy print option precision: 8 → 3",
    ),
    "formatter": (
        "numpy.array",
        lambda: np.set_printoptions(formatter={"float": "{:.1f}".format}),
        "numpy print option formatter: None → {float: '{:.1f}'.format}",
    ),
    "error state": (
        "numpy.divide",
        lambda: np.seterr(divide="raise"),
        "numpy error state divide: warn → raise",
    ),
    "numpy by pandas": (
        "pandas.Series",
        lambda: np.seterr(over="raise"),
        "numpy error state over: warn → raise",
    ),
    "numpy by sklearn": (
        "sklearn.base.clone",
        lambda: np.seterr(invalid="ignore"),
        "numpy error state invalid: warn → ignore",
    ),
    "pandas option": (
        "pandas.core.frame.DataFrame",
        lambda: pd.set_option("display.precision", 3),
        "pandas option display.precision: 6 → 3",
    ),
    "pandas function": (
        "pandas.DataFrame",
        lambda: pd.set_option("display.float_format", "{:.1f}".format),
        "pandas option display.float_format: None → '{:.1f}'.format",
    ),
    "sklearn": (
        "sklearn.preprocessing.StandardScaler",
        lambda: sklearn.set_config(transform_output="pandas"),
        "scikit-learn option transform_output: default → pandas",
    ),
    "decimal": (
        "decimal.Decimal",
        lambda: setattr(decimal.getcontext(), "prec", 6),
        "decimal context prec: 28 → 6",
    ),
    "decimal's rounding": (
        "decimal.getcontext",
        lambda: setattr(decimal.getcontext(), "rounding", decimal.ROUND_DOWN),
        "decimal context rounding: ROUND_HALF_EVEN → ROUND_DOWN",
    ),
    "recursion": (
        "builtins.RecursionError",
        lambda: sys.setrecursionlimit(3000),
        f"Python's recursion limit: {sys.getrecursionlimit()} → 3000",
    ),
    "error filter": (
        "numpy.divide",
        lambda: warnings.simplefilter("error"),
        "warnings that are errors: none → error::Warning",
    ),
    "any filter": (
        "warnings.catch_warnings",
        lambda: warnings.filterwarnings("always", category=UserWarning),
        "filters of warnings: none → always::UserWarning",
    ),
    "buffer": ("numpy.add", lambda: np.setbufsize(16384), "numpy's buffer size: 8192 → 16384"),
    "umask": ("os.umask", lambda: os.umask(0o27), "the process's umask: 0022 → 0027"),
    "first weekday": (
        "calendar.month",
        lambda: calendar.setfirstweekday(6),
        "the answer of calendar.firstweekday: 0 → 6",
    ),
    "collector": ("gc.isenabled", gc.disable, "the answer of gc.isenabled: True → False"),
    "timeout": (
        "socket.getdefaulttimeout",
        lambda: socket.setdefaulttimeout(3),
        "the answer of socket.getdefaulttimeout: None → 3.0",
    ),
    "csv": ("csv.reader", lambda: csv.field_size_limit(10), "csv field size limit: 131072 → 10"),
}


@pytest.mark.parametrize(("uses", "change", "sentence"), CHANGES.values(), ids=CHANGES)
def test_another_state_is_told(folder, uses, change, sentence):
    """And the first one again is a hit again."""
    warnings.filters.clear()
    seen = seen_of(folder, uses=[uses])
    assert changes(seen, folder) == []
    change()
    assert sentence in "; ".join(changes(seen, folder))
    assert changes(seen_of(folder, uses=[uses]), folder) == []


def test_another_time_zone_is_told(folder):
    seen = seen_of(folder, uses=["datetime.datetime"])
    set_zone()
    [sentence] = changes(seen, folder)
    assert sentence.startswith("time zone: UTC → JST")


UNRELATED = {
    "a library that the step does not reach": (["math.sin", "numpy.array"], CHANGES["pandas option"][1]),
    "no library": (["math.sin", "builtins.str"], CHANGES["print option"][1]),
    "a filter for a module": (
        ["warnings.warn", "numpy.array"],
        lambda: warnings.filterwarnings("ignore", module="numpy"),
    ),
    "a clock's zone": (["time.perf_counter"], set_zone),
    "a quiet step": (["numpy.array"], lambda: warnings.simplefilter("ignore")),
    "a limit": (["numpy.array"], lambda: sys.setrecursionlimit(3000)),
    "precision of decimals": (["fractions.Fraction"], CHANGES["decimal"][1]),
}


@pytest.mark.parametrize(("uses", "change"), UNRELATED.values(), ids=UNRELATED)
def test_another_state_of_something_else_is_no_change(folder, uses, change):
    seen = seen_of(folder, uses=uses)
    change()
    assert changes(seen, folder) == []


def test_a_step_that_reaches_no_library_has_no_such_facts(folder):
    assert seen_of(folder, uses=["builtins.len", "math.sin", "itertools.chain"]).facts == {}


def test_what_a_step_sets_itself_is_no_input(folder):
    """In the same process the setting is still there afterwards."""
    seen = seen_of(folder, lambda: pd.set_option("display.precision", 3), ["pandas.DataFrame"])
    assert changes(seen, folder) == []
    again = seen_of(folder, lambda: pd.set_option("display.precision", 3), ["pandas.DataFrame"])
    assert again.facts == seen.facts


def test_what_an_earlier_step_left_is_noted(folder):
    seen_of(folder, lambda: pd.set_option("display.precision", 3), ["pandas.DataFrame"])
    seen = seen_of(folder, uses=["pandas.DataFrame"])
    assert (changes(seen, folder), len(seen.notes)) == ([], 1)
    assert "an earlier step left (pandas option display.precision)" in seen.notes[0]
    pd.reset_option("display.precision")
    assert changes(seen, folder) == []


class InAThread:
    """A step in a thread of its own that changes an option for a while, from one call to the next."""

    def __init__(self, folder, precision=3, *, stays=False):
        self.goes_on, self.has_changed = threading.Event(), threading.Event()

        def work():
            with pd.option_context("display.precision", precision):
                self.has_changed.set()
                self.goes_on.wait(9)
            if stays:
                pd.set_option("display.precision", precision)

        self.thread = threading.Thread(target=seen_of, args=(folder, work, ["pandas.DataFrame"]))
        self.thread.start()
        self.has_changed.wait(9)

    def end(self):
        self.goes_on.set()
        self.thread.join()


@pytest.fixture
def other(folder):
    step = InAThread(folder)
    yield step
    step.end()


@pytest.mark.parametrize("ends_inside", [True, False])
def test_what_a_step_of_another_thread_changes_for_a_while_does_not_count(folder, other, ends_inside):
    """Neither in the step that begins meanwhile, nor in look-ups, nor for later steps."""
    seen = seen_of(folder, (lambda: None) if ends_inside else other.end, ["pandas.DataFrame"])
    assert seen.facts["state"]["pandas"] == "{}"
    assert "pandas option display.precision" in seen.notes[0]
    assert changes(seen, folder) == []
    other.end()
    assert ambient_state._left == {}
    assert changes(seen, folder) == []
    pd.set_option("display.precision", 3)
    assert changes(seen, folder) == ["pandas option display.precision: 6 → 3"]


def test_what_one_of_two_steps_leaves_counts_for_no_later_step(folder):
    other = InAThread(folder, stays=True)
    seen_of(folder, other.end, ["pandas.DataFrame"])
    seen = seen_of(folder, uses=["pandas.DataFrame"])
    assert (seen.facts["state"]["pandas"], len(seen.notes)) == ("{}", 1)


def test_a_setting_of_the_script_counts_though_a_step_once_left_the_same(folder):
    seen_of(folder, lambda: pd.set_option("display.precision", 3), ["pandas.DataFrame"])
    pd.reset_option("display.precision")
    seen = seen_of(folder, uses=["pandas.DataFrame"])
    pd.set_option("display.precision", 3)
    assert changes(seen, folder) == ["pandas option display.precision: 6 → 3"]


def test_a_step_within_a_step_has_its_settings(folder):
    """The outer step's code made them before the inner one began."""

    def work():
        pd.set_option("display.precision", 3)
        facts.append(seen_of(folder, uses=["pandas.DataFrame"]).facts["state"]["pandas"])

    facts = []
    seen_of(folder, work, ["pandas.DataFrame"])
    assert "precision" in facts[0]


def test_a_process_that_has_not_loaded_a_library_agrees_with_its_defaults(folder):
    seen = seen_of(folder, uses=["pandas.DataFrame", "decimal.Decimal"])
    code = (
        "import sys; from pathlib import Path; from zencache.tracking.file_digests import FileDigests; "
        "from zencache.tracking.observed_inputs import Seen, changed; "
        "found = changed(Seen.from_json(sys.argv[1]), Path.cwd(), FileDigests(None)); "
        "print(found, 'pandas' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, seen.to_json()], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[] False"


def test_a_shell_s_own_warnings_are_no_state(folder):
    """IPython makes its completer's warnings errors when it is imported: a script has no such filter."""
    seen = seen_of(folder, uses=["numpy.ones", "warnings.warn"])
    own = type("ProvisionalCompleterWarning", (FutureWarning,), {"__module__": "IPython.core.completer"})
    warnings.filterwarnings("error", category=own)
    assert changes(seen, folder) == []
    warnings.filterwarnings("error", category=FutureWarning)
    assert changes(seen, folder) != []


def test_a_function_in_an_option_is_told_by_its_code():
    assert library_state.text(lambda x: x + 1) == library_state.text(lambda x: x + 1)
    assert library_state.text(lambda x: x + 1) != library_state.text(lambda x: x + 2)


# -- generators -------------------------------------------------------------------------------------

DRAWS = {"random": (random.random, random.seed), "numpy.random": (np.random.rand, np.random.seed)}


@pytest.mark.parametrize(("module", "draw", "seed"), [(m, *pair) for m, pair in DRAWS.items()], ids=DRAWS)
def test_the_seed_before_a_step_counts_if_the_step_draws(folder, module, draw, seed):
    seed(1)
    seen = seen_of(folder, draw)
    assert changes(seen, folder) == []
    draw()
    assert changes(seen, folder) == []
    seed(1)
    assert changes(seen, folder) == []
    seed(2)
    assert changes(seen, folder) == [f"the global generator of {module} has another seed"]


@pytest.mark.parametrize(("module", "draw", "seed"), [(m, *pair) for m, pair in DRAWS.items()], ids=DRAWS)
def test_a_draw_without_a_seed_stands_for_one_draw(folder, module, draw, seed):
    seen = seen_of(folder, draw)
    draw()
    assert changes(seen, folder) == []
    seed(2)
    assert changes(seen, folder) == [f"the global generator of {module} is seeded now"]


def test_a_seed_does_not_count_for_a_step_that_does_not_draw_or_seeds_itself(folder):
    np.random.seed(1)
    quiet = seen_of(folder, uses=["math.sin"])
    own = seen_of(folder, lambda: (np.random.seed(7), np.random.rand()))
    np.random.seed(2)
    assert changes(quiet, folder) == changes(own, folder) == []


@pytest.mark.parametrize("when", ["start", "stop"])
@pytest.mark.parametrize("module", DRAWS)
def test_a_draw_of_another_step_counts_for_the_step_that_drew(folder, monkeypatch, module, when):
    """It may begin just after this one has ended, or end just before this one begins."""
    original = getattr(audit_events, when)

    def beside(*args):
        if when == "start":
            DRAWS[module][0]()
        done = original(*args)
        if when == "stop":
            DRAWS[module][0]()
        return done

    monkeypatch.setattr(audit_events, when, beside)
    assert module not in seen_of(folder).facts.get("state", {})


def test_a_forked_process_has_a_generator_that_no_code_seeded(folder):
    """Python seeds the generator of `random` there, also where the script had seeded it before."""
    for seed in (lambda: None, lambda: random.seed(1)):
        seed()
        reader, writer = os.pipe()
        if not (child := os.fork()):
            os.write(writer, generator_state.origin("random").encode())
            os._exit(0)
        os.waitpid(child, 0)
        os.close(writer)
        with os.fdopen(reader) as answer:
            assert answer.read() == generator_state.UNSEEDED


def test_a_pair_of_normal_draws_keeps_the_seed(folder):
    random.seed(1)
    seen = seen_of(folder, lambda: random.gauss(0, 1))
    random.gauss(0, 1)
    assert changes(seen, folder) == []


def test_many_draws_between_steps_keep_the_seed(folder):
    np.random.seed(1)
    seen = seen_of(folder, lambda: np.random.rand(5_000_000))
    later = seen_of(folder, np.random.rand)
    assert seen.facts == later.facts
    assert changes(later, folder) == []


@pytest.mark.parametrize(
    "code", ["", "np.random.rand()", "np.random.seed(1)", "np.random.seed(1); np.random.rand()"]
)
def test_a_seed_that_was_set_before_zencache_was_imported_is_noticed(code):
    script = (
        f"import numpy as np; {code}\nfrom zencache.tracking import generator_state as g\n"
        "print(g.origin('numpy.random') != g.UNSEEDED)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str("seed" in code)


# -- the working folder -----------------------------------------------------------------------------

ASKS = {
    "getcwd": lambda: os.getcwd(),
    "getcwdb": lambda: os.getcwdb(),
    "cwd": pathlib.Path.cwd,
    "absolute": lambda: pathlib.Path("a").absolute(),
    "resolve": lambda: pathlib.Path("a").resolve(),
    "abspath": lambda: os.path.abspath("a"),
}


@pytest.mark.parametrize("ask", ASKS.values(), ids=ASKS)
def test_the_working_folder_counts_for_whom_asks_for_it(folder, monkeypatch, ask):
    seen = seen_of(folder, ask)
    assert changes(seen, folder) == []
    (folder / "other").mkdir()
    monkeypatch.chdir(folder / "other")
    assert changes(seen, folder) == ["the working folder, which it asked for, is another"]


@pytest.mark.parametrize(
    "work", [lambda: None, lambda: pathlib.Path(__file__).resolve(), lambda: os.path.abspath("/a")]
)
def test_the_working_folder_does_not_count_for_others(folder, monkeypatch, work):
    seen = seen_of(folder, work)
    monkeypatch.chdir("/")
    assert changes(seen, folder) == []


# -- libraries that others add ----------------------------------------------------------------------


def test_an_entry_point_adds_a_library(folder, monkeypatch):
    settings = type(sys)("zc_settings")
    settings.unit = "mm"
    settings.read = lambda: {"zc_settings's unit": (settings.unit, "mm")} if settings.unit != "mm" else {}
    monkeypatch.setitem(sys.modules, "zc_settings", settings)
    monkeypatch.setattr(ambient_state, "state_readers", lambda: {"zc_settings": "zc_settings:read"})
    seen = seen_of(folder, uses=["zc_settings.convert"])
    assert json.loads(seen.facts["state"]["zc_settings"]) == {}
    settings.unit = "inch"
    assert changes(seen, folder) == ["zc_settings's unit: mm → inch"]
