"""A store of format 1 becomes one of format 2 when it is first written; nothing in it is lost, nor computed
again."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.migration.old_store import import_flows, unpack
from zencache import Repository, config
from zencache.artifacts.manifest import MANIFEST, Manifest
from zencache.config import FORMAT, open_project, raise_format
from zencache.errors import SettingsError, StoreFormatError, StoreUnavailableError
from zencache.materializers.builtin import PlainMaterializer
from zencache.metadata import migration, stale_runs
from zencache.metadata import project_migration as lines
from zencache.metadata.client import MetadataClient
from zencache.metadata.schema import RUN_CONTEXT, STORE_CONTEXT
from zencache.metadata.schema_version import put_format, read_format, read_stamp
from zencache.metadata.session import open_records
from zencache.metadata.store import MetadataStore
from zencache.model.database import Database
from zencache.util.clock import SystemClock


@pytest.fixture
def old(folder):
    """A project of format 1 in the working folder, and its pipelines."""
    unpack(folder)
    return import_flows(folder)


def settings():
    return Path(".zencache/config.toml").read_text()


def backups():
    return sorted(path.name for path in Path(".zencache/backups").glob("*"))


def artifact(name):
    [found] = Path(".zencache/artifacts", name, "output").glob("*/value.*")
    return found


def statuses(run):
    return {name: done.status for name, done in run.steps.items()}


def raw_store(project=None):
    return MetadataStore(project or open_project(Path.cwd()))


CACHED = dict.fromkeys(("numbers", "total", "told"), "cached")


def test_results_of_an_older_format_are_reused(old):
    """Nothing is computed again because of an upgrade."""
    assert statuses(old.flow().run()) == CACHED


def test_an_upgrade_gives_each_artifact_its_manifest(old):
    """What a run trusts afterwards is what was checked once."""
    old.flow().run()
    for name in ("numbers", "total", "told"):
        assert Manifest.read(artifact(name).parent).difference(artifact(name).parent) is None


def test_what_is_upgraded_can_be_loaded(old):
    """Values are what they were."""
    assert old.flow().run().steps["told"].output.load() == "the total is 10"


def test_plans_of_an_older_store_say_what_a_run_would_do(old):
    """The manifests that a run will give are not missed."""
    assert {p.action for p in old.flow().plan().steps.values()} == {"hit"}


@pytest.mark.parametrize("full", [False, True])
def test_verifying_an_older_store_finds_what_is_damaged_and_misses_no_manifest(old, full):
    """What is not there yet is not wrong; content is compared with the record."""
    assert not [p for p in Repository().verify(full=full).problems if p.kind == "artifact"]
    changed = artifact("told")
    changed.chmod(0o644)
    changed.write_text("the total is 99")
    assert len([p for p in Repository().verify(full=full).problems if p.kind == "artifact"]) == full


def test_reading_leaves_an_older_store_as_it_is(old):
    """Who only looks needs no upgrade, and changes nothing for an older zencache."""
    old.flow().plan()
    assert [run.name for run in Repository().get_runs()] == ["first", "second", "lost"]
    Repository().gc(keep_last=5, dry_run=True)
    assert "format = 1" in settings()
    assert not backups()
    assert read_format(raw_store().client) == 1


@pytest.mark.parametrize(
    "write",
    [
        lambda: Repository().gc(keep_last=5),
        lambda: Repository().verify(repair=True),
        lambda: Repository().pin("first"),
        lambda: Repository().get_run("first").unpin(),
        lambda: Repository().drop(step="told"),
        lambda: Repository().delete_run("first"),
        lambda: Repository().delete_pipeline("flow"),
    ],
)
def test_whatever_writes_upgrades_first(old, write):
    """An older zencache does not know what this one writes."""
    write()
    assert read_format(raw_store().client) == FORMAT
    assert open_project(Path.cwd()).settings.format == FORMAT


def test_the_backup_is_a_whole_store_of_the_older_format(old, folder):
    """Put in its place, it gives the history of before, what was in the journal too."""
    old.flow().run()
    database, _ = backups()
    copy = Path(".zencache/backups", database)
    [[said]] = sqlite3.connect(copy).execute("PRAGMA integrity_check")
    assert said == "ok"
    there = folder / "there"
    unpack(there)
    for left in (there / ".zencache").glob("metadata.db*"):
        left.unlink()
    copy.rename(there / ".zencache" / "metadata.db")
    assert [run.name for run in Repository(there).get_runs()] == ["first", "second", "lost"]
    assert read_format(raw_store(open_project(there)).client) == 1


def test_the_settings_are_backed_up_too(old):
    """With the records one can go back to the older zencache."""
    before = settings()
    old.flow().run()
    assert Path(".zencache/backups", backups()[1]).read_text() == before


def test_only_the_line_of_the_format_changes(old):
    """Comments and settings are the user's."""
    before = settings()
    Path(".zencache/config.toml").chmod(0o640)
    old.flow().run()
    assert settings() == before.replace("format = 1\n", "format = 2\n")
    assert Path(".zencache/config.toml").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("line", ["format=1", "  format  =  1  # of the store", "format = 1\r"])
