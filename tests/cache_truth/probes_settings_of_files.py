"""Settings that modules read from files at import and give to libraries: attributes, tables, in functions and loops."""

from __future__ import annotations

from functools import partial

from tests.cache_truth.harness import ran

FILE = {"c.json": '{"x": 1}'}
EDIT = {"c.json": '{"x": 2}'}
LOAD = "json.load(open('c.json'))"
ASKS = "return float(fractions.x)"

set_up = partial(ran, category="import time", kind="settings of libraries from files")


def setting(
    name, statements, body=ASKS, verdict="rerun", library="fractions", above="", edit=EDIT, files=FILE
):
    """A module reads a file when it is imported, and gives what it holds to a library."""
    module = f"import json, {library}\n{statements}\n"
    imports = above or f"import {library}\nimport units\n"
    return set_up(name, verdict, body, imports, {"units.py": module, **files}, edit)


PROBES = [
    setting("an attribute of a library", f"fractions.x = {LOAD}['x']"),
    setting("by getattr", f"fractions.x = {LOAD}['x']", "return float(getattr(fractions, 'x'))"),
    setting("in a function", f"def load():\n    fractions.x = {LOAD}['x']\nload()"),
    setting("in a block", "with open('c.json') as f:\n    c = json.load(f)\nfractions.x = c['x']"),
    setting("by setattr", f"setattr(fractions, 'x', {LOAD}['x'])"),
    setting("in a loop", f"for k, v in {LOAD}.items():\n    setattr(fractions, k, v)"),
    setting(
        "of a class",
        f"fractions.Fraction.x = {LOAD}['x']",
        "return float(fractions.Fraction.x)",
    ),
    setting(
        "of an object of a library that its functions use",
        f"reprlib.aRepr.maxlist = {LOAD}['x']",
        "return float(len(reprlib.repr([1, 2, 3, 4])))",
        library="reprlib",
    ),
    setting(
        "in a table of a library",
        f"mimetypes.init()\nmimetypes.types_map.update({LOAD})",
        "return float(len(mimetypes.guess_type('a.zz')[0]))",
        library="mimetypes",
        files={"c.json": '{".zz": "a/b"}'},
        edit={"c.json": '{".zz": "a/bcd"}'},
    ),
    setting(
        "of a module that is imported late",
        f"fractions.x = {LOAD}['x']",
        "import units, fractions\nreturn float(fractions.x)",
        above="import math\n",
    ),
    setting(
        "a file that sets nothing",
        f"fractions.x = {LOAD}['x']",
        verdict="hit",
        files={**FILE, "d.json": "{}"},
        edit={"d.json": "[]"},
    ),
]
