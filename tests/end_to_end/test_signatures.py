"""What runs code when it is loaded: only as it was recorded, and, where a project demands it, only signed."""

from __future__ import annotations

import os
import pickle
import socket
import sys
from pathlib import Path
from typing import Any

import apache_beam as beam
import pytest
from blake3 import blake3

from zencache import Output, Repository, pipeline, step
from zencache.artifacts.manifest import Manifest
from zencache.config import Settings, create_project, open_project
from zencache.errors import ArtifactError, CodeUnavailableError, SettingsError
from zencache.metadata.session import open_records
from zencache.pipelines.snapshots import load_step

pytestmark = pytest.mark.tfx

KEY = "a key that the whole team has 01"
OTHER = "a key that somebody else has 02"


class Odd:
    """No materializer stores it."""

    def __init__(self, value: int) -> None:
        self.value = value


class Evil:
    """Leaves a file where it is unpickled."""

    def __reduce__(self) -> Any:
        return (os.mkdir, ("ran",))


@step
def odd(value: int = 1) -> Odd:
    return Odd(value)


@step
def read(odd: Odd) -> int:
    return odd.value


@pipeline
def odds(value: int = 1):
    read(odd(value=value))


@pytest.fixture
def signed(monkeypatch):
    """A project that demands signatures, and its key."""
    monkeypatch.setenv("ZENCACHE_SIGNING_KEY", KEY)
    return create_project(Path.cwd(), Settings(allow_pickle=True, require_signature=True))


def swap(run: Any, data: bytes, *, in_record: bool, signature: str | None = None) -> None:
    """Put other bytes in the place of a pickle, and, if told so, their digest into the record."""
    view = run.steps["odd"].output
    file = view.folder / "value.pkl"
    file.chmod(0o644)
    file.write_bytes(data)
    if in_record:
        client = open_records(open_project(Path.cwd())).metadata.client
        [artifact] = client.get_artifacts_by_id([view.record.id])
        artifact.custom_properties["zencache_digest"].string_value = Manifest.of(view.folder).digest
        artifact.custom_properties["zencache_size"].int_value = len(data)
        if signature is not None:
            artifact.custom_properties["zencache_signature"].string_value = signature
        client.put_artifacts([artifact])


def newest() -> Any:
    return Repository().get_runs()[-1]


def test_a_pickle_that_was_changed_is_never_unpickled():
    """The digest that the record has is that of the bytes that are loaded."""
    create_project(Path.cwd(), Settings(allow_pickle=True))
    run = odds().run()
    swap(run, pickle.dumps(Evil()), in_record=False)
    with pytest.raises(ArtifactError, match="its content changed"):
        newest().steps["odd"].output.load()
    assert not Path("ran").exists()


def test_the_bytes_that_are_checked_are_those_that_are_loaded(monkeypatch):
    """A file that is swapped between the check and the loading is not read again."""
    create_project(Path.cwd(), Settings(allow_pickle=True))
    view = odds().run().steps["odd"].output
    opened: list[Any] = []
    usual = Path.open

    def swapped_for_the_second(file: Path, *args: Any, **kwargs: Any) -> Any:
        if file.name == "value.pkl":
            opened.append(file)
            if len(opened) > 1:
                file.unlink()
                os.link("evil.pkl", file)
        return usual(file, *args, **kwargs)

    Path("evil.pkl").write_bytes(pickle.dumps(Evil()))
    monkeypatch.setattr(Path, "open", swapped_for_the_second)
    assert view.load().value == 1
    assert len(opened) == 1
    assert not Path("ran").exists()


def test_signed_pickles_are_loaded(signed):
    """With the key in the environment nothing changes for the user."""
    odds().run()
    again = odds().run()
    assert [s.status for s in again.steps.values()] == ["cached", "cached"]
    assert again.steps["odd"].output.load().value == 1


def test_a_changed_pickle_with_a_changed_record_is_not_loaded_where_signatures_are_demanded(signed):
    """Who writes files and records cannot sign; nor does the old signature hold for other bytes."""
    run = odds().run()
    old = run.steps["odd"].output.record.signature
    for signature in ("", old, "0" * 64):
        swap(run, pickle.dumps(Evil()), in_record=True, signature=signature)
        with pytest.raises(ArtifactError, match="not signed with this project's key.*ZENCACHE_SIGNING_KEY"):
            newest().steps["odd"].output.load()
    assert not Path("ran").exists()
    again = odds().run()
    assert again.steps["odd"].reason == "the stored output output is not signed with this project's key"
    assert again.steps["odd"].output.load().value == 1


