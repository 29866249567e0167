"""Artifacts in a remote store: uploads, fetches that resume, and requests that are retried."""

from __future__ import annotations

import dataclasses
import itertools

import pytest

from tests.artifacts.conftest import contents, every, failing, put
from zencache.artifacts.filesystems import file_system
from zencache.artifacts.manifest import MANIFEST, Manifest
from zencache.errors import StoreUnavailableError
from zencache.model.records import ArtifactRecord


def objects(store, record):
    """Give the file system and the paths of an artifact's objects by name."""
    fs, path = store.objects(record.uri).at(record.uri)
    return fs, {found.removeprefix(f"{path}/"): found for found in fs.find(path)}


@pytest.fixture(params=["memory", "s3"])
def store(request, at):
    """A store of each kind, with nothing in it."""
    if request.param == "memory":
        fs = file_system("memory://", {})
        fs.store.clear()
        return at("memory://store/prefix")
    bucket = request.getfixturevalue("s3_bucket")
    return at(
        f"{bucket}/prefix", artifact_store_options={"endpoint_url": request.getfixturevalue("s3_address")}
    )


# -- what is stored is there ------------------------------------------------------------------------


def test_what_was_just_made_is_not_fetched(flaky, at):
    """The step's own copy goes into the read cache."""
    store = at("flaky://store")
    record = put(store)
    with store.reading(record):
        assert flaky.got == []


def test_many_are_asked_for_at_once(store):
    """One request each."""
    good = put(store)
    gone = dataclasses.replace(good, uri=f"{store.root()}/step/out/1")
    assert store.problems([good, gone]) == {good.uri: None, gone.uri: "is missing"}


# -- bad copies -------------------------------------------------------------------------------------


def test_a_bad_copy_here_is_fetched_again(store):
    """What is bad is the copy, not the artifact."""
    record = put(store)
    file = record.folder / "a"
    file.chmod(0o644)
    file.write_bytes(b"ONE")
    with store.reading(record) as folder:
        assert (folder / "a").read_bytes() == b"one"


# -- a network that fails ---------------------------------------------------------------------------


def test_an_upload_that_dies_before_the_manifest_is_no_artifact(flaky, at):
    """All of the content is there, and it is no hit; the next try makes it one."""
    store = at("flaky://store")
    uri = f"{store.root()}/step/out/1"
    flaky.fails.append(failing("pipe", MANIFEST, KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        put(store, uri)
    flaky.fails.clear()
    manifest = Manifest((("a", 3, ""),))
    seen = ArtifactRecord(
        1, "out", uri, store.folder(uri, ""), "Any", "m:M", manifest.digest, 3003, live=True
    )
    assert {name for name, _ in flaky.sent} == {"a", "b"}
    assert store.problem(seen) == "has no manifest"
    assert store.problem(put(store, uri)) is None


@pytest.mark.parametrize("number", [2, 3, 5])
def test_what_a_network_loses_is_tried_again(flaky, at, number):
    """Every so manieth request fails; everything comes through all the same."""
    store, other = at("flaky://store"), at("flaky://store", "there")
    flaky.fails.append(every(number))
    record = put(store)
    assert other.problem(record) is None
    with other.reading(dataclasses.replace(record, folder=other.folder(record.uri, record.digest))) as folder:
        assert Manifest.of(folder).digest == record.digest


def test_only_what_was_lost_is_sent_again(flaky, at):
    """One file is refused twice; the others are sent once."""
    store = at("flaky://store")
    left = iter([True, True])

    def fail(operation, path):
        if operation == "put" and path.endswith("/b") and next(left, False):
            raise TimeoutError("lost")

    flaky.fails.append(fail)
    put(store)
    assert sorted(flaky.sent) == [("a", 3), ("b", 3000)]


def test_an_upload_goes_on_where_another_process_ended(s3_bucket, s3_address, at, monkeypatch):
    """What is there, with the checksum of the file, is not sent again; what was changed meanwhile is."""
    store = at(s3_bucket, artifact_store_options={"endpoint_url": s3_address})
    uri = f"{store.root()}/step/out/1"
    record = put(store, uri)
    fs, names = objects(store, record)
    fs.rm_file(names[MANIFEST])
    fs.pipe_file(names["a"], b"ONE")
    sent = []
    whole = fs.put_file
    monkeypatch.setattr(fs, "put_file", lambda lpath, rpath: (sent.append(rpath), whole(lpath, rpath)))
    assert store.problem(put(store, uri)) is None
    assert sent == [names["a"]]


def test_a_store_that_stays_away_is_one_clear_error(flaky, at):
    """After a bounded number of tries; it names the place and no secret."""
    store = at("flaky://store")
    tries = itertools.count()

    def fail(operation, path):
        next(tries)
        raise ConnectionError("no route to https://me:hunter2@host?sig=hunter3")

    flaky.fails.append(fail)
    with pytest.raises(StoreUnavailableError, match=r"flaky://store/.*after 6 attempts") as error:
        put(store)
    assert next(tries) == 6
    assert "hunter" not in str(error.value)
    assert not any(store.project.work.iterdir())


def test_what_waiting_does_not_mend_is_not_tried_again(flaky, at):
    """Rights, and wrong calls."""
    store = at("flaky://store")
    flaky.fails.append(every(1, PermissionError("forbidden")))
    with pytest.raises(StoreUnavailableError, match="trying again would not help: PermissionError"):
        put(store)


# -- a fetch that was cut off -----------------------------------------------------------------------


@pytest.fixture
def small_parts(monkeypatch):
    monkeypatch.setattr("zencache.artifacts.object_store.PART", 1000)


def test_a_fetch_goes_on_where_it_was_cut_off(flaky, at, small_parts):
    """Whole files and the part of one that is there are not fetched again: bytes are counted."""
    record = put(at("flaky://store"))
    other = at("flaky://store", "there")
    record = dataclasses.replace(record, folder=other.folder(record.uri, record.digest))
    count = itertools.count(1)

    def fail(operation, path):
        if path.endswith("/b") and next(count) > 2:
            raise ConnectionResetError("cut off")

    flaky.fails.append(fail)
    with pytest.raises(StoreUnavailableError), other.reading(record):
        pass
    assert not record.folder.exists()
    flaky.fails.clear()
    with other.reading(record) as folder:
        assert Manifest.of(folder).digest == record.digest
    fetched = [each for each in flaky.got if each[0] != MANIFEST]
    assert sorted(fetched) == [("a", 3), ("b", 1000), ("b", 1000), ("b", 1000)]


def test_what_a_cut_off_fetch_left_is_not_trusted(flaky, at, small_parts):
    """A part that is wrong, or longer than the file, is fetched from its start."""
    record = put(at("flaky://store"))
    for machine, left in (("one", b"xyz"), ("two", b"x" * 5000), ("three", b"two" * 1000)):
        other = at("flaky://store", machine)
        mine = dataclasses.replace(record, folder=other.folder(record.uri, record.digest))
        partial = mine.folder.with_name(f"{mine.folder.name}.partial")
        (partial / "deep").mkdir(parents=True)
        (partial / "deep" / "b").write_bytes(left)
        (partial / "of another").write_bytes(b"")
        with other.reading(mine) as folder:
            assert contents(folder).keys() == {"a", "deep/b", MANIFEST}
            assert Manifest.of(folder).digest == record.digest
