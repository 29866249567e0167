"""Makes `store-format-1.zip`: a project as the last code that wrote format 1 left it (commit c3e1a38).

    git worktree add --detach /tmp/format-1 c3e1a38
    PYTHONPATH=/tmp/format-1 python tests/data/make_store_format_1.py tests/data/store-format-1.zip

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
import os
import signal

from zencache import pipeline, step


@step
def numbers(size: int) -> list:
    return list(range(size))


@step
def total(values: list) -> int:
    return sum(values)


@step
def told(value: int) -> str:
    return f"the total is {value}"


@step
def killed(values: list) -> int:
    os.kill(os.getpid(), signal.SIGKILL)


@pipeline
def flow(size: int = 5):
    told(total(numbers(size=size)))


@pipeline
def broken(size: int = 5):
    killed(numbers(size=size))
"""
CONFIG = "# Ours: two workers are enough.\nworkers = 2  # the laptop's\n"


def main(target: Path) -> None:
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made, "project")
        folder.mkdir()
        (folder / "flows.py").write_text(FLOW)
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), os.environ["PYTHONPATH"]])}

        def run(source: str, code: int = 0) -> None:
            done = subprocess.run(
                [sys.executable, "-B", "-c", source], cwd=folder, env=environment, check=False
            )
            assert done.returncode == code, done.returncode

        run(
            "from zencache.config import FORMAT, create_project; assert FORMAT == 1; "
            "create_project(__import__('pathlib').Path.cwd())"
        )
        with (folder / ".zencache" / "config.toml").open("a") as file:
            file.write(CONFIG)
        run("import flows; flows.flow().run(run_name='first'); flows.flow().run(run_name='second')")
        run("import flows; flows.broken().run(run_name='lost')", -9)
        pack(folder, target)


def pack(folder: Path, target: Path) -> None:
    shutil.rmtree(folder / "__pycache__", ignore_errors=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as packed:
        for path in sorted(folder.rglob("*")):
            packed.write(path, path.relative_to(folder))
    print(f"{target}: {target.stat().st_size} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
