"""What a reason says of the difference between two keys."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest

from zencache.caching.key import KeyParts
from zencache.caching.key_diff import (
    changed_lines,
    code_diff,
    differences,
    read_texts,
    write_texts,
)
from zencache.util.durations import duration_text


def said(old, new, **more):
    return differences(KeyParts(code="old", **old), KeyParts(code=new.pop("code", "old"), **new), {}, **more)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ({"packages": {"numpy": "1"}}, {"packages": {"numpy": "2"}}, "numpy 1 → 2"),
        ({}, {"packages": {"numpy": "2"}}, "numpy: new"),
        ({"packages": {"numpy": "2"}}, {}, "numpy: no longer used"),
        ({"classes": {"prep:Model": "a"}}, {"classes": {"prep:Model": "b"}}, "class prep.Model changed"),
        ({"policy": {"file a.csv": "1"}}, {"policy": {"file a.csv": "2"}}, "file a.csv changed"),
        ({}, {"policy": {"file a.csv": "2"}}, "file a.csv: new"),
        (
            {"policy": {"environment variable KEY": "1"}},
            {"policy": {"environment variable KEY": "2"}},
            "environment variable KEY changed",
        ),
        ({"policy": {"version": "1"}}, {"policy": {"version": "2"}}, "cache policy version: 1 → 2"),
        (
            {"parameters": {"data": '{"$file":["a.csv","11111111aa"]}'}},
            {"parameters": {"data": '{"$file":["a.csv","22222222aa"]}'}},
            "parameter data: a.csv (11111111) → a.csv (22222222)",
        ),
        (
            {"parameters": {"token": '{"$secret":["str","11"]}'}},
            {"parameters": {"token": '{"$secret":["str","22"]}'}},
            "the secret token changed",
        ),
        ({}, {"parameters": {"token": '[{"$secret":["str","22"]}]'}}, "the secret token: new"),
        (
            {"parameters": {"token": '{"$secret":["str","11"]}'}},
            {"parameters": {"token": "null"}},
            "the secret token changed",
        ),
        (
            {"outputs": {"o": ("int", "m:A")}},
            {"outputs": {"o": ("int", "m:B")}},
            "output o: int by m:A → int by m:B",
        ),
    ],
)
def test_each_part_has_its_sentence(old, new, sentence):
    """Short, and with both sides where they may be shown."""
    assert said(old, new) == (sentence,)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ({"a": ("1", "")}, {"a": ("2", "")}, "a changed"),
        ({"a": ("1", "2")}, {"a": ("2", "3")}, "a: 2 → 3"),
        ({"a": ("1", "[…]")}, {"a": ("2", "[…]")}, "a: content differs"),
        ({}, {"a": ("2", "")}, "a is new"),
        ({"a": ("2", "")}, {}, "a is no longer used"),
        ({"a": ("2", "")}, {"a": ("2", "")}, "its code uses other things under the same names"),
    ],
)
def test_code_is_told_by_its_pieces(old, new, sentence):
    """A helper, a class, a global; or, where all are as they were, that they are used otherwise."""
    assert said({"units": old}, {"code": "new", "units": new}) == (sentence,)


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        (["numpy.array", "numpy.mean"], ["numpy.array", "numpy.median"], "numpy.mean → numpy.median"),
        (["_operator.add"], ["_operator.mul"], "operator.add → operator.mul"),
        (["builtins.max"], ["builtins.max", "builtins.min"], "it uses min now"),
        (["builtins.max", "builtins.min"], ["builtins.max"], "it no longer uses min"),
        ([], ["numpy.mean"], "its code uses other things under the same names"),
        (list("abcde"), list("fghij"), "its code uses other things under the same names"),
    ],
)
def test_what_was_swapped_in_a_library_is_named(old, new, sentence):
    """Where all pieces of the code are as they were; records of older releases have no names."""
    found = said({"libraries": old}, {"code": "new", "libraries": new})
    assert found == (sentence,)


def test_the_lines_that_changed_are_counted(folder):
    """Against the text that was kept with the earlier execution."""
    name = write_texts(folder / "sources", {"helper f": "def f(x):\n    y = x\n    return y\n"})
    found = said(
        {"units": {"helper f": ("1", "")}, "sources": name},
        {"code": "new", "units": {"helper f": ("2", "")}},
        texts={"helper f": "def f(x):\n    y = -x  # now\n    return y + 1\n"},
        stored=folder / "sources",
    )
    assert found == ("helper f changed (2 lines)",)


def test_texts_are_kept_once(folder):
    """Equal texts have one name; what is gone reads as nothing."""
    sources = folder / "sources"
    name = write_texts(sources, {"f": "é\ud800"})
    assert name == write_texts(sources, {"f": "é\ud800"})
    assert len(list(sources.iterdir())) == 1
    assert read_texts(sources, name) == {"f": "é\ud800"}
    assert read_texts(sources, "gone") == read_texts(None, name) == {}


def test_comments_and_formatting_are_no_changed_lines():
    """Only lines of code count."""
    assert changed_lines("def f(): return (1)", "def f():\n    # one\n    return 1") == 0


def test_a_diff_shows_the_users_own_lines():
    """Comments too, in the usual form."""
    diff = code_diff("helper f", "  def f():\n      return 1", "  def f():\n      return 2  # two")
    assert diff.splitlines()[-2:] == ["-    return 1", "+    return 2  # two"]


@pytest.mark.parametrize(
    ("duration", "words"),
    [
        (timedelta(0), "less than 1 s"),
        (timedelta(minutes=2), "2 min"),
        (timedelta(days=1, minutes=3), "1 d"),
        (timedelta(days=1, hours=3), "1 d 3 h"),
    ],
)
def test_spans_in_words(duration, words):
    """The largest unit, and the next one if there is something in it."""
    assert duration_text(duration) == words


def test_the_folder_of_texts_may_be_missing():
    """As in a project of an older format."""
    assert read_texts(Path("nowhere"), "x") == {}


def test_threads_may_keep_the_same_texts_at_once(folder):
    """Steps that run side by side often share their helpers."""
    texts = {"f": "x" * 1_000_000}
    with ThreadPoolExecutor(8) as pool:
        names = {made.result() for made in [pool.submit(write_texts, folder / "s", texts) for _ in range(64)]}
    assert len(names) == len(list((folder / "s").iterdir())) == 1


def test_texts_are_read_from_their_folder_alone(folder):
    """A record that names another file is not followed."""
    (folder / "sources").mkdir()
    (folder / "other.json").write_text('{"unit": "text"}')
    for name in ("../other", str(folder / "other"), ""):
        assert read_texts(folder / "sources", name) == {}


def test_an_object_is_shown_by_the_attributes_that_differ():
    """An attribute beside the fields is named, so that one sees what a constructor set."""
    old = KeyParts(code="1", parameters={"settings": '{"$dataclass":["m:S",{"a":1,"b":2},{"_rows":3}]}'})
    new = KeyParts(code="1", parameters={"settings": '{"$dataclass":["m:S",{"a":1,"b":2},{"_rows":4}]}'})
    other = KeyParts(code="1", parameters={"settings": '{"$dataclass":["m:T",{"a":1}]}'})
    assert differences(old, new, {}) == ("parameter settings._rows: 3 → 4",)
    assert differences(old, other, {})[0].startswith("parameter settings: {")