def test_what_was_stored_unsigned_runs_again_where_signatures_are_demanded(monkeypatch):
    """An older result is no hit; it is not lost either."""
    create_project(Path.cwd(), Settings(allow_pickle=True))
    first = odds().run()
    config = Path(".zencache/config.toml")
    config.write_text(config.read_text() + "require_signature = true\n")
    monkeypatch.setenv("ZENCACHE_SIGNING_KEY", KEY)
    again = odds().run()
    assert {n: s.status for n, s in again.steps.items()} == {"odd": "executed", "read": "cached"}
    assert first.steps["odd"].output.folder.exists()


def test_another_key_neither_loads_nor_drops_what_is_there(signed, monkeypatch):
    """A wrong key says nothing of the artifact: with the right one it is a hit still."""
    odds().run()
    monkeypatch.setenv("ZENCACHE_SIGNING_KEY", OTHER)
    with pytest.raises(ArtifactError, match="not signed"):
        newest().steps["odd"].output.load()
    monkeypatch.setenv("ZENCACHE_SIGNING_KEY", KEY)
    assert odds().run().steps["odd"].is_cached


def test_results_are_signed_whenever_there_is_a_key(monkeypatch):
    """A project may demand later what was always written."""
    create_project(Path.cwd(), Settings(allow_pickle=True))
    monkeypatch.setenv("ZENCACHE_SIGNING_KEY", KEY)
    run = odds().run()
    assert len(run.steps["odd"].output.record.signature) == len("2:") + 64
    assert run.steps["read"].output.record.signature == ""


def test_a_missing_key_is_said_before_anything_runs(signed, monkeypatch):
    """A project that demands signatures does not run without the key."""
    monkeypatch.delenv("ZENCACHE_SIGNING_KEY")
    with pytest.raises(SettingsError, match="ZENCACHE_SIGNING_KEY is not set"):
        odds().run()
    assert Repository().get_runs() == []


@pytest.mark.parametrize("key", ["short", "a" * 40, "abababababababababababab"])
def test_a_key_that_can_be_guessed_signs_nothing(monkeypatch, key):
    """At least 16 bytes, and not the same few."""
    monkeypatch.setenv("ZENCACHE_SIGNING_KEY", key)
    with pytest.raises(SettingsError, match="can be guessed"):
        odds().run()


# -- snapshots ----------------------------------------------------------------------------------------


def snapshot() -> tuple[Any, Any, Path]:
    """Run a step that cannot be imported; give its reference, the project and the snapshot's file."""

    @step
    def inner() -> int:
        return 1

    @pipeline
    def local():
        inner()

    code = local().run().spec.steps[0].code
    project = open_project(Path.cwd())
    return code, project, project.snapshots / f"{code.snapshot}.pkl"


def test_a_snapshot_that_was_changed_is_not_loaded():
    """Its name is the digest of its bytes."""
    code, project, file = snapshot()
    file.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(CodeUnavailableError, match="was changed"):
        load_step(code, project)
    assert not Path("ran").exists()


def test_a_snapshot_elsewhere_is_not_loaded():
    """A record that names a file outside of the folder of snapshots is not followed."""
    code, project, file = snapshot()
    data = pickle.dumps(Evil())
    Path("evil.pkl").write_bytes(data)
    for name in ("../../evil", str(Path("evil").absolute()), "../code/" + file.stem):
        with pytest.raises(CodeUnavailableError, match="names a snapshot that is none"):
            load_step(code.replaced(snapshot=name), project)
    assert not Path("ran").exists()


def test_a_planted_snapshot_is_not_loaded_where_signatures_are_demanded(signed):
    """A file that is named by its digest, in a record that names it, needs the signature still."""
    code, project, file = snapshot()
    assert load_step(code, project).name == "inner"
    data = pickle.dumps(Evil())
    name = blake3(data).hexdigest()
    file.with_name(f"{name}.pkl").write_bytes(data)
    for signature in (None, file.with_suffix(".sig").read_text(), "é"):
        if signature is not None:
            file.with_name(f"{name}.sig").write_text(signature)
        with pytest.raises(CodeUnavailableError, match="is not signed"):
            load_step(code.replaced(snapshot=name), project)
    assert not Path("ran").exists()


