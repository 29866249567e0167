"""The parts of a golden: each looks at a code from one side, and writes normalised texts into a folder."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from tests.cache_truth.harness import Outcome, run_all
from tests.cache_truth.probes import PROBES
from tests.goldens import records
from tests.goldens.backends import KINDS, opened
from tests.goldens.code import Code, lay_out
from tests.goldens.commands import commands
from tests.goldens.normal import Placeholders

EXAMPLE = Path(__file__).parents[2] / "examples" / "mnist" / "run.py"


def probes(code: Code, target: Path) -> None:
    """The keys of all probes, before and after their edits; `varies` of one that is another in each
    process."""
    with tempfile.TemporaryDirectory(prefix="golden-") as folder:
        outcomes = run_all(PROBES, Path(folder), python=str(code.python))
    write(target / "keys" / "probes.txt", "".join(map(_probe_text, outcomes)))


def _probe_text(outcome: Outcome) -> str:
    before, after = ("varies" if outcome.never_hits else side.key for side in (outcome.before, outcome.after))
    return f"{outcome.probe.theme}: {outcome.probe.name}\n  before {before}\n  after  {after}\n"


def keys(code: Code, target: Path) -> None:
    """The keys of pipelines that take libraries, and of the MNIST example."""
    with new_project(code) as project:
        shutil.copy(EXAMPLE, project / "mnist.py")
        write(target / "keys" / "pipelines.txt", _clean(code, project)(code.script(project, "keys.py")))


def calls(code: Code, target: Path) -> None:
    """What ML Metadata is asked in a plans and cached runs, in a fresh process and in a warm one."""
    with new_project(code) as project:
        texts = [code.script(project, "calls.py", what) for what in ("first", "then")]
        write(target / "calls.txt", _clean(code, project)("".join(texts)))


def life(kind: str, code: Code, target: Path) -> None:
    """What a life of runs prints, the records and files that it leaves, and a copy of them."""
    with opened(kind) as backend, new_project(code, backend.settings()) as project:
        clean, folder = _clean(code, project), target / "life" / kind
        write(folder / "printed.txt", clean(code.script(project, "life.py", **backend.environ)))
        write(folder / "records.txt", clean(backend.records(project)))
        native = records.connect("sqlite", path=project / "mlmd" / "metadata.db")
        write(folder / "records-of-tfx.txt", clean(records.dump(native)))
        write(folder / "files.txt", clean(backend.files(project)))
        backend.pack(project, stored(target, kind))
    write(target / "life" / kind / "hits.txt", hits(kind, code, stored(target, kind)))


def hits(kind: str, code: Code, store: Path) -> str:
    """What a code reuses of a store that was packed, by itself or by another code."""
    with opened(kind, store) as backend, backend.restored(store) as project:
        how_much = "all" if kind in ("sqlite", "s3") else "some"
        return _clean(code, project)(code.script(project, "hits.py", how_much, **backend.environ))


def command_line(code: Code, target: Path) -> None:
    """What commands print in a project that has lived, and their exit codes."""
    store = stored(target, "sqlite")
    with opened("sqlite") as backend, backend.restored(store) as project:
        clean = _clean(code, project)
        write(target / "commands.txt", "".join(clean(text) for text in commands(code, project)))


def stored(target: Path, kind: str) -> Path:
    """Where the stores of a golden are kept."""
    (target / "stores").mkdir(parents=True, exist_ok=True)
    return target / "stores" / f"{kind}.zip"


PARTS: Mapping[str, partial] = {
    **{f"life-{kind}": partial(life, kind) for kind in KINDS},
    "probes": partial(probes),
    "commands": partial(command_line),
    "keys": partial(keys),
    "calls": partial(calls),
}
"""By name, the slowest first."""
AFTER = {"commands": "life-sqlite"}
"""Parts that read what another has packed."""


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@contextmanager
def new_project(code: Code, settings: str = "") -> Iterator[Path]:
    """Make a golden project, with settings beyond the defaults."""
    with tempfile.TemporaryDirectory(prefix="golden-") as folder:
        project = lay_out(Path(folder, "project"))
        code.command(project, ["init"])
        with (project / ".zencache" / "config.toml").open("a") as file:
            file.write(f"\n{settings}")
        yield project


def _clean(code: Code, project: Path) -> Placeholders:
    return Placeholders(project=project, around=project.parent, code=code.folder)