def test_the_line_of_the_format_may_be_spelled_otherwise(old, folder, line):
    """What follows it stays."""
    file = folder / ".zencache" / "config.toml"
    file.write_bytes(f"# format = 7\n{line}\nworkers = 2\n[cache]\n".encode())
    assert raise_format(file.parent)
    assert file.read_bytes() == f"# format = 7\n{line.replace('1', '2')}\nworkers = 2\n[cache]\n".encode()


def test_a_line_of_the_format_that_is_not_found_is_left_to_the_user(old, folder):
    """Rather nothing than a wrong settings file."""
    file = folder / ".zencache" / "config.toml"
    file.write_text('"format" = 1\n')
    with pytest.raises(SettingsError, match="write `format = 2` in it"):
        raise_format(file.parent)
    assert file.read_text() == '"format" = 1\n'


def test_settings_that_cannot_be_written_do_not_stop_a_run(old, monkeypatch, capsys):
    """A checkout may be read-only: the run says what to write."""

    def fail(file, data):
        raise OSError("Read-only file system")

    monkeypatch.setattr(config, "_replace", fail)
    assert statuses(old.flow().run()) == CACHED
    assert "Read-only file system); write `format = 2` in it" in capsys.readouterr().err


def test_an_upgrade_says_what_it_does(old, capsys):
    """One line before, with the place of the backup; one after; one of the settings."""
    old.flow().run()
    first, second, third, *_ = capsys.readouterr().out.splitlines()
    assert first.startswith("Upgrading the store ")
    assert first.endswith(f"to format 2 (backup: {Path('.zencache/backups', backups()[0]).absolute()}).")
    assert second.startswith("Upgraded the store: 3 artifacts checked and kept")
    assert "Wrote `format = 2`" in third


def test_an_artifact_that_was_changed_gets_no_manifest(old, capsys):
    """It is a miss, with the reason, and not what a run would trust."""
    changed = artifact("told")
    changed.chmod(0o644)
    changed.write_text("the total is 99")
    upgraded = migration.migrate(open_records(open_project(Path.cwd())).metadata, report=print)
    assert (upgraded.manifests, upgraded.left) == (2, 1)
    assert not (changed.parent / MANIFEST).exists()
    told = old.flow().plan().steps["told"]
    assert (told.action, told.reason) == ("run", "the stored output output has no manifest")


def test_an_artifact_that_is_gone_does_not_stop_an_upgrade(old):
    """It is a miss, as before."""
    artifact("told").unlink()
    lines.migrate_if_needed(open_records(open_project(Path.cwd())))
    assert old.flow().plan().steps["told"].action == "run"


class Ordered(PlainMaterializer):
    """Names a value by its items, in whatever order they were written."""

    def digest(self, folder):
        return "".join(sorted(folder.joinpath("value.json").read_text()))


