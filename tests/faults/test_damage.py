"""Artifacts that something changed behind the records: never served, made anew where they are needed, and
kept aside."""

from __future__ import annotations

import json
import shutil
import stat
from pathlib import Path
from typing import Annotated

import pytest

from zencache import Repository, pipeline, step
from zencache.artifacts.manifest import MANIFEST
from zencache.errors import ArtifactError, RunInterruptedError, StepFailedError, StoreUnavailableError
from zencache.execution import execute_step
from zencache.metadata.publish import ResultStore

pytestmark = [pytest.mark.tfx]


@step
def numbers(size: int) -> list:
    return list(range(size))


@step
def doubled(values: list) -> list:
    return [2 * value for value in values]


@step
def total(values: list, factor: int) -> int:
    return sum(values) * factor


@step
def longest(values: list, factor: int) -> int:
    return len(values) * factor


@pipeline
def summing(factor: int = 1):
    values = doubled(numbers(size=10))
    total(values, factor=factor)
    longest(values, factor=factor)


def writable(path: Path) -> Path:
    path.chmod(stat.S_IMODE(path.stat().st_mode) | 0o200)
    return path


def content(folder: Path) -> Path:
    [found] = [path for path in folder.iterdir() if path.name != MANIFEST]
    return found


def swap_bytes(folder):
    """Other content, of the same size."""
    file = writable(content(folder))
    file.write_bytes(bytes(reversed(file.read_bytes())))


def swap_with_manifest(folder):
    """Other content, and a manifest that agrees with it."""
    swap_bytes(folder)
    from zencache.artifacts.manifest import Manifest

    writable(folder / MANIFEST).write_bytes(Manifest.of(folder).to_json())


def truncate(folder):
    file = writable(content(folder))
    file.write_bytes(file.read_bytes()[:-3])


def flip_a_bit(folder):
    file = writable(content(folder))
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)


def add_a_file(folder):
    (folder / "added").write_text("x")


def remove_the_file(folder):
    content(folder).unlink()


def remove_the_folder(folder):
    shutil.rmtree(folder)


def remove_the_manifest(folder):
    (folder / MANIFEST).unlink()


def garble_the_manifest(folder):
    writable(folder / MANIFEST).write_text(json.dumps({"format": "other"}))


DAMAGES = [
    swap_bytes,
    swap_with_manifest,
    truncate,
    flip_a_bit,
    add_a_file,
    remove_the_file,
    remove_the_folder,
    remove_the_manifest,
    garble_the_manifest,
]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("broken", [("doubled",), ("numbers", "doubled")])
def test_a_run_makes_damaged_results_anew(damage, broken, capsys):
    """Whatever was done to them, and how deep: the run ends with what it would have given without the
    damage."""
    first = summing().run()
    for name in broken:
        damage(first.steps[name].output.folder)
    run = summing(factor=3).run()
    assert run.steps["total"].output.load() == 270
    assert run.steps["longest"].output.load() == 30
    assert run.steps["doubled"].status == "executed"
    assert run.status == "completed"
    assert run.steps["doubled"].output.load() == [2 * n for n in range(10)]
    assert [s.status for s in summing(factor=3).run().steps.values()] == ["cached"] * 4
    found = Repository().get_run(run.name)
    assert found.steps["doubled"].outputs["output"].digest == first.steps["doubled"].outputs["output"].digest


def test_the_event_is_told_and_the_bad_copy_kept(capsys):
    """What was damaged, how, and where its bytes are now; nothing is deleted."""
    first = summing().run()
    swap_bytes(first.steps["doubled"].output.folder)
    bad = content(first.steps["doubled"].output.folder).read_bytes()
    capsys.readouterr()
    summing(factor=2).run()
    printed = capsys.readouterr().err
    assert "Note: the result of step doubled is damaged and computed again: the artifact output" in printed
    assert "its content changed" in printed
    assert any(
        f.read_bytes() == bad for f in Path(".zencache/artifacts/.quarantine").rglob("*") if f.is_file()
    )


@pytest.mark.slow
def test_worker_processes_mend_as_threads_do():
    """Who reads the damaged copy does not matter."""
    first = summing().run()
    swap_bytes(first.steps["doubled"].output.folder)
    run = summing(factor=2).run(worker_kind="processes")
    assert run.steps["total"].output.load() == 180
    assert run.steps["doubled"].status == "executed"


def test_what_damages_itself_again_and_again_ends_with_one_error():
    """A store that changes what is written fails the run; it does not go on for ever."""

    @step
    def spoiled() -> list:
        return [1, 2, 3]

    @step
    def spoiling(values: list) -> int:
        return sum(values)

    @pipeline
    def endless():
        spoiling(spoiled())

    endless().run()
    from zencache.execution import value_io

    real = value_io.read

    def broken(artifact, project):
        if artifact.value_type == "list" and artifact.folder.exists():
            swap_bytes(artifact.folder)
        return real(artifact, project)

    patch = pytest.MonkeyPatch()
    patch.setattr(value_io, "read", broken)
    try:
        with pytest.raises(ArtifactError, match="its content changed"):
            endless().run(enable_cache=False)
    finally:
        patch.undo()
    assert endless().run().steps["spoiling"].output.load() == 6


def test_loading_a_damaged_result_raises_and_the_next_run_makes_it_anew():
    """Outside of a run nothing can be made anew: the error says what to do."""
    run = summing().run()
    swap_bytes(run.steps["total"].output.folder)
    with pytest.raises(ArtifactError, match="run the pipeline again to recompute it"):
        run.steps["total"].output.load()
    assert summing().run().steps["total"].output.load() == 90


@step
def halves() -> tuple[Annotated[int, "first"], Annotated[int, "second"]]:
    return 12, 21


@step
def sum_of(one: int, other: int, factor: int) -> int:
    return (one + other) * factor


@pipeline
def in_halves(factor: int = 1):
    sum_of(*halves(), factor=factor)


@pytest.mark.parametrize("output", ["first", "second"])
def test_one_of_two_results_that_a_step_reads_is_made_anew(output):
    """Whichever of them is damaged, the same run mends it."""
    run = in_halves().run()
    swap_bytes(run.steps["halves"].outputs[output].folder)
    assert in_halves(factor=2).run().steps["sum_of"].output.load() == 66


def test_a_step_that_cannot_be_mended_tells_why(monkeypatch):
    """Not that its input is damaged: that is known, and run again would end the same."""
    run = in_halves().run()
    swap_bytes(run.steps["halves"].outputs["first"].folder)

    def away(*_, **__):
        raise StoreUnavailableError("the server is away")

    monkeypatch.setattr(ResultStore, "withdraw", away)
    with pytest.raises(StepFailedError, match="the server is away"):
        in_halves(factor=2).run()


def test_ctrl_c_while_a_step_waits_ends_the_run_as_interrupted(monkeypatch):
    """It may reach the run between two steps, or while another run computes what this one needs."""

    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(execute_step, "_reuse_or_compute", interrupted)
    with pytest.raises(RunInterruptedError):
        in_halves().run()
    assert Repository().get_runs()[-1].status == "interrupted"
