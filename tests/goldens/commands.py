"""Commands of the command line, in the order in which they are given in a project that has lived."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from tests.goldens.code import Code

READING = """
version
pipeline list
pipeline show prices
pipeline show kinds
pipeline show price
pipeline versions prices
pipeline versions prices-replaced
pipeline diff prices 1 1
pipeline diff prices 1 9
run list
run list --pipeline prices
run show first
run show failed
run show killed
run show retried
run show mixed
run show seven
run show frist
explain last scale
explain last scale --all
explain other-parameters scale --code
explain kinds-other split
explain remade scale
explain last nothing
plan shop.py:prices
plan shop:prices --set factor=9
plan shop.py:prices --set factor=9 --code
plan shop.py:prices --no-cache
plan shop.py:price
plan shop.py:prices --set factor
plan nothing.py:prices
plan shop.py:kinds_pipeline
tfx plan components.py:native
tfx plan components.py:native --set rate=0.75 --code
migrate --dry-run
migrate
cache size
cache verify
cache verify --full
cache audit --sample 2 --seed 1 --pipeline prices
cache audit --sample 1 --step nothing
nothing
cache gc --older-than nonsense
"""
WRITING = """
tfx run components.py:native --name by-command --store project
tfx run components.py:native --set rate=0.75 --name by-command-too
tfx import
compat run older.py one two
compat run raises.py
run pin first --why paper
run show first
run delete first
run unpin first
run delete part copied --dry-run
run delete part copied
run delete part copied --yes
run show part
pipeline delete prices-replaced --dry-run
pipeline delete prices-replaced --yes
pipeline delete prices-replaced --yes
cache drop
cache drop --step scale --pipeline prices --dry-run
cache drop --step scale --pipeline prices
cache drop --key 0123
cache drop --key 01234567
cache drop --older-than 2w
cache drop --pipeline price
cache gc
cache gc --keep-last 1 --dry-run
cache gc --keep-last 1
cache gc --max-size 1
cache size
run list
"""
DAMAGED = """
cache verify
cache verify --full
cache verify --full --repair
cache verify --full
"""
EDITED = """
plan shop.py:prices
plan shop.py:prices --code
compat run edited.py
explain edited scale
explain edited scale --code
pipeline diff prices 1 1
run show edited
"""
OUTSIDE = """
run list
cache size
init
init
run list
pipeline list
cache size
cache verify
init nowhere
"""
OLDER = """\
import sys

from zenml.pipelines import pipeline
from zenml.steps import Output, step

print(sys.argv)


@step
def load() -> Output(rows=list, count=int):
    return [1, 2], 2


@pipeline
def older(load):
    load()


older(load=load()).run(run_name="older", workers=1)
"""
RUN = """\
import shop

shop.prices().run(run_name="edited", workers=1)
"""


def commands(code: Code, project: Path) -> Iterator[str]:
    """Give what each command prints, and its exit code."""
    (project / "older.py").write_text(OLDER)
    (project / "raises.py").write_text("def fail():\n    raise ValueError('no')\n\n\nfail()\n")
    (project / "edited.py").write_text(RUN)
    yield from _given(READING, code, project)
    yield from _given(WRITING, code, project)
    for file in sorted((project / ".zencache" / "artifacts" / "load").rglob("array.npy")):
        file.write_bytes(file.read_bytes()[:-1] + b"?")
    yield from _given(DAMAGED, code, project)
    helper = project / "prep.py"
    helper.write_text(helper.read_text().replace("values * by * FACTOR", "by * FACTOR * values + 1"))
    yield from _given(EDITED, code, project)
    outside = project.parent / "outside"
    outside.mkdir()
    yield from _given(OUTSIDE, code, outside)


def _given(lines: str, code: Code, folder: Path) -> Iterator[str]:
    for line in lines.strip().splitlines():
        yield code.command(folder, shlex.split(line))