def test_an_artifact_whose_value_is_as_recorded_gets_its_manifest(folder):
    """Some bytes differ though the value is the same; the materializer knows."""
    (folder / "value.json").write_text("[2,1]")
    path = f"{Ordered.__module__}:{Ordered.__qualname__}"
    sys.modules[Ordered.__module__] = sys.modules[__name__]
    assert migration._write_manifest(folder, "".join(sorted("[1,2]")), path)
    assert not migration._write_manifest(folder, "".join(sorted("[1,3]")), path)


class Unreadable(PlainMaterializer):
    """Fails as a library does on a file of another version of it."""

    def digest(self, folder):
        raise TypeError("unknown layer")


def test_a_value_that_nothing_can_read_is_left_as_it_is(folder):
    """Whatever its library raises, the upgrade goes on."""
    (folder / "value.json").write_text("[2,1]")
    sys.modules[Unreadable.__module__] = sys.modules[__name__]
    assert not migration._write_manifest(folder, "0", f"{Unreadable.__module__}:{Unreadable.__qualname__}")


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO])
def test_a_file_that_cannot_be_read_is_left_as_it_is(folder, monkeypatch, number):
    """A full disk, which an upgrade can do nothing without, still ends it."""

    def fail(*_):
        raise OSError(number, "refused")

    monkeypatch.setattr(migration, "add_manifest", fail)
    assert not migration._write_manifest(folder, "0", "")
    number = errno.ENOSPC
    with pytest.raises(StoreUnavailableError):
        migration._write_manifest(folder, "0", "")


def test_a_run_that_no_process_does_any_more_is_marked_as_failed(old, monkeypatch):
    """Format 1 kept no process with a run that goes on; a day without a word is enough."""
    began = raw_store().contexts.find(RUN_CONTEXT, "lost").last_update_time_since_epoch / 1000
    monkeypatch.setattr(SystemClock, "time", lambda _: began + stale_runs.UNOWNED_TIMEOUT.total_seconds() + 1)
    old.flow().run()
    lost = Repository().get_run("lost")
    assert lost.status == "failed"
    assert lost.duration is None
    assert "the process ended before the step did" in lost.steps["killed"].error


@pytest.mark.parametrize("days", [2, 8, 400])
def test_verifying_says_that_a_run_which_names_no_process_has_ended(old, monkeypatch, days):
    """However old it is; repairing marks it as failed."""
    now = raw_store().contexts.find(RUN_CONTEXT, "lost").last_update_time_since_epoch / 1000 + days * 86_400
    monkeypatch.setattr(SystemClock, "time", lambda _: now)
    [problem] = [p for p in Repository().verify().problems if p.kind == "run"]
    assert (problem.run, problem.wrong) == ("lost", "goes on, by its record; but the process has ended")
    assert Repository().verify(repair=True).is_clean
    assert Repository().get_run("lost").status == "failed"


def test_a_run_of_an_older_zencache_may_still_go_on(old, monkeypatch):
    """What was written a short while ago is left to whoever does it."""
    store = raw_store()
    began = store.contexts.find(RUN_CONTEXT, "lost").last_update_time_since_epoch / 1000
    monkeypatch.setattr(SystemClock, "time", lambda _: began + 60)
    lines.migrate_if_needed(open_records(open_project(Path.cwd())))
    assert Repository().get_run("lost").status == "running"


def test_a_store_is_upgraded_once(old, capsys, monkeypatch):
    """The next process asks for the format, and no more."""
    old.flow().run()
    capsys.readouterr()
    asked = Counter()
    call = MetadataClient.__getattr__
    monkeypatch.setattr(
        MetadataClient, "__getattr__", lambda self, name: (asked.update([name]), call(self, name))[1]
    )
    records = open_records(open_project(Path.cwd()))
    lines.migrate_if_needed(records)
    assert asked == {"get_context_by_type_and_name": 1}
    assert len(backups()) == 2
    assert not capsys.readouterr().out


def test_a_new_project_is_of_the_newest_format(folder):
    """Nothing is to be upgraded in what is made now."""
    project = config.create_project(folder)
    assert project.settings.format == FORMAT
    metadata = open_records(project).metadata
    assert (metadata.format, metadata.artifacts.lacks_manifests) == (FORMAT, False)
    assert list(metadata.contexts.types)
    assert read_format(metadata.client) == FORMAT


