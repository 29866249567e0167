"""`zencache cache verify --repair`: damaged artifacts are restored or computed again, and nothing else is
touched."""

from __future__ import annotations

import importlib
import shutil
import sys

import pytest
from pydantic import SecretStr

from tests.maintenance.damage import client, folder_of, output, swap, truncate, write
from zencache import Repository
from zencache.metadata.client import pb, set_properties

pytestmark = pytest.mark.tfx


def test_a_bad_copy_is_kept(shop):
    """It is moved aside, and never deleted."""
    swap(folder_of())
    bad = (folder_of() / "array.npy").read_bytes()
    [problem] = Repository().verify(full=True, repair=True).problems
    [kept] = (shop / ".zencache/artifacts/.quarantine").rglob("array.npy")
    assert kept.read_bytes() == bad
    assert str(kept.parent) in problem.outcome


def test_a_whole_chain_is_made_anew(shop, zencache):
    """Each step's inputs are made before it; two runs of a pipeline with other parameters are both mended."""
    for run, step in (("first", "load"), ("first", "scale"), ("second", "scale")):
        shutil.rmtree(folder_of(run, step))
    assert zencache("cache", "verify", "--repair").exit_code == 0
    assert output("second", "scale").load().tolist() == [0.0, 3.0, 6.0, 9.0]
    assert output("third", "load").load().tolist() == [0.0, 1.0, 2.0, 3.0]
    assert Repository().verify(full=True).is_clean


TOKENS = """
from zencache import pipeline, step

class Token:
    name = "one"

    def __init__(self, name):
        self.name = name

@step
def token() -> Token:
    return Token("a name that is long enough for other code")

@pipeline
def tokens():
    token()
"""


def test_what_ran_last_stays_what_ran_last(shop):
    """An older run is run again for its parameters; the pipeline of the repository is the newest one
    still."""
    truncate(folder_of())
    Repository().delete_run("third")
    was = Repository().get_pipeline_by_name("prices").spec
    [problem] = Repository().verify(full=True, repair=True).problems
    assert problem.is_mended
    assert Repository().get_pipeline_by_name("prices").spec == was
    assert output().load().tolist() == [0.0, 2.0, 4.0, 6.0]


def test_a_pickle_that_was_tampered_with_is_not_loaded(shop, folder, monkeypatch):
    """Its bytes are compared; no code of it runs."""
    (folder / ".zencache/config.toml").write_text("format = 1\nallow_pickle = true\n")
    (folder / "tokens.py").write_text(TOKENS)
    monkeypatch.delitem(sys.modules, "tokens", raising=False)
    run = importlib.import_module("tokens").tokens().run()
    file = next(run.steps["token"].output.folder.glob("*.pkl"))
    evil = b"cos\nsystem\n(S'touch ran'\ntR."
    write(file, evil + b" " * (file.stat().st_size - len(evil)))
    [problem] = Repository().verify(full=True).problems
    assert (problem.step, problem.wrong) == ("token", f"{file.name}: its content changed")
    assert Repository().verify(full=True, repair=True).is_clean
    assert run.steps["token"].output.load().name == "a name that is long enough for other code"
    assert not (folder / "ran").exists()


@pytest.mark.parametrize("uri", ["{store}/../../mine", "{mine}", "/dev/null"])
def test_what_a_record_that_points_elsewhere_names_is_never_touched(shop, zencache, uri):
    """It is a problem of the record, which nothing reuses from then on; another result is made."""
    mine = shop / "mine"
    mine.mkdir()
    (mine / "diary.txt").write_text("dear diary")
    [artifact] = client().get_artifacts_by_id([output().record.id])
    artifact.uri = uri.format(store=shop / ".zencache/artifacts", mine=mine)
    client().put_artifacts([artifact])
    assert zencache("cache", "verify").exit_code == 1
    assert zencache("cache", "verify", "--repair").exit_code == 0
    assert [path.name for path in shop.rglob("diary.txt")] == ["diary.txt"]
    assert (mine / "diary.txt").read_text() == "dear diary"
    assert zencache("cache", "verify", "--full").exit_code == 0


def test_a_step_that_gives_something_else_is_told(shop):
    """Its old value is lost; the new one is reused, and the store is clean."""
    shutil.rmtree(folder_of(step="noise"))
    [problem] = Repository().verify(repair=True).problems
    assert "with another content: the step does not give the same again" in problem.outcome
    assert Repository().verify(full=True).is_clean
    assert Repository().get_pipeline_by_name("prices").plan().all_hits


def test_what_has_a_good_copy_is_not_computed(shop):
    """The same value, stored by another run, is put in its place."""
    Repository().get_pipeline_by_name("prices").run(enable_cache=False, run_name="again")
    count = len(Repository().get_runs())
    swap(folder_of("second"))
    [problem] = Repository().verify(full=True, repair=True).problems
    assert problem.outcome.startswith("restored from a copy")
    assert output("second").load().tolist() == [0.0, 3.0, 6.0, 9.0]
    assert len(Repository().get_runs()) == count


def test_what_nobody_can_make_again_is_marked_and_told(shop, zencache):
    """Its code is gone: verify is clean after it, and the exit code says that something was lost."""
    shutil.rmtree(folder_of())
    shop.joinpath("shop.py").unlink()
    done = zencache("cache", "verify", "--repair")
    assert done.exit_code == 1
    assert "marked, so that nothing reuses it; not computed again: step shop." in done.stdout
    assert "run the pipeline's own script" in done.stdout
    assert zencache("cache", "verify").exit_code == 0


SECRETS = """
from pydantic import SecretStr
from zencache import pipeline, step

@step
def fetch(token: SecretStr) -> int:
    return len(token.get_secret_value())

@pipeline
def guarded(token: SecretStr):
    fetch(token=token)
"""


def test_a_secret_that_is_lacking_is_told(shop, monkeypatch):
    """And how to give it; nothing is computed without it."""
    (shop / "guarded.py").write_text(SECRETS)
    monkeypatch.delitem(sys.modules, "guarded", raising=False)
    run = importlib.import_module("guarded").guarded(SecretStr("abc")).run()
    shutil.rmtree(run.steps["fetch"].output.folder)
    [problem] = Repository().verify(repair=True).problems
    assert not problem.is_mended
    assert "ZENCACHE_SECRET_TOKEN" in problem.outcome


def test_a_value_that_nothing_here_can_name_is_left_as_it_is(shop):
    """Its materializer is not installed: that speaks against this machine and not against the artifact."""
    [artifact] = client().get_artifacts_by_id([output().record.id])
    named = {"zencache_materializer": "nowhere:Gone", "zencache_digest": "of the value"}
    set_properties(artifact.custom_properties, named)
    client().put_artifacts([artifact])
    [problem] = Repository().verify(full=True, repair=True).problems
    assert (problem.wrong.partition(":")[0], problem.outcome) == (
        "cannot be compared with its record",
        "left as it is",
    )
    assert client().get_artifacts_by_id([artifact.id])[0].state == pb.Artifact.LIVE


def test_code_that_changed_is_not_run_in_vain(shop):
    """It would give another result, which nobody asked for."""
    shutil.rmtree(folder_of())
    text = (shop / "shop.py").read_text()
    (shop / "shop.py").write_text(text.replace("return values * factor", "return values * factor + 1"))
    count = len(Repository().get_runs())
    [problem] = Repository().verify(repair=True).problems
    assert "step scale is not what it was" in problem.outcome
    assert len(Repository().get_runs()) == count
