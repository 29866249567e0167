"""A stored result that cannot be loaded any more is a miss: it is computed again."""

from __future__ import annotations

import subprocess
import sys

import pytest

from zencache.repo import Repository

SCRIPT = """
import dataclasses
from zencache import pipeline, step

@dataclasses.dataclass
class Item:
    a: int

@step
def make() -> Item:
    return Item(1)

@step
def use(item: Item) -> str:
    assert type(item) is Item
    return f"{item.a}"

@pipeline
def shop():
    use(make())

if __name__ == "__main__":
    run = shop().run()
    print([run.steps["make"].status, run.steps["use"].status, run.steps["use"].output.load()])
"""


def run(folder, *command):
    done = subprocess.run([sys.executable, *command], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_result_of_a_renamed_script_is_computed_again(tmp_path):
    """The step that made it is a hit, but its value names a class of the script of before."""
    (tmp_path / "before.py").write_text(SCRIPT)
    assert "['executed', 'executed', '1']" in run(tmp_path, "before.py")
    (tmp_path / "before.py").rename(tmp_path / "after.py")
    (tmp_path / "after.py").write_text(SCRIPT.replace('f"{item.a}"', 'f"{item.a}!"'))
    assert "['executed', 'executed', '1!']" in run(tmp_path, "after.py")
    assert "['cached', 'cached', '1!']" in run(tmp_path, "after.py")


def test_a_value_of_a_package_that_ran_by_its_name_is_loaded(tmp_path, monkeypatch):
    """`python -m` runs the package's `__main__`, where its classes are."""
    (tmp_path / "goods_of_main").mkdir()
    (tmp_path / "goods_of_main" / "__init__.py").touch()
    (tmp_path / "goods_of_main" / "__main__.py").write_text(SCRIPT)
    assert "['executed', 'executed', '1']" in run(tmp_path, "-m", "goods_of_main")
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    item = Repository(tmp_path).get_pipeline_by_name("shop").runs[-1].steps["make"].output.load()
    assert (type(item).__name__, item.a) == ("Item", 1)


def test_what_a_user_loads_is_not_dropped(tmp_path, monkeypatch):
    """Another process may have the class."""
    (tmp_path / "shop_of_items.py").write_text(SCRIPT)
    run(tmp_path, "shop_of_items.py")
    monkeypatch.chdir(tmp_path)
    output = Repository(tmp_path).get_pipeline_by_name("shop").runs[-1].steps["make"].output
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path not in ("", str(tmp_path))])
    with pytest.raises(TypeError, match="cannot be loaded: Item of module shop_of_items"):
        output.load()
    assert "['cached', 'cached', '1']" in run(tmp_path, "shop_of_items.py")
