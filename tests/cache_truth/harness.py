"""Probes: small edits of user code with the verdict that truth demands, and how they are run.

Each side of a probe runs in a process of its own (`side.py`): the project is imported, its step's key is
planned, and the plain function is called. Equal keys before and after the edit are a hit, others a rerun.
The servers that fork the sides have different hash seeds, as two fresh processes would. Where a probe is
`recorded`, its step runs once, with the cache on, and the other sides have the action of the plan as their key.
"""

from __future__ import annotations

import os
import shutil
import sys
import textwrap
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.cache_truth.job_server import JobServer
from tests.cache_truth.side import write

Verdict = Literal["rerun", "hit", "imprecise"]
Replacement = tuple[str, str]
Edit = str | None | Replacement | Sequence[Replacement]
Start = Literal["import", "script", "elsewhere", "late", "ran"]

MAIN = "from zencache import pipeline\nfrom steps import work\n\n\n@pipeline\ndef pipeline_under_test():\n    work()\n"
OPTIMIZED = {"PYTHONOPTIMIZE": "1"}
"""Variables of probes whose last side is in a process of its own: Python reads them when it starts."""
SETTINGS = "format = 2\nallow_pickle = true\nworkers = 1\n"


@dataclass(frozen=True)
class Probe:
    """A project before, an edit, and the verdict.

    `edit` maps a file to its new text, to None (removed), or to replacements in its old text. `start` says
    how a side is started: as an import, as a script, from another working folder, with the edit written
    after the import (`"late"`), or after the step ran once in that process (`"ran"`).
    """

    name: str
    verdict: Verdict
    files: Mapping[str, str]
    edit: Mapping[str, Edit] = field(default_factory=dict)
    why: str = ""
    """Why a rerun is accepted where a hit would be right."""
    unobservable: str = ""
    """Why a rerun is right although the plain function gives the same."""
    unhashable: str = ""
    """Why the step may run again even when nothing at all has changed."""
    arguments: str = ""
    path: tuple[str, ...] = ()
    cwd: str = ""
    """The folder of the project in which the last side is started, and `cwd_before` the first ones."""
    cwd_before: str = ""
    environ: Mapping[str, str] = field(default_factory=dict)
    environ_before: Mapping[str, str] = field(default_factory=dict)
    start: Start = "import"
    start_before: Start = "import"
    moved: bool = False
    touched: bool = False
    recorded: bool = False
    """Whether the step runs once and the verdict is the plan's: what it read counts, not its key alone."""
    theme: str = ""
    category: str = ""
    """The kind of dependency, as `docs/dependencies.md` has them."""
    kind: str = ""
    """What of that kind, of which there are five probes or more."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "files", {"main.py": MAIN, **self.files})
        assert self.verdict != "imprecise" or self.why, f"{self.name}: imprecise without a reason"
        assert self.after(), self.name

    def after(self) -> dict[str, str]:
        """Give the project's files after the edit."""
        changed = {name: edited(self, name, edit) for name, edit in self.edit.items()}
        return {name: text for name, text in {**self.files, **changed}.items() if text is not None}

    def late(self) -> dict[str, str | None]:
        """Give the files that the edit writes, and None for those that it removes."""
        after = self.after()
        return {name: after.get(name) for name in self.edit}


def edited(probe: Probe, name: str, edit: Edit) -> str | None:
    if edit is None or isinstance(edit, str):
        return edit
    text = probe.files[name]
    for old, new in [edit] if isinstance(edit[0], str) else edit:
        assert text.count(old) == 1, f"{probe.name}: {old!r} is {text.count(old)} times in {name}"
        text = text.replace(old, new)
    return text


# -- writing probes ------------------------------------------------------------------------------


def source(text: str) -> str:
    """Take the indentation off a text that stands in a probe."""
    return textwrap.dedent(text).lstrip("\n")


def step_with(body: str, above: str = "") -> str:
    """Write a module with a step named `work`, the statements of its body and what stands above it."""
    inner = textwrap.indent(source(body), "    ").rstrip()
    return f"from zencache import step\n{source(above)}\n\n@step\ndef work(x: int = 3) -> float:\n{inner}\n"


