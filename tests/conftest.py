"""Scripts that run as a user runs them, and a server that speaks S3."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.s3 import CREDENTIALS, new_bucket, s3_server

if TYPE_CHECKING:
    from collections.abc import Callable

SCRIPTS = Path(__file__).parent / "end_to_end" / "scripts"


@pytest.fixture
def script(folder: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a script (a file of `scripts/`, or source text) in a process of its own."""

    def run(source: str, *args: str, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
        path = SCRIPTS / source if source.endswith(".py") and "\n" not in source else folder / "script.py"
        if path.parent == folder:
            path.write_text(source, encoding="utf-8")
        done = subprocess.run(
            [sys.executable, str(path), *args],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env={**os.environ, **env},
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    return run


@pytest.fixture(scope="session")
def s3_address():
    """A server that speaks S3."""
    with s3_server() as address:
        yield address


@pytest.fixture
def s3_bucket(s3_address, monkeypatch):
    """The URL of an empty bucket, which the environment has credentials for."""
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    return new_bucket(s3_address)