# -- names and places ---------------------------------------------------------------------------------


def test_a_record_that_leads_out_of_the_artifacts_is_not_followed():
    """An artifact's uri with `..` in it is one that is not there: the step runs again."""
    run = odds_of_plain().run()
    view = run.steps["plain"].output
    Path("elsewhere").mkdir()
    (Path("elsewhere") / "value.json").write_bytes((view.folder / "value.json").read_bytes())
    records = open_records(open_project(Path.cwd()))
    [artifact] = records.metadata.client.get_artifacts_by_id([view.record.id])
    artifact.uri = f"{Path.cwd()}/.zencache/artifacts/../../elsewhere"
    records.metadata.client.put_artifacts([artifact])
    with pytest.raises(ArtifactError, match="is gone"):
        newest().steps["plain"].output.load()
    assert odds_of_plain().run().steps["plain"].status == "executed"


@step
def plain() -> int:
    return 1


@pipeline
def odds_of_plain():
    plain()


def test_names_that_are_accepted_work():
    """Letters of any script, spaces, dots; a run named by a time."""

    @step(name="Δt модель 日本語 r².1")
    def odd_name() -> Output(größe=int, x_2=str):
        return 1, "a"

    @pipeline(name="été-1 pipeline")
    def named():
        odd_name()

    run = named().run(run_name="2024-01-01T00:00:00+00:00")
    [made] = run.steps.values()
    assert {n: view.load() for n, view in made.outputs.items()} == {"größe": 1, "x_2": "a"}
    artifacts = Path(".zencache/artifacts").resolve()
    assert all(view.folder.resolve().is_relative_to(artifacts) for view in made.outputs.values())
    assert Repository().get_pipeline_by_name("e\u0301te\u0301-1 pipeline").name == "été-1 pipeline"


def test_nothing_that_is_written_can_be_written_by_others():
    """Whatever the umask lets through for this user's group, the world writes nothing."""
    before = os.umask(0o022)
    try:
        odds_of_plain().run()
    finally:
        os.umask(before)
    files = [Path(".zencache"), *Path(".zencache").rglob("*")]
    assert not [file for file in files if file.stat().st_mode & 0o022]


def _target(link: Path) -> str:
    """Give what an open file is; one may be closed meanwhile."""
    try:
        return str(link.readlink())
    except OSError:
        return ""


def _listening() -> list[str]:
    """List the addresses on which this process and its parent listen, as Linux tells."""
    processes = (os.getpid(), os.getppid())
    own = {_target(entry) for each in processes for entry in Path(f"/proc/{each}/fd").iterdir()}
    found = []
    for table, family in (("tcp", socket.AF_INET), ("tcp6", socket.AF_INET6)):
        for line in Path(f"/proc/self/net/{table}").read_text().splitlines()[1:]:
            _, address, _, state, *rest = line.split()
            if state == "0A" and f"socket:[{rest[5]}]" in own:
                words = bytes.fromhex(address.partition(":")[0])
                data = b"".join(
                    words[n : n + 4][:: 1 if sys.byteorder == "big" else -1] for n in range(0, len(words), 4)
                )
                found.append(socket.inet_ntop(family, data))
    return found


@step
def addresses(pipeline: beam.Pipeline) -> list:
    with pipeline as p:
        p | beam.Create([1]) | beam.Map(print)
    return _listening()


@pipeline
def listening():
    addresses()


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("kind", ["threads", pytest.param("processes", marks=pytest.mark.slow)])
def test_a_run_listens_on_loopback_alone(kind):
    """Beam's runner and the workers talk among themselves; nobody else can reach them."""
    with socket.create_server(("0.0.0.0", 0)):
        assert "0.0.0.0" in _listening()
    found = listening().run(worker_kind=kind).steps["addresses"].output.load()
    assert set(found) <= {"127.0.0.1", "::1", "::ffff:127.0.0.1"}
    assert found
