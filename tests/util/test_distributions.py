"""What is installed is looked through once, and anew when something was installed."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

import zencache
from zencache.util import distributions

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).parents[2]
ENTRY = "[zencache.materializers]\nmade_up.Thing = made_up:ThingMaterializer\n"


def install(site, name, *modules, entry=""):
    info = site / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "top_level.txt").write_text("\n".join(modules))
    (info / "entry_points.txt").write_text(entry)
    return info


@pytest.fixture
def site(folder, monkeypatch):
    """A folder that installers write to, and a file where what was found is kept."""
    monkeypatch.syspath_prepend(str(folder / "site"))
    monkeypatch.setattr(distributions, "_memory", [folder / "kept.json"])
    (folder / "site").mkdir()
    distributions._found.cache_clear()
    yield folder / "site"
    distributions._found.cache_clear()


def holders(module):
    """Ask as another process would."""
    distributions._found.cache_clear()
    return [found.name for found in distributions.holders(module)]


def test_a_distribution_that_is_installed_replaced_or_removed_is_seen(site):
    """The file holds for what was there when it was written."""
    assert holders("made_up") == []
    install(site, "made_up_dist", "made_up")
    assert holders("made_up") == ["made_up_dist"]
    shutil.rmtree(site / "made_up_dist-1.0.dist-info")
    install(site, "made_up_dist", "other")
    assert (holders("made_up"), holders("other")) == ([], ["made_up_dist"])


def test_while_nothing_changes_the_file_is_enough(site, monkeypatch):
    """No distribution is looked at."""
    install(site, "made_up_dist", "made_up", entry=ENTRY)
    assert holders("made_up") == ["made_up_dist"]
    monkeypatch.setattr(distributions, "_modules", None)
    monkeypatch.setattr(distributions, "_entry_points", None)
    assert holders("made_up") == ["made_up_dist"]
    assert distributions.materializers()["made_up.Thing"] == "made_up:ThingMaterializer"


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"stamp": 1}', "\x00"])
def test_a_file_that_is_something_else_is_written_anew(site, folder, content):
    """Whatever is in it, nothing fails."""
    install(site, "made_up_dist", "made_up")
    (folder / "kept.json").write_text(content)
    assert holders("made_up") == ["made_up_dist"]
    assert "made_up" in json.loads((folder / "kept.json").read_text())["modules"]


def test_where_nothing_can_be_kept_everything_still_works(site, folder):
    """A project on a disk that cannot be written to."""
    (folder / "kept.json").mkdir()
    install(site, "made_up_dist", "made_up")
    assert holders("made_up") == ["made_up_dist"]


def test_advice_names_the_package_that_hides_this_one(monkeypatch):
    """Who installed the other project's `zencache` has to remove it first."""
    assert distributions.install_advice("s3") == "pip install 'zencache-pipelines[s3]'"
    monkeypatch.setattr(distributions, "is_installed", lambda name: name == "zencache")
    assert distributions.install_advice("s3").startswith("pip uninstall zencache (another project's")


def test_every_integration_has_an_extra_and_requires_the_same_release():
    """One release of all distributions is what was tested together."""
    core = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    names = []
    for file in sorted((ROOT / "integrations").glob("*/pyproject.toml")):
        project = tomllib.loads(file.read_text())["project"]
        names.append(project["name"])
        assert f"zencache-pipelines=={zencache.__version__}" in project["dependencies"], file
        assert project["version"] == zencache.__version__, file
        assert [project["name"]] in core["optional-dependencies"].values(), file
    assert all(name.startswith(f"{core['name']}-") for name in names)
    assert core["name"] == distributions.DISTRIBUTION
