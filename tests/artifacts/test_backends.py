"""The contract of artifact backends, which each of them inherits: folders, stores in memory, one that fails,
and S3."""

from __future__ import annotations

import dataclasses
import uuid
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from tests.artifacts.conftest import contents, every, fill, put, writable
from zencache.artifacts.integrity import Damage, unchecked
from zencache.artifacts.manifest import MANIFEST, Manifest
from zencache.artifacts.ownership import OwnedRoots
from zencache.errors import ArtifactError


class BackendContract:
    """What holds of every backend. A subclass gives `store`, and `files`: its file system and an artifact's
    files."""

    @pytest.fixture
    def store(self, at):
        raise NotImplementedError

    def options(self, store):
        return {"artifact_store_options": store.project.settings.artifact_store_options}

    def files(self, store, record):
        """Give the file system, and the paths of an artifact's files by name."""
        fs, path = store.objects(record.uri).at(record.uri)
        return fs, {name.removeprefix(f"{path}/"): name for name in fs.find(path)}

    def write(self, store, record, name, data):
        """Change a file behind the records."""
        fs, path_by_name = self.files(store, record)
        fs.pipe_file(path_by_name[name], data)
        store.cache.discard(record.digest)

    def remove(self, store, record, *names):
        """Remove files behind the records: all without names."""
        fs, path_by_name = self.files(store, record)
        for name in names or path_by_name:
            fs.rm_file(path_by_name[name])
        store.cache.discard(record.digest)

    def test_what_is_put_is_whole_and_comes_back_on_another_machine(self, store, at):
        """The same bytes, read-only, with empty folders."""
        record = put(store)
        other = at(store.project.artifact_store, "there", **self.options(store))
        record = dataclasses.replace(record, folder=other.folder(record.uri, record.digest))
        assert other.problem(record) is None
        with other.reading(record) as folder:
            assert folder == record.folder
            assert contents(folder).keys() == {"a", "deep/b", MANIFEST}
            assert Manifest.of(folder) == Manifest.read(folder)
            assert (folder / "empty").is_dir()
            assert (folder / "deep" / "b").stat().st_mode & 0o222 == 0

    def test_the_bytes_of_the_manifest_are_the_same_everywhere(self, store):
        """Machines that use other backends, and other versions of zencache, read it."""
        fs, path_by_name = self.files(store, put(store))
        assert fs.cat_file(path_by_name[MANIFEST]) == (
            b'{"digest":"c30ea1cb4928f2e0041887ba41bce621a79fc990878442eab3ce85180bd2c1c7","files":[["a",3,'
            b'"d33fb48ab5adff269ae172b29a6913ff04f6f266207a7a8e976f2ecd571d4492"],["deep/b",3000,'
            b'"cb3a9672bbe78ec61ba6f80db7ff71cd6c49076eb8c7f1813167c4ba902e5f7a"]],'
            b'"folders":["empty"],"format":"zencache-manifest/1"}\n'
        )

    def test_what_a_step_wrote_itself_becomes_part_of_it(self, store):
        """It writes plain files into a folder of this machine."""
        uri = f"{store.root()}/step/out/1"
        work = store.work(uri)
        work.mkdir(parents=True, exist_ok=True)
        (work / "note").write_text("by the step")
        record = put(store, uri)
        assert not store.project.work.exists() or not any(store.project.work.iterdir())
        with store.reading(record) as folder:
            assert contents(folder).keys() == {"a", "deep/b", "note", MANIFEST}

    def test_a_failure_while_writing_leaves_nothing(self, store):
        """The place is as it was."""
        uri = f"{store.root()}/step/out/1"

        def broken(folder):
            fill(folder)
            raise RuntimeError("in the middle")

        with pytest.raises(RuntimeError, match="in the middle"):
            store.put(uri, broken)
        record = dataclasses.replace(put(store), uri=uri, folder=store.folder(uri, "0" * 64))
        assert store.problem(record).startswith("is missing")
        assert store.undeleted([record]) == set()

    def test_another_artifact_at_the_place_does_not_become_part_of_a_new_one(self, store):
        """Where records begin anew, the numbers of executions come again."""
        uri = f"{store.root()}/step/out/1"
        put(store, uri)
        record = put(store, uri, fill=lambda folder: (folder / "a").write_bytes(b"new"))
        assert store.problem(record) is None
        assert self.files(store, record)[1].keys() == {"a", MANIFEST}

    @pytest.mark.parametrize(
        ("name", "data", "problem", "changed"),
        [
            ("a", b"ONE", None, "a: its content changed"),
            ("deep/b", b"two", "is missing or damaged", "deep/b has 3 bytes, not 3000"),
            ("a", None, "is missing or damaged", "a is missing"),
            (MANIFEST, b"{}", None, "cannot be used: it is not of the format"),
        ],
        ids=["swapped", "shorter", "removed", "manifest"],
    )
    def test_what_is_damaged_is_never_served(self, store, name, data, problem, changed):
        """A look finds what sizes tell; a reader finds the rest, each time."""
        record = put(store)
        if data is None:
            self.remove(store, record, name)
        else:
            self.write(store, record, name, data)
        assert store.problem(record) == problem
        assert store.damage(record, unchecked, full=True).is_certain
        for _ in range(2):
            with pytest.raises(ArtifactError, match=changed), store.reading(record):
                pass

    def test_what_is_gone_is_missing(self, store):
        """For a look, a check and a reader."""
        record = put(store)
        self.remove(store, record)
        store.delete_all([record])
        assert store.problem(record).startswith("is missing")
        assert store.damage(record, unchecked, full=True) == Damage("is missing")
        with pytest.raises(ArtifactError, match="is gone from"), store.reading(record):
            pass
        with pytest.raises(ArtifactError, match="is gone from"):
            store.read_into_memory(record)

    def test_without_its_manifest_nothing_is_an_artifact(self, store):
        """It is written last."""
        record = put(store)
        self.remove(store, record, MANIFEST)
        assert store.problem(record) == "has no manifest"
        assert store.damage(record, unchecked, full=False) == Damage("has no manifest")

    def test_files_and_manifest_that_were_swapped_together_are_not_served(self, store):
        """The record has the last word."""

        def fill_other(folder):
            fill(folder)
            (folder / "a").write_bytes(b"ONE")

        record, other = put(store), put(store, fill=fill_other)
        fs, path_by_name = self.files(store, other)
        data_by_name = {name: fs.cat_file(path) for name, path in path_by_name.items()}
        for name, data in data_by_name.items():
            self.write(store, record, name, data)
        assert store.damage(record, unchecked, full=True) == Damage("its content changed")
        with pytest.raises(ArtifactError, match="its content changed"), store.reading(record):
            pass

    def test_what_is_whole_has_no_damage_and_a_check_keeps_nothing(self, store):
        """Every byte is read; the read cache stays empty."""
        record = put(store)
        store.cache.discard(record.digest)
        assert store.damage(record, unchecked, full=True) is None
        assert not store.project.read_cache.exists() or not any(store.project.read_cache.iterdir())

    def test_a_value_is_compared_where_the_bytes_do_not_decide(self, store):
        """A materializer's digest is what was recorded."""
        uri = f"{store.root()}/step/out/1"
        stored = store.put(uri, fill, lambda folder: "value 1")
        record = dataclasses.replace(put(store), uri=uri, folder=stored.folder, digest=stored.digest)
        assert stored.digest == "value 1"
        assert store.damage(record, lambda folder: "value 1", full=True) is None
        assert store.damage(record, lambda folder: "value 2", full=True) == Damage("its content changed")
        with store.reading(record, lambda folder: "value 1") as folder:
            assert (folder / "a").read_bytes() == b"one"

    def test_what_cannot_be_compared_here_is_not_called_damaged(self, store):
        """Its materializer does not work on this machine."""

        def broken(folder):
            raise ImportError("no such package")

        record = dataclasses.replace(put(store), digest="value 1")
        damage = store.damage(record, broken, full=True)
        assert not damage.is_certain
        assert "m:M cannot be used here" in damage.wrong

    def test_what_runs_code_is_read_into_memory_and_compared(self, store):
        """The very bytes that are loaded were compared; the manifest is none of them."""
        record = put(store)
        assert store.read_into_memory(record) == {"a": b"one", "deep/b": b"two" * 1000}
        self.write(store, record, "a", b"ONE")
        with pytest.raises(ArtifactError, match="its content changed"):
            store.read_into_memory(record)

    def test_a_damaged_copy_is_kept_in_quarantine(self, store):
        """Its bytes may be all that is left of a result; nothing finds them there."""
        record = put(store)
        place = store.quarantine(record)
        assert "/.quarantine/" in place
        assert place.startswith(store.place(store.root()).rpartition("/")[0])
        store.cache.discard(record.digest)
        assert store.problem(record).startswith("is missing")
        moved = dataclasses.replace(record, uri=place, folder=store.folder(place, record.digest))
        with store.reading(moved) as folder:
            assert (folder / "a").read_bytes() == b"one"
        assert store.quarantine(record) is None

    def test_what_blocks_a_new_artifact_can_be_moved(self, store):
        """After that the same artifact can be put there again."""
        record = put(store)
        self.remove(store, record, MANIFEST)
        if store.blocks_put(record):
            store.quarantine(record)
        assert not store.blocks_put(record)
        assert store.problem(put(store, record.uri)) is None

    def test_what_is_deleted_is_gone(self, store):
        """Twice is as good as once; others stay."""
        first, second, third = (put(store) for _ in range(3))
        assert store.undeleted([first, second, third]) == {first.uri, second.uri, third.uri}
        store.delete_all([first, second])
        store.delete_all([first, second])
        assert store.undeleted([first, second, third]) == {third.uri}
        assert store.problem(third) is None

    def test_what_is_asked_for_at_once_is_answered_as_one_by_one(self, store):
        """Where it is answered at all."""
        good, gone = put(store), put(store)
        self.remove(store, gone)
        problem_by_uri = store.problems([good, gone])
        for record in (good, gone):
            assert problem_by_uri.get(record.uri, store.problem(record)) == store.problem(record)

    def test_each_run_has_a_root_of_its_own_which_the_project_owns(self, store):
        """Others, who use the same place, count their executions from 1 too."""
        record = put(store)
        root = store.root()
        assert root != store.root()
        owned = OwnedRoots.of(store.project)
        place = store.place(record.uri)
        assert owned.run_root(place) == place.removesuffix("/step/out/1")
        assert owned.is_made_by(place, 1)
        assert not owned.is_made_by(place, 2)
        assert not owned.is_made_by(f"{place}/../1", 1)

    def test_a_place_has_one_spelling(self, store):
        """Records are compared by it."""
        record = put(store)
        assert store.place(f"{record.uri}/") == store.place(record.uri)
        assert store.place(store.place(record.uri)) == store.place(record.uri)

    def test_components_of_tfx_have_a_root_that_they_can_write_to(self, store):
        """On this machine: their file systems reach no other."""
        root = store.root_for_components(store.root())
        assert Path(root).is_absolute()
        here = dataclasses.replace(put(store), uri=f"{root}/step/out/1")
        assert store.problem_for_components(here) is None

    def test_the_size_of_what_is_stored_is_that_of_its_files(self, store):
        """As recorded where measuring means asking."""
        record = put(store)
        assert store.stored_size(store.place(record.uri), record.size) >= record.size

    def test_an_artifact_with_a_manifest_needs_none_from_a_migration(self, store):
        """Formats without manifests are of this machine's folders."""
        assert store.folder_without_manifest(put(store).uri) is None