def test_only_one_of_several_processes_upgrades(old, folder):
    """The others wait, and go on."""
    command = [sys.executable, "-m", "zencache", "migrate"]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    told = [process.communicate()[0] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0]
    assert sum("Upgrading the store" in each for each in told) == 1
    assert len(backups()) == 2


def test_who_waits_for_an_upgrade_says_so(old, monkeypatch):
    """Otherwise a large store looks like a program that hangs."""
    tried = []

    def taken_at_first(path, *, wait=True):
        tried.append(wait)
        return os.open(os.devnull, os.O_RDONLY) if wait else None

    monkeypatch.setattr(migration, "open_locked", taken_at_first)
    said = []
    migration.migrate(raw_store(), report=said.append)
    assert tried == [False, True]
    assert said[0] == "Waiting for another process, which upgrades the store."


def test_without_a_backup_nothing_is_upgraded(old):
    """A backup that cannot be made is told of, and all stays as it is."""
    Path(".zencache/backups").write_text("in the way")
    with pytest.raises(StoreUnavailableError, match="cannot back up"):
        old.flow().run()
    assert "format = 1" in settings()
    assert not (artifact("told").parent / MANIFEST).exists()
    assert read_stamp(raw_store().client) is None


def test_a_colleagues_settings_do_not_hide_that_the_records_are_old(old, folder):
    """Settings are committed, records are not: each has its own number."""
    raise_format(folder / ".zencache")
    assert statuses(old.flow().run()) == CACHED
    assert len(backups()) == 2


def test_the_store_of_a_tfx_pipeline_is_upgraded_too(old, folder):
    """Whichever of a project's stores a run reads."""
    elsewhere = folder / "tfx" / "metadata.db"
    elsewhere.parent.mkdir()
    for file in (folder / ".zencache").glob("metadata.db*"):
        file.rename(elsewhere.with_name(file.name))
    project = open_project(folder).on(Database.at(elsewhere))
    project.remember_database()

    lines.migrate_if_needed(open_records(open_project(folder)))
    assert read_format(raw_store(project).client) == FORMAT
    assert backups()[0].startswith("metadata-format-1-")
    assert {p.action for p in old.flow().plan().steps.values()} == {"hit"}


@pytest.mark.usefixtures("store_url")
def test_records_of_a_newer_format_are_refused(folder):
    """On every kind of store, with what to do."""
    project = config.create_project(folder)
    store = raw_store(project)
    put_format(store.client, store.contexts.types[STORE_CONTEXT], FORMAT + 1)
    with pytest.raises(
        StoreFormatError, match=r"are of format 3; this zencache reads up to 2\. Upgrade zencache"
    ):
        Repository()


def test_a_project_of_a_newer_format_is_refused(folder):
    """Before its records are opened."""
    config.create_project(folder)
    file = folder / ".zencache" / "config.toml"
    file.write_text(file.read_text().replace("format = 2", "format = 3"))
    with pytest.raises(
        StoreFormatError, match=r"is of format 3; this zencache reads up to 2\. Upgrade zencache"
    ):
        Repository()


@pytest.mark.parametrize("kind", ["mysql", "postgresql", "grpc"])
def test_a_server_is_upgraded_only_when_someone_says_that_there_is_a_backup(
    folder, server, monkeypatch, kind
):
    """Of a database server no copy can be made from here."""
    monkeypatch.setenv("ZENCACHE_METADATA_STORE", server(kind))
    project = config.create_project(folder)
    with monkeypatch.context() as patched:
        patched.setattr(
            "zencache.metadata.contexts.put_format", lambda *args: None
        )  # as before there were numbers
        _ = raw_store(project).contexts.types
    records = open_records(project)
    assert records.metadata.format == 1
    with pytest.raises(StoreFormatError, match="back it up, then run `zencache migrate --yes`"):
        lines.migrate_if_needed(records)
    assert lines.migrate(records, without_backup=True).since == 1
    assert read_format(raw_store(project).client) == FORMAT