def here(
    name: str, verdict: Verdict, above: str, *edit: Replacement, body: str = "return clean(x)", **more
) -> Probe:
    """Make a probe of one module: the step and what it uses."""
    return Probe(
        name, verdict, {"steps.py": step_with(body, above)}, {"steps.py": edit} if edit else {}, **more
    )


def there(
    name: str,
    verdict: Verdict,
    prep: str,
    *edit: Replacement,
    body: str = "return clean(x)",
    above: str = "from prep import clean",
    **more,
) -> Probe:
    """Make a probe of two modules: the step, and `prep`, which is edited."""
    files = {"steps.py": step_with(body, above), "prep.py": source(prep)}
    return Probe(name, verdict, files, {"prep.py": edit} if edit else {}, **more)


def ran(
    name: str,
    verdict: Verdict,
    body: str,
    above: str = "",
    files: Mapping[str, str] | None = None,
    edit: Mapping[str, Edit] | None = None,
    **more,
) -> Probe:
    """Make a probe of a step that runs once: `files` beside the step, and an edit of them."""
    return Probe(
        name,
        verdict,
        {"steps.py": step_with(body, above), **(files or {})},
        edit or {},
        recorded=True,
        **more,
    )


# -- running probes ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Side:
    """What one process found."""

    key: str | None = None
    result: str | None = None
    error: str = ""
    unrecorded: Sequence[str] = ()
    """With a trace: the code that ran and is neither in the key nor in the record."""


@dataclass(frozen=True)
class Outcome:
    """What became of a probe: its project before the edit (twice) and after it."""

    probe: Probe
    before: Side
    again: Side
    after: Side

    @property
    def errors(self) -> str:
        """What failed, if anything did: a project that cannot be loaded or planned proves nothing."""
        return "\n".join(dict.fromkeys(s.error for s in (self.before, self.again, self.after) if s.error))

    @property
    def never_hits(self) -> bool:
        """Say whether the key changes although nothing did."""
        return self.before.key != self.again.key

    @property
    def is_hit(self) -> bool:
        return bool(self.before.key) and self.before.key == self.after.key and not self.never_hits

    @property
    def untrue(self) -> str:
        """Say what is wrong with the verdict itself, by the plain function's results."""
        if self.before.result is None or self.after.result is None:
            return self.errors
        same = self.before.result == self.after.result
        if self.before.result != self.again.result:
            return f"the function gives {self.before.result}, then {self.again.result}"
        if (self.probe.verdict == "rerun" and not self.probe.unobservable) == same:
            return (
                f"the verdict is {self.probe.verdict}, the results: {self.before.result}, {self.after.result}"
            )
        return ""

    @property
    def kind(self) -> Literal["right", "stale", "needless", "imprecise", "error"]:
        """Judge the key by the verdict."""
        if self.errors:
            return "error"
        if self.probe.verdict == "rerun":
            return "stale" if self.is_hit else "right"
        if self.is_hit:
            return "right"
        return "needless" if self.probe.verdict == "hit" else "imprecise"

    def __str__(self) -> str:
        probe = self.probe
        told = {
            "stale": f"STALE: the result changes from {self.before.result} to {self.after.result}, the key does not",
            "needless": f"NEEDLESS: the result stays {self.before.result}, the key does not",
            "error": self.errors.strip().rpartition("\n")[2],
            "imprecise": f"imprecise: {probe.why}",
            "right": "right",
        }[self.kind]
        random = " (its key is another each time)" if self.never_hits else ""
        return f"{probe.theme}: {probe.name}: {told}{random}"


class Server(JobServer):
    """A process that has imported zencache, and what its options name, and forks for each side."""

    def __init__(
        self, seed: int, folder: Path, *options: str, python: str = sys.executable, **environ: str
    ) -> None:
        super().__init__("side.py", seed, folder, *options, python=python, **environ)

    def look(self, job: dict) -> Side:
        return Side(**self.do(job))