class TestSharedFolder(BackendContract):
    """A folder that the artifact store's setting names."""

    @pytest.fixture
    def store(self, at, tmp_path):
        return at(str(tmp_path / "mnt"))

    def files(self, store, record):
        fs, path = fsspec.filesystem("file"), str(record.folder)
        return fs, {name.removeprefix(f"{path}/"): name for name in fs.find(path)}

    def write(self, store, record, name, data):
        for path in (*record.folder.rglob("*"), record.folder):
            writable(path)
        super().write(store, record, name, data)


class TestFolderUrl(TestSharedFolder):
    """The same, written as a URL."""

    @pytest.fixture
    def store(self, at, tmp_path):
        return at(f"file://{tmp_path}/mnt")


class TestMemory(BackendContract):
    """A store in this process."""

    @pytest.fixture
    def store(self, at):
        return at(f"memory://{uuid.uuid4().hex}/prefix")


class TestFailingRequests(BackendContract):
    """A store of which every third request fails: retries make up for it."""

    @pytest.fixture
    def store(self, at, flaky):
        flaky.fails.append(every(3))
        return at("flaky://store/prefix")

    def files(self, store, record):
        fs, path = store.objects(record.uri).at(record.uri)
        return Direct(fs), {name.removeprefix(f"{path}/"): name for name in MemoryFileSystem.find(fs, path)}


class Direct:
    """The objects of the failing store, by requests that do not fail."""

    def __init__(self, fs):
        self._fs = fs

    def cat_file(self, path):
        return MemoryFileSystem.cat_file(self._fs, path)

    def pipe_file(self, path, data):
        MemoryFileSystem.pipe_file(self._fs, path, data)

    def rm_file(self, path):
        MemoryFileSystem.rm_file(self._fs, path)


class TestS3(BackendContract):
    """A bucket of a server that speaks S3."""

    @pytest.fixture
    def store(self, at, s3_bucket, s3_address):
        return at(f"{s3_bucket}/prefix", artifact_store_options={"endpoint_url": s3_address})
