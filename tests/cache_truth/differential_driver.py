"""Takes a generated project through its history, and judges each run by the laws."""

from __future__ import annotations

import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path

from tests.cache_truth import differential
from tests.cache_truth.differential import Edit, Project, edited, environ_of, files_of
from tests.cache_truth.job_server import JobServer


class Server(JobServer):
    """A process that has imported the engines and forks for each job."""

    def __init__(self, seed: int, folder: Path) -> None:
        super().__init__("differential_server.py", seed, folder)


@dataclass
class Law:
    """A law that was broken, at which state of the history."""

    name: str
    said: str
    state: int

    def __str__(self) -> str:
        return f"{self.name} (run {self.state + 1}): {self.said}"


@dataclass
class Session:
    """A project's folder through its history."""

    servers: tuple[Server, Server]
    folder: Path
    history: list[Project] = field(default_factory=list)
    broken: list[Law] = field(default_factory=list)
    known: set[str] = field(default_factory=set)
    """What step results are stored, by what they depend on."""

    def run(self, start: Project, edits: list[Edit]) -> list[Law]:
        """Go through a history until a law is broken."""
        self.folder.mkdir(parents=True)
        self.history.append(start)
        self._write(files_of(start), Edit("nothing"))
        self._judge()
        for edit in edits:
            if self.broken:
                break
            self.history.append(edited(self.history, edit))
            self._write(files_of(self.history[-1]), edit)
            self._judge()
        return self.broken

    # -- files ----------------------------------------------------------------------------------

    def _write(self, files: dict[str, str], edit: Edit) -> None:
        files = {**files, "extra.py": "ANYTHING = 1\n"}
        if edit.what == "recreate":
            for path in self.folder.iterdir():
                if path.name != ".zencache":
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
        for path in [path for path in self.folder.rglob("*") if ".zencache" not in path.parts]:
            if path.is_file() and str(path.relative_to(self.folder)) not in files:
                path.unlink()
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            before = path.stat() if path.exists() else None
            if before is None or path.read_text() != text:
                path.write_text(text)
                if edit.quietly and before is not None:
                    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
            elif edit.what == "touch":
                os.utime(path)

    # -- runs -----------------------------------------------------------------------------------

    def _job(self, what: str, start: str = "import") -> dict:
        project = self.history[-1]
        calls = []
        for number, stage in enumerate(project.stages):
            inputs = {"abcd"[other]: "abcd"[other] for other in project.fed(number)}
            expression = differential._parameter(stage, number)[1]
            calls.append(["abcd"[number], project.step_name(number), inputs, expression])
        return {
            "do": what,
            "folder": str(self.folder),
            "environ": environ_of(project),
            "path": [],
            "start": start,
            "pipeline": project.pipeline_name,
            "calls": calls,
        }

    def _judge(self) -> None:
        project = self.history[-1]
        one, two = self.servers if len(self.history) % 2 else self.servers[::-1]
        planned = one.do(self._job("plan"))
        with ThreadPoolExecutor(1) as pool:
            truth = pool.submit(one.do, self._job("truth"))
            ran = two.do(self._job("run", "script" if project.dress.script else "import"))
            truth = truth.result()
        if any("error" in answer for answer in (planned, ran, truth)):
            self._breaks("a project runs", f"plan {planned}\nrun {ran}\ntruth {truth}")
            return
        self._compare(project, planned, ran, truth)

    def _compare(self, project: Project, planned: dict, ran: dict, truth: dict) -> None:
        keys = [key for _, _, key in planned.values() if key]
        for number in range(len(project.stages)):
            step = project.step_name(number)
            (action, why, key), (status, reason, run_key, value) = planned[step], ran[step]
            right = truth["abcd"[number]]
            told = f"{step} was {status} ({reason}; planned {action}: {why})"
            if value != right:
                self._breaks("never stale", f"{told} and gave {value}, but the truth is {right}")
            inputs = [truth["abcd"[other]] for other in project.fed(number)]
            essence = repr((project.essence(number), inputs))
            if essence in self.known and status != "cached":
                self._breaks("never needless", told)
            self.known.add(essence)
            if key and key != run_key:
                self._breaks("as planned", f"{told} with another key than planned")
            twin = keys.count(run_key) > 1  # of two steps with one key the second reuses the first's result
            if (action, status) in {("hit", "executed"), ("run", "cached")} and not twin:
                self._breaks("as planned", told)

    def _breaks(self, name: str, said: str) -> None:
        self.broken.append(Law(name, said, len(self.history) - 1))

    # -- telling --------------------------------------------------------------------------------

    def told(self, start: Project, edits: list[Edit]) -> str:
        """Tell a history so that it can be read, and run again."""
        lines = [*map(str, self.broken), "", "The project:"]
        before: dict[str, str] = {}
        for number, project in enumerate(self.history):
            edit = edits[number - 1] if number else None
            lines.append(f"--- run {number + 1}: {edit or 'the start'}, environment {environ_of(project)}")
            files = {name: text for name, text in files_of(project).items() if text}
            for name in sorted(files.keys() | before.keys()):
                old, new = before.get(name, ""), files.get(name, "")
                changes = unified_diff(old.splitlines(), new.splitlines(), lineterm="", n=1)
                if old != new:
                    lines += [f"-- {name}", *([new] if not old else list(changes)[2:])]
            before = files
        lines += ["", "To run it again: @example(", f"    start={start!r},", f"    edits={edits!r},", ")"]
        return "\n".join(lines)


def replay(start: Project, edits: list[Edit], folder: Path) -> Session:
    """Run one history with servers of its own."""
    servers = (Server(1, folder), Server(2, folder))
    try:
        session = Session(servers, folder / f"{time.time_ns()}")
        session.run(start, edits)
    finally:
        for server in servers:
            server.close()
    return session
