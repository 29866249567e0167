"""A process that forks for each job; jobs and answers are lines of JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


class JobServer:
    """Runs a script of this folder with a hash seed; it starts in a folder without a project."""

    def __init__(
        self,
        script: str,
        seed: int,
        folder: Path,
        *arguments: str,
        python: str = sys.executable,
        **environ: str,
    ) -> None:
        self._script = script
        threads = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
        self._process = subprocess.Popen(
            [python, str(Path(__file__).with_name(script)), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONHASHSEED": str(seed), **threads, **environ},
            cwd=folder,
        )

    def do(self, job: dict) -> dict:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the server {self._script} ended; what it printed says why")
        return json.loads(answer)

    def close(self) -> None:
        self._process.communicate()