def run_all(
    probes: Sequence[Probe], root: Path, seeds: Sequence[int] = (1, 2), python: str = sys.executable
) -> list[Outcome]:
    """Run probes: all of the first sides, the same again with another hash seed, then the other sides.

    The sides import the zencache that is installed for `python`.
    """
    projects = {probe.name: root / f"{number:03}" / "project" for number, probe in enumerate(probes)}
    assert len(projects) == len(probes), "two probes have one name"
    root.mkdir(parents=True, exist_ok=True)
    recorded = [probe for probe in probes if probe.recorded]
    waiting = [probe for probe in recorded if probe.files["main.py"] != MAIN]  # their plans may need a run
    planned = [probe for probe in probes if not probe.recorded]
    others = [probe for probe in probes if probe not in waiting]
    optimized = [probe for probe in others if OPTIMIZED.items() <= probe.environ.items()]

    def before(probe: Probe) -> dict:
        return _before(probe, projects[probe.name], "run")

    def again(probe: Probe) -> dict:
        return _before(probe, projects[probe.name], "plan")

    def after(probe: Probe) -> dict:
        return _after(probe, projects[probe.name])

    sides: list[dict[str, Side]] = [{}, {}, {}]
    if recorded:  # what runs needs the engine, whose process forks slowly
        with _servers(root, seeds, "--engine", "--records", python=python) as servers:
            sides[0] |= _phase(servers, recorded, before)
            sides[1] |= _phase(servers[::-1], waiting, again)
            sides[2] |= _phase(servers, waiting, after)
    with _servers(root, seeds, *(["--records"] if recorded else []), python=python) as servers:
        sides[0] |= _phase(servers, planned, before)
        sides[1] |= _phase(servers[::-1], others, again)
        sides[2] |= _phase(servers, [probe for probe in others if probe not in optimized], after)
    if optimized:
        with _servers(root, seeds[1:], "--records", python=python, **OPTIMIZED) as servers:
            sides[2] |= _phase(servers, optimized, after)
    return [Outcome(probe, *(of[probe.name] for of in sides)) for probe in probes]


@contextmanager
def _servers(
    root: Path, seeds: Sequence[int], *options: str, python: str, **environ: str
) -> Iterator[list[Server]]:
    servers = [Server(seed, root, *options, python=python, **environ) for seed in seeds]
    try:
        yield servers
    finally:
        for server in servers:
            server.close()


def run_traced(probes: Sequence[Probe], root: Path) -> dict[str, Side]:
    """Run the first sides of probes under a complete trace, as steps that are watched."""
    projects = {probe.name: root / f"{number:03}" / "project" for number, probe in enumerate(probes)}
    with _servers(root, (1, 2), python=sys.executable) as servers:
        return _phase(servers, probes, lambda p: {**_before(p, projects[p.name]), "traced": True})


def _phase(
    servers: Sequence[Server], probes: Sequence[Probe], job: Callable[[Probe], dict]
) -> dict[str, Side]:
    def share(first: int) -> dict[str, Side]:
        return {probe.name: servers[first].look(job(probe)) for probe in probes[first :: len(servers)]}

    with ThreadPoolExecutor(len(servers)) as pool:
        shares = pool.map(share, range(len(servers)))
        return {name: side for sides in shares for name, side in sides.items()}


def _before(probe: Probe, folder: Path, recorded: str = "") -> dict:
    _lay_out(folder, probe.files)
    job = _job(probe, folder, probe.start_before, probe.environ_before)
    return {**job, "cwd": probe.cwd_before, "recorded": recorded if probe.recorded else ""}


def _after(probe: Probe, folder: Path) -> dict:
    where = folder.parent / "elsewhere" / "renamed" if probe.moved else folder
    if probe.moved:
        shutil.rmtree(folder)
    _lay_out(where, probe.files if probe.start == "late" else probe.after())
    for path in where.rglob("*") if probe.touched else ():
        os.utime(path, (2_000_000_000, 2_000_000_000))
    return _job(probe, where, probe.start, probe.environ)


def _lay_out(folder: Path, files: Mapping[str, str]) -> None:
    """Write a project's files, and remove all others but its store."""
    for path in folder.iterdir() if folder.exists() else ():
        if path.is_symlink() or not path.is_dir():
            path.unlink()
        elif path.name != ".zencache":
            shutil.rmtree(path)
    for name, text in {**files, ".zencache/config.toml": SETTINGS}.items():
        write(folder / name, text)


def _job(probe: Probe, folder: Path, start: Start, environ: Mapping[str, str]) -> dict:
    return {
        "folder": str(folder),
        "start": start,
        "environ": dict(environ),
        "path": probe.path,
        "cwd": probe.cwd,
        "arguments": probe.arguments,
        "late": probe.late() if start == "late" else {},
        "recorded": "plan" if probe.recorded else "",
    }
