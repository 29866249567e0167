"""A store that is not ours, is damaged, is read-only, or is on a full disk: one clear error each."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from zencache import pipeline, step
from zencache.config import FOLDER, create_project, find_project, open_project
from zencache.errors import SettingsError, StoreError, StoreFormatError, StoreUnavailableError

root_only = pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("mount"), reason="mounting needs root")


@step
def zeros(size: int) -> bytes:
    return bytes(size)


@pipeline
def filling(size: int = 10):
    zeros(size=size)


def test_a_folder_that_is_not_ours_is_left_alone(folder):
    """Something else named .zencache is not written into."""
    (folder / FOLDER).mkdir()
    (folder / FOLDER / "precious").touch()
    with pytest.raises(StoreFormatError, match="is not a zencache store: it has no config.toml"):
        filling().run()
    assert [p.name for p in (folder / FOLDER).iterdir()] == ["precious"]


def test_a_database_that_is_not_mlmds_is_refused(folder):
    """The error names the file and what to check."""
    project = create_project(folder)
    project.database.path.write_bytes(b"this is no database" * 100)
    with pytest.raises(StoreError, match="metadata.db"):
        filling().run()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("format = 1\nworkres = 3\n", "workres: Extra inputs are not permitted .settings: format, workers"),
        ("format = 1\nworkers = 0\n", "workers: Input should be greater than or equal to 1"),
        ("format = ", "cannot read"),
    ],
)
def test_wrong_settings_are_named(folder, text, words):
    """The file, the setting and the known settings are said."""
    project = create_project(folder)
    (project.folder / "config.toml").write_text(text)
    with pytest.raises(SettingsError, match=words):
        open_project(folder)


def test_the_project_is_found_upward(folder, monkeypatch):
    """A run below the project's folder is a run of the project."""
    create_project(folder)
    (folder / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(folder / "a" / "b")
    assert find_project().root == folder.resolve()


@pytest.fixture
def small_disk(folder):
    """A disk of 2 MiB."""
    place = folder / "disk"
    place.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)], check=True)
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@root_only
@pytest.mark.tfx
def test_a_full_disk_fails_the_step_and_leaves_the_store_whole(small_disk, monkeypatch):
    """The error says that the artifact could not be stored; with less to store, the next run works."""
    monkeypatch.chdir(small_disk)
    with pytest.raises(StoreUnavailableError, match="cannot store an artifact at .*No space left"):
        filling(4_000_000).run()
    run = filling(10).run()
    assert run.steps["zeros"].output.load() == bytes(10)
    assert not list(Path(FOLDER).rglob("*.partial"))


@root_only
def test_a_read_only_disk_is_named(small_disk):
    """Nothing can be recorded, so nothing is computed."""
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    code = f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import test_unusable_stores as t; t.filling().run()"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=small_disk, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "StoreUnavailableError: cannot make a zencache project in" in done.stderr
    assert "Read-only file system" in done.stderr


SCRIPT = """
import sys
sys.path.insert(0, {here!r})
import test_unusable_stores as t
from zencache import Repository
from zencache.errors import StoreUnavailableError

print([(run.status, run.steps["zeros"].output.load()) for run in Repository().get_runs()])
print(t.filling(10).plan().steps["zeros"].action)
for size in (10, 20):
    try:
        t.filling(size).run()
    except StoreUnavailableError as error:
        print(error)
"""


@root_only
@pytest.mark.tfx
def test_a_store_on_a_read_only_disk_can_be_read(small_disk):
    """Runs, results and plans; whoever would write is told before anything is computed."""
    here = str(Path(__file__).parent)
    first = f"import sys; sys.path.insert(0, {here!r}); import test_unusable_stores as t; t.filling(10).run()"
    subprocess.run([sys.executable, "-c", first], cwd=small_disk, check=True, capture_output=True)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    code = SCRIPT.format(here=here)
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=small_disk, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = [line for line in done.stdout.splitlines() if not line.startswith(("Creating", "Cache", "Using"))]
    assert lines[:2] == [f"[('completed', {bytes(10)!r})]", "hit"]
    assert len(lines) == 4
    assert all("cannot write to the store" in line and "Read-only file system" in line for line in lines[2:])


@pytest.mark.tfx
def test_a_quota_fails_the_step_and_leaves_the_store_whole(folder):
    """Files that may not grow: the error names the artifact, nothing half-written stays, and the next run
    works."""
    code = """
import resource, sys
sys.path.insert(0, {here!r})
import test_unusable_stores as t
from zencache.errors import StoreUnavailableError

t.filling(10).run()
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
try:
    t.filling(4_000_000).run()
except StoreUnavailableError as error:
    print("told:", error)
assert t.filling(20).run().steps["zeros"].output.load() == bytes(20)
"""
    done = subprocess.run(
        [sys.executable, "-c", code.format(here=str(Path(__file__).parent))],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "told: step zeros failed: StoreUnavailableError: cannot store an artifact at" in done.stdout
    assert "File too large" in done.stdout
    assert not list((folder / FOLDER).rglob("*.partial"))
