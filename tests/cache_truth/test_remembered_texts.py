"""What is remembered of source texts changes no key and no explanation: cold, warm, damaged or without it."""

from __future__ import annotations

import importlib
import json
import os
import random
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.cache_truth import mutants, side
from tests.cache_truth.mutant_server import LIBRARIES
from tests.cache_truth.mutation import mutation
from zencache.code import text_memory
from zencache.code.digest import CodeReader
from zencache.code.text_memory import remembering

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

COUNT = int(os.environ.get("ZENCACHE_EXAMPLES", "4"))
"""How many mutants of each project."""
_ADDRESS = re.compile(r"0x[0-9a-fA-F]+")


@pytest.fixture(scope="module", autouse=True)
def _libraries():
    """Import what projects import, so that a child costs a fork."""
    for name in LIBRARIES:
        pytest.importorskip(name)


def digests(folder: Path, memory: Path | None) -> dict:
    """Digest the code of all steps in a process of its own, with all that explanations show of it."""
    lines = (folder / "environment").read_text().splitlines() if (folder / "environment").exists() else []

    def digested() -> dict:
        os.chdir(folder)
        os.environ.update(line.split("=", 1) for line in lines if "=" in line)
        sys.dont_write_bytecode = True
        sys.path[:0] = [str(folder / "src"), str(folder)]
        text_memory._FEW = 0
        try:
            made = importlib.import_module("flow").build()
            bodies = made.parts.bodies
        except BaseException as error:  # noqa: BLE001 - a mutant may fail in any way
            return {"fails": type(error).__name__}
        reader = CodeReader()
        with remembering(memory):
            codes = {spec.name: bodies[spec.name].code(reader) for spec in made.spec.steps}
            return {
                name: [
                    code.digest,
                    code.own,
                    code.packages,
                    code.doubts,
                    code.unseeded,
                    {unit: [each.digest, _ADDRESS.sub("", each.text)] for unit, each in code.units.items()},
                    code.state,
                ]
                for name, code in codes.items()
            }

    return json.loads(side.in_a_child(digested, 60))


@pytest.mark.parametrize("project", mutants.names())
def test_digests_do_not_depend_on_the_memory(project, tmp_path):
    """Each text of the project, and each mutant, cold and warm; a mutant also with the rows of the others."""
    folder, memory = tmp_path / project, tmp_path / "texts.db"
    shutil.copytree(mutants.PROJECTS / project, folder, ignore=shutil.ignore_patterns("__pycache__"))
    files = {str(path.relative_to(folder)): path.read_text() for path in folder.rglob("*") if path.is_file()}
    chance = random.Random(project)
    for number in range(COUNT + 1):
        mutant = mutation(files, f"{project} memory.{number}") if number else None
        if mutant:
            (folder / mutant.file).unlink(missing_ok=True)
        if mutant and mutant.text is not None:
            (folder / mutant.file).write_text(mutant.text)
        absent = digests(folder, None)
        assert number or "fails" not in absent
        assert absent == digests(folder, memory), "cold"
        assert absent == digests(folder, memory), "warm"
        if memory.exists():
            data = bytearray(memory.read_bytes())
            for _ in range(20):
                data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
            (tmp_path / "damaged.db").write_bytes(data)
            assert absent == digests(folder, tmp_path / "damaged.db"), "damaged"
        if mutant:
            (folder / mutant.file).unlink(missing_ok=True)
        if mutant and mutant.file in files:
            (folder / mutant.file).write_text(files[mutant.file])
