"""Makes `store-format-2.zip`: a project as release 0.1.0 leaves it, before its modules were moved (commit
4eef41c).

    git worktree add --detach /tmp/format-2 4eef41c
    PYTHONPATH=/tmp/format-2 python tests/data/make_store_format_2.py tests/data/store-format-2.zip

Its steps use nothing but Python's own types: a key has the versions of the packages that a step reaches.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

FLOW = """\
from dataclasses import dataclass
from pathlib import Path

from zencache import BaseParameters, CachePolicy, Output, StepContext, pipeline, step
from zencache.steps import BaseStep

FACTOR = 2


@dataclass(frozen=True)
class Summary:
    total: float
    names: tuple[str, ...]


class Options(BaseParameters):
    rate: float = 0.5


def scaled(values):
    return [value * FACTOR for value in values]


@step
def numbers(size: int = 3) -> Output(rows=list, sizes=dict):
    return scaled(range(size)), {"size": size}


@step(cache=CachePolicy(version="2", files=("names.txt",)))
def named(params: Options, rows: list) -> Summary:
    return Summary(sum(rows) * params.rate, tuple(Path("names.txt").read_text().split()))


@step(enable_cache=True)
def noted(context: StepContext, summary: Summary) -> str:
    Path(context.get_output_artifact_uri(), "note.txt").write_text("a file beside the value")
    return f"{summary.total} {' '.join(summary.names)}"


class Counted(BaseStep):
    def entrypoint(self, sizes: dict) -> int:
        return self.count(sizes)

    def count(self, sizes):
        return len(sizes)


@step
def fails(rows: list) -> int:
    raise ConnectionError("no answer")


@pipeline
def flow(size: int = 3):
    rows, sizes = numbers(size=size)
    noted(named(Options(), rows))
    Counted()(sizes)


@pipeline
def failing():
    rows, _ = numbers()
    fails(rows)
"""
SCRIPT = """\
from flows import numbers
from zencache import pipeline, step


@step
def largest(rows: list) -> int:
    return max(rows)


@pipeline
def scripted():
    rows, _ = numbers()
    largest(rows)


scripted().run(run_name="scripted")
"""
RUNS = """\
from contextlib import suppress

import flows
from zencache import Repository

flows.flow().run(run_name="first")
flows.flow().run(run_name="cached")
flows.flow(size=4).run(run_name="four")
with suppress(ConnectionError):
    flows.failing().run(run_name="failed")
Repository().get_pipeline_by_name("flow").copy("copied").run(run_name="copied")
Repository().pin("first", "in the paper")
"""


def main(target: Path) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made, "project")
        folder.mkdir()
        (folder / "flows.py").write_text(FLOW)
        (folder / "script.py").write_text(SCRIPT)
        (folder / "names.txt").write_text("ada grace\n")
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), os.environ["PYTHONPATH"]])}
        for arguments in (["-m", "zencache", "init"], ["-c", RUNS], ["script.py"]):
            subprocess.run([sys.executable, "-B", *arguments], cwd=folder, env=environment, check=True)
        pack(folder, target)


def pack(folder: Path, target: Path) -> None:
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    for name in ("installed.json", "digests.db"):  # what is remembered of the machine
        (folder / ".zencache" / name).unlink(missing_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in sorted(folder.rglob("*")):
            packed.write(path, path.relative_to(folder))
    print(f"{target}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
