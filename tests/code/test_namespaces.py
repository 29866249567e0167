"""What counts of a namespace that a step reads, where Python put its builtins into it."""

from __future__ import annotations

import builtins
import datetime

import pytest

from zencache.code.digest import CodeReader

CAPSULE = datetime.datetime_CAPI


def filled(text="def clean(x): return x * 2", **names):
    """A namespace as `exec` leaves it: with `__builtins__`."""
    space = dict(names)
    exec(compile(text, "made", "exec"), space)
    return space


def code_of(space):
    """The code of a step that reads a namespace whole."""
    return CodeReader().of(eval("lambda x: SPACE['clean'](x)", {"SPACE": space, "__name__": "somewhere"}))


SPACES = {
    "filled by exec": filled,
    "a copy of the builtins": lambda: dict(vars(builtins)),
    "builtins of one's own, from Python's": lambda: {"__builtins__": {**vars(builtins), "clean": len}},
    "in a namespace of a namespace": lambda: {"inner": filled()},
    "in an object": lambda: type("Holder", (), {"space": filled(), "__module__": "somewhere"})(),
}


@pytest.mark.parametrize("space", SPACES.values(), ids=SPACES)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("__pybind11_internals_v4_gcc__", CAPSULE),
        ("__IPYTHON__", True),
        ("_", CAPSULE),
        ("_", 3),
    ],
    ids=["pybind11", "a notebook", "a session", "a session, a plain value"],
)
def test_what_libraries_keep_among_the_builtins_does_not_count(monkeypatch, space, name, value):
    """Law: importing a library that the step does not use changes no key, and makes none unknowable."""
    before = code_of(space())
    monkeypatch.setitem(vars(builtins), name, value)
    after = code_of(space())
    assert before.is_known
    assert after.is_known
    assert after.digest == before.digest


def test_showing_the_license_changes_nothing():
    """Law: what Python's own objects keep of what they showed does not count."""
    before = code_of(filled())
    assert repr(builtins.license)
    assert str(builtins.copyright)
    assert code_of(filled()).digest == before.digest


def test_a_library_s_function_that_cannot_be_digested_does_not_count(monkeypatch):
    """A kernel puts a method of its own in the place of `input`, and its shell beside it."""
    import argparse

    parser = argparse.ArgumentParser()
    parser.stream = CAPSULE
    monkeypatch.setitem(vars(builtins), "get_shell", parser.parse_args)
    assert code_of(filled()).is_known


@pytest.mark.parametrize(
    "put",
    [
        lambda space: vars(builtins).__setitem__("rate", 3),
        lambda space: vars(builtins).__setitem__(
            "helper", eval("lambda x: x + 1", {"__name__": "somewhere"})
        ),
        lambda space: space.__setitem__("__builtins__", {"len": len}),
        lambda space: space.__setitem__("__builtins__", {**vars(builtins), "rate": 3}),
        lambda space: space.__setitem__("rate", 3),
    ],
    ids=["a value", "a function", "builtins of one's own", "changed builtins", "beside the builtins"],
)
def test_what_a_user_puts_there_counts(monkeypatch, put):
    """Law: code in the namespace may use it, under a name that nobody can follow."""
    space = filled()
    before = code_of(space)
    for name in ("rate", "helper"):
        monkeypatch.setitem(vars(builtins), name, None)
        monkeypatch.delitem(vars(builtins), name)
    put(space)
    after = code_of(space)
    assert after.is_known
    assert after.digest != before.digest


def test_what_a_user_puts_there_and_nobody_can_digest_makes_the_code_unknowable(monkeypatch):
    monkeypatch.setitem(vars(builtins), "handle", CAPSULE)
    assert not code_of(filled()).is_known


def test_a_capsule_in_another_mapping_makes_the_code_unknowable():
    """Only where Python's builtins are is it nobody's."""
    assert not code_of({"__name__": "mine", "__capsule__": CAPSULE}).is_known
