"""Pipelines whose steps write files beside their results: what is reused is what lies in the folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from zencache import CachePolicy, pipeline, step

pytestmark = pytest.mark.tfx


@step
def prep(v: int) -> str:
    Path("data.csv").write_text(str(v))
    return "data.csv"


@step
def use(path: str) -> int:
    return int(Path(path).read_text())


@pipeline
def handed_on(v: int):
    use(prep(v))


@step(cache=CachePolicy(writes="restore"))
def kept(v: int) -> str:
    Path("kept.csv").write_text(str(v))
    return "kept.csv"


@pipeline
def restored(v: int):
    use(kept(v))


@step
def silent(v: int) -> None:
    Path("silent.csv").write_text(str(v))


@step
def reader() -> int:
    return int(Path("silent.csv").read_text())


@pipeline
def unconnected(v: int):
    silent(v)
    reader()


@dataclass
class Files:
    model: Path
    others: dict[str, Path]


@step
def files(v: int) -> Files:
    for name in ("a.txt", "b.txt"):
        Path(name).write_text(f"{name} {v}")
    return Files(Path("a.txt"), {"b": Path("b.txt"), "none": Path("none.txt")})


@step
def texts(of: Files) -> list[str]:
    return [of.model.read_text(), of.others["b"].read_text(), str(of.others["none"])]


@pipeline
def in_containers(v: int):
    texts(files(v))


def statuses(run):
    return [each.status for each in run.steps.values()]


def test_a_step_whose_file_was_replaced_runs_again_and_its_reader_is_reused(folder):
    runs = [handed_on(v).run() for v in (1, 2, 1)]
    assert [run.steps["use"].output.load() for run in runs] == [1, 2, 1]
    assert statuses(runs[2]) == ["executed", "cached"]
    assert runs[2].steps["prep"].reason == "data.csv, which it wrote, is not as it left it"
    assert handed_on(1).plan().all_hits
    Path("data.csv").unlink()
    assert handed_on(1).plan().steps["prep"].reason == "data.csv, which it wrote, is not there any more"


def test_a_kept_copy_is_put_back(folder):
    runs = [restored(v).run() for v in (1, 2)]
    planned = restored(1).plan().steps["kept"]
    assert (planned.action, planned.reason.split("; ")[1]) == (
        "wait",
        "kept.csv, which it wrote, is put back",
    )
    runs.append(restored(1).run())
    assert [run.steps["use"].output.load() for run in runs] == [1, 2, 1]
    assert statuses(runs[2]) == ["cached", "cached"]
    assert Path("kept.csv").read_text() == "1"


def test_a_reader_that_takes_no_result_runs_after_the_writer_from_then_on(folder, capfd):
    runs = [unconnected(v).run(workers=1 if v == 1 else 2) for v in (1, 2)]
    assert [run.steps["reader"].output.load() for run in runs] == [1, 2]
    assert capfd.readouterr().err.count("step reader reads silent.csv, which step silent writes") == 1
    planned = unconnected(3).plan().steps["reader"]
    assert planned.reason.endswith("for silent, which was seen to write what it reads")


def test_paths_in_containers_keep_their_content(folder):
    runs = [in_containers(v).run() for v in (1, 2, 1)]
    assert runs[2].steps["texts"].output.load() == ["a.txt 1", "b.txt 1", "none.txt"]
    assert statuses(runs[2]) == ["cached", "cached"]


def test_steps_in_worker_processes_count_their_files(folder):
    run = handed_on(5).run(worker_kind="processes")
    assert statuses(run) == ["executed", "executed"]
    Path("data.csv").write_text("6")
    assert handed_on(5).plan().steps["prep"].action == "run"
