"""Mutate real projects and compare plans with fresh values: `python -m tests.cache_truth.mutants [PROJECT ...]`.

Each project of `projects/` is run once, with the cache on. Then each mutant, one random edit of a file, is
planned and computed in a fresh process. A step is stale where its result would be reused although its fresh
value differs; it is needless where it runs although an edit without meaning was made. Other reruns that give
the same value are counted as early: their code changed. The lines of a file `environment` are variables.

`--count N` mutants of each project (200), `--seed S`, `--only SEED` (one mutant, with its files kept),
`--workers N`, `--all` (shows reruns for neutral edits too).
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from tests.cache_truth.job_server import JobServer
from tests.cache_truth.mutation import Mutation, mutation

PROJECTS = Path(__file__).with_name("projects")
SETTINGS = "format = 2\nallow_pickle = true\nworkers = 1\n"

Verdict = Literal["hit", "rerun", "early", "needless", "stale", "fails", "error"]
COLUMNS = ("mutants", "hit", "rerun", "early", "needless", "stale", "fails", "error")


@dataclass(frozen=True)
class Judged:
    """A mutant, and the verdict on it: the worst of its steps."""

    project: str
    seed: str
    mutation: Mutation
    verdict: Verdict
    why: str
    diff: str

    def __str__(self) -> str:
        return f"{self.verdict.upper()} {self.project} --only {self.seed}: {self.why}\n{self.diff}\n"


class Server(JobServer):
    """A process that has imported the libraries and forks for each job."""

    def __init__(self, seed: int, folder: Path) -> None:
        super().__init__("mutant_server.py", seed, folder)


@dataclass
class Subject:
    """A project in a folder of its own, after its first run."""

    name: str
    folder: Path
    servers: tuple[Server, Server]
    files: dict[str, str] = field(init=False)
    values: dict[str, str] = field(init=False)
    """What each step gives, unmutated."""

    def __post_init__(self) -> None:
        shutil.copytree(PROJECTS / self.name, self.folder, ignore=shutil.ignore_patterns("__pycache__"))
        paths = [path for path in sorted(self.folder.rglob("*")) if path.is_file()]
        self.files = {str(path.relative_to(self.folder)): path.read_text() for path in paths}
        self._store = self.folder.with_suffix(".store")
        (self.folder / ".zencache").mkdir()
        (self.folder / ".zencache" / "config.toml").write_text(SETTINGS)
        ran = self._do("run", 0)
        assert "ran" in ran, f"{self.name} cannot run: {ran}"
        shutil.copytree(self.folder / ".zencache", self._store)
        looks = [self._do("judge", server) for server in (0, 1)]
        assert looks[0] == looks[1], f"{self.name} is not the same in two processes: {looks}"
        self.values = looks[0]["fresh"]
        assert ran["values"] == self.values, f"{self.name}: a run gives {ran}, its functions {self.values}"
        assert {action for action, _ in looks[0]["plan"].values()} == {"hit"}, f"{self.name}: {looks[0]}"
        assert not [value for value in self.values.values() if value.startswith("raises")], self.values

    def _do(self, what: str, server: int) -> dict:
        path = ["src", "."] if (self.folder / "src").is_dir() else ["."]
        variables = self.folder / "environment"
        lines = variables.read_text().splitlines() if variables.exists() else []
        environ = dict(line.split("=", 1) for line in lines if "=" in line)
        job = {"do": what, "folder": str(self.folder), "path": path, "environ": environ}
        return self.servers[server].do(job)

    def audited(self) -> dict[str, str]:
        """Compute the steps again under a complete trace; give the verdict on each."""
        verdicts: dict[str, str] = self._do("audit", 1)["audited"]
        return verdicts

    def judged(self, seed: str, *, keep: bool = False) -> Judged:
        """Make the mutant of a seed, judge it, and put the project back."""
        mutant = mutation(self.files, f"{self.name} {seed}")
        path = self.folder / mutant.file
        before = path.stat() if path.exists() else None
        path.unlink(missing_ok=True)
        if mutant.text is not None:
            path.write_text(mutant.text)
        try:
            verdict, why = self._verdict(mutant)
        finally:
            if not keep:
                path.unlink(missing_ok=True)
            if before and not keep:
                path.write_text(self.files[mutant.file])
                os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
        return Judged(self.name, seed, mutant, verdict, why, mutant.diff(self.files))

    def _verdict(self, mutant: Mutation) -> tuple[Verdict, str]:
        look = self._do("judge", 1)
        if look.get("error") == "load":
            return "fails", "it cannot be loaded"
        if "error" in look:
            return "error", look.get("traceback", str(look["error"]))
        plan, fresh = look["plan"], look["fresh"]
        same = {name for name in fresh if fresh[name] == self.values.get(name)}
        if any(action == "wait" and name in same for name, (action, _) in plan.items()):
            plan |= self._cut_off(plan)
        reused = {name for name, (action, _) in plan.items() if action in ("hit", "cached")}
        for name in fresh:
            if name in reused - same:
                return "stale", f"{name} gives {fresh[name]}, not {self.values.get(name)}; {plan[name][1]}"
        reruns = [f"{name}: {plan[name][1]}" for name in fresh if name in same - reused]
        if reruns:
            return "needless" if mutant.is_neutral else "early", "; ".join(reruns)
        if set(fresh) == same:
            return "hit", ""
        return "rerun", next(plan[name][1] for name in fresh if name not in same)

    def _cut_off(self, plan: dict) -> dict:
        """Run, to see which steps that wait for another are reused after all; the store is put back."""
        ran = self._do("run", 1).get("ran", {})
        store = self.folder / ".zencache"
        shutil.rmtree(store)
        shutil.copytree(self._store, store)
        return {name: step for name, step in ran.items() if name in plan and plan[name][0] == "wait"}


@contextmanager
def open_servers(folder: Path) -> Iterator[tuple[Server, Server]]:
    """Start two servers of two hash seeds, for projects one after the other."""
    servers = (Server(1, folder), Server(2, folder))
    try:
        yield servers
    finally:
        for server in servers:
            server.close()


def names() -> list[str]:
    return sorted(path.name for path in PROJECTS.iterdir() if path.is_dir())


def table(judged: Sequence[Judged], of: str) -> str:
    """Count the verdicts, by project or by kind of mutation."""
    rows = {of: list(COLUMNS)}
    groups = [each.project if of == "project" else each.mutation.kind for each in judged]
    for group in (*sorted(set(groups)), "all"):
        chosen = [one for one, name in zip(judged, groups, strict=True) if group in (name, "all")]
        verdicts = Counter(one.verdict for one in chosen)
        rows[group] = [str(len(chosen)), *(str(verdicts[column]) for column in COLUMNS[1:])]
    return "\n".join(f"{name:<20}" + "".join(f"{cell:>10}" for cell in cells) for name, cells in rows.items())


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("projects", nargs="*", default=names(), metavar="PROJECT")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", default="0")
    parser.add_argument("--only")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args(arguments)
    began, root = time.perf_counter(), Path(tempfile.mkdtemp())
    seeds = (
        [options.only] if options.only else [f"{options.seed}.{number}" for number in range(options.count)]
    )
    shown = {"stale", "error", *(["needless"] if options.all else []), *(COLUMNS[1:] if options.only else [])}

    def share(number: int) -> list[Judged]:
        judged = []
        with open_servers(root) as servers:
            for project in options.projects[number :: options.workers]:
                subject = Subject(project, root / project, servers)
                for seed in seeds:
                    judged.append(subject.judged(seed, keep=bool(options.only)))
                    if judged[-1].verdict in shown:
                        print(judged[-1], flush=True)
                print(f"{project} is done: {dict(Counter(one.verdict for one in judged))}", flush=True)
        return judged

    with ThreadPoolExecutor(options.workers) as pool:
        judged = [one for chosen in pool.map(share, range(options.workers)) for one in chosen]
    print(table(judged, "project"), table(judged, "mutation"), sep="\n\n")
    print(f"{len(judged)} mutants in {time.perf_counter() - began:.0f}s")
    if options.only:
        print(f"the mutant is in {root}")
    else:
        shutil.rmtree(root)
    return int(any(one.verdict in ("stale", "error") for one in judged))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
