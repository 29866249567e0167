"""Ownership: the places where a project's runs put artifacts."""

from __future__ import annotations

import pytest

from zencache.artifacts.ownership import OwnedRoots, is_output_of
from zencache.config import Settings, create_project
from zencache.model.database import Database

RUN = "_0123456789abcdef"
SERVER = Database(kind="postgresql", host="db.example.org", name="records")


def test_only_what_lies_where_an_execution_puts_it_is_its_own(folder):
    """Below the root, by node, output and the execution's number; an index may follow."""
    root = str(folder / "root")
    assert is_output_of(f"{root}/load/output/7", root, 7)
    assert is_output_of(f"{root}/load/output/7/value", root, 7)
    for wrong in ("load/output/8", "load/7", "7", "load/output/7/a/b", "load/output/x/7", "/output/7"):
        assert not is_output_of(f"{root}/{wrong}", root, 7), wrong
    assert not is_output_of(f"{folder}/load/output/7", root, 7)


@pytest.mark.parametrize("root", ["/root", "s3://bucket/team"])
def test_a_way_up_is_refused(root):
    """`..` may lead anywhere."""
    assert not is_output_of(f"{root}/load/../7", root, 7)
    assert is_output_of(f"{root}/load/output/7", root, 7)


@pytest.fixture
def owned(folder):
    """The roots that a project owns, whose artifact store is somewhere."""

    def make(store=None, database=None, named=()):
        project = create_project(folder, Settings(**({"artifact_store": store} if store else {})))
        return OwnedRoots.of(project.on(database) if database else project, named)

    return make


@pytest.mark.parametrize("linked", ["load", "load/output", "load/output/7"])
def test_a_symbolic_link_on_the_way_is_refused(owned, folder, linked):
    """What it leads to is not ours."""
    (folder / "root" / "plain" / "output" / "7").mkdir(parents=True)
    (folder / "else" / "output" / "7").mkdir(parents=True)
    link = folder / "root" / linked
    link.parent.mkdir(parents=True, exist_ok=True)
    link.symlink_to(folder / "else")
    roots = owned(named=[folder / "root"])
    assert not roots.is_made_by(f"{folder}/root/load/output/7", 7)
    assert roots.is_made_by(f"{folder}/root/plain/output/7", 7)


def test_in_a_remote_store_the_roots_of_single_runs_are_owned(owned):
    """Not what lies beside them, nor below the store of an earlier setting."""
    roots = owned("s3://bucket/team/")
    assert roots.is_made_by(f"s3://bucket/team/{RUN}/load/output/7", 7)
    for wrong in (
        f"s3://bucket/team/{RUN}/load/output/8",
        "s3://bucket/team/load/output/7",
        f"s3://bucket/team2/{RUN}/load/output/7",
        f"s3://bucket/{RUN}/load/output/7",
        "s3://bucket/team/_mine/load/output/7",
        f"s3://bucket/team/{RUN}/more/load/output/7",
    ):
        assert not roots.is_made_by(wrong, 7), wrong


def test_in_a_shared_folder_the_roots_of_single_runs_are_owned(owned, folder):
    """The root of the run has to be there: the folder may not be mounted."""
    base = folder / "mnt"
    roots, place = owned(str(base)), f"{base}/{RUN}/load/output/7"
    assert not roots.is_made_by(place, 7)
    (base / RUN).mkdir(parents=True)
    assert roots.is_made_by(place, 7)
    assert not roots.is_made_by(f"{base}/load/output/7", 7)


def test_a_run_root_that_is_a_link_is_refused(owned, folder):
    """Nothing says whose folder it leads to."""
    base = folder / "mnt"
    (folder / "else").mkdir()
    base.mkdir()
    (base / RUN).symlink_to(folder / "else")
    assert not owned(str(base)).is_made_by(f"{base}/{RUN}/load/output/7", 7)


def test_a_project_of_a_file_owns_its_folder_and_the_roots_that_are_named(owned, folder):
    """Each pipeline of TFX may have its own."""
    roots = owned(named=[folder / "taxi"])
    assert roots.is_made_by(f"{folder}/.zencache/artifacts/load/output/7", 7)
    assert roots.is_made_by(f"{folder}/taxi/load/output/7", 7)
    assert not roots.is_made_by(f"{folder}/else/load/output/7", 7)


def test_a_project_of_a_server_owns_only_runs_of_this_machine(owned, folder):
    """Another machine's folders may have the same names."""
    roots = owned(database=SERVER, named=[folder / "taxi"])
    own = folder / ".zencache" / "artifacts"
    (own / RUN).mkdir()
    assert roots.is_made_by(f"{own}/{RUN}/load/output/7", 7)
    for wrong in (
        f"{own}/_fedcba9876543210/load/output/7",
        f"{own}/load/output/7",
        f"{folder}/taxi/load/output/7",
    ):
        assert not roots.is_made_by(wrong, 7), wrong
