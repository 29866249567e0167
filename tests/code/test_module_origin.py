"""Whose code a module is."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import zencache
from zencache.code import module_origin
from zencache.util import distributions as installed_now


@pytest.mark.parametrize(
    ("module", "whose"),
    [
        ("json", "standard"),
        ("sys", "standard"),
        ("numpy.linalg", "installed"),
        ("google.protobuf", "installed"),
        ("zencache.steps", "zencache"),
        ("__main__", "project"),
        ("no_such_module_anywhere", "project"),
        ("", "project"),
    ],
)
def test_a_module_is_told_by_where_it_lies(module, whose):
    """Without being imported."""
    assert module_origin.origin_of_module(module) == whose


def test_a_file_that_hides_a_standard_module_is_the_projects(folder, monkeypatch):
    """The import system would take it, so it is what counts."""
    Path("this.py").write_text("")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "this", raising=False)
    assert module_origin.origin_of_module("this") == "project"


def test_a_module_without_a_distribution_is_the_projects(folder, monkeypatch):
    """A file that was copied beside installed packages has no version."""
    site = folder / "lib" / "site-packages"
    site.mkdir(parents=True)
    (site / "copied.py").write_text("")
    assert module_origin.origin_of_file(str(site / "copied.py")) == "project"
    assert module_origin.origin_of_file(np.__file__) == "installed"
    assert module_origin.origin_of_file(json.__file__) == "standard"
    assert module_origin.origin_of_file(zencache.__file__) == "zencache"


def installed(site, name, *, direct=None, record=""):
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True, exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "top_level.txt").write_text(f"{name}\n")
    (info / "RECORD").write_text(f"{name}/__init__.py,sha256={record},1\n{name}-1.0.dist-info/METADATA,,\n")
    if direct is not None:
        (info / "direct_url.json").write_text(json.dumps(direct))


@pytest.fixture
def site(folder, monkeypatch):
    monkeypatch.syspath_prepend(str(folder / "site"))
    for cached in (module_origin.distributions, installed_now._found):
        cached.cache_clear()
    yield folder / "site"
    for cached in (module_origin.distributions, installed_now._found):
        cached.cache_clear()


def test_a_distribution_is_a_name_and_a_version(site):
    """As pip shows them."""
    installed(site, "made_up")
    assert module_origin.distributions("made_up.inner") == (("made_up", "1.0"),)
    assert (module_origin.version_of("made_up"), module_origin.version_of("not_made_up")) == ("1.0", None)


def test_an_editable_install_is_no_distribution(site):
    """Its code is the user's own."""
    installed(site, "made_up", direct={"url": "file:///x", "dir_info": {"editable": True}})
    assert module_origin.distributions("made_up") == ()


def test_an_install_from_a_folder_counts_with_its_files(site):
    """It can change under one version."""
    direct = {"url": "file:///x", "dir_info": {}}
    installed(site, "made_up", direct=direct, record="one")
    [(_, one)] = module_origin.distributions("made_up")
    module_origin.distributions.cache_clear()
    installed(site, "made_up", direct=direct, record="two")
    [(_, two)] = module_origin.distributions("made_up")
    assert one.startswith("1.0+")
    assert one != two


def test_a_namespace_is_told_apart_by_files():
    """Many distributions share `google`."""
    assert [name for name, _ in module_origin.distributions("google.protobuf")] == ["protobuf"]


def test_the_folder_of_a_project_is_marked(folder):
    """Without a mark it is the one that modules are imported from."""
    (folder / "src" / "pkg").mkdir(parents=True)
    file = str(folder / "src" / "pkg" / "prep.py")
    module_origin.code_root.cache_clear()
    module_origin._marked.cache_clear()
    assert module_origin.code_root(file, "pkg.prep") == folder / "src"
    (folder / "pyproject.toml").write_text("")
    module_origin.code_root.cache_clear()
    module_origin._marked.cache_clear()
    assert module_origin.code_root(file, "pkg.prep") == folder
    assert module_origin.code_root("<stdin>", "__main__") is None
