"""Scripts that run as a user runs them, and a server that speaks S3."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.fork_server import ForkServer
from tests.s3 import CREDENTIALS, new_bucket, s3_server
from tests.servers import Servers, missing
from tests.shop import _made, fresh, shop, zencache  # noqa: F401 - fixtures of several folders
from zencache.util.backoff import Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SCRIPTS = Path(__file__).parent / "end_to_end" / "scripts"


@pytest.fixture
def script(folder: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a script (a file of `scripts/`, or source text) in a process of its own."""

    def run(source: str, *args: str, check: bool = True, **env: str) -> subprocess.CompletedProcess[str]:
        command, environment = [sys.executable, _script_file(folder, source), *args], {**os.environ, **env}
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=folder, env=environment
        )
        assert not check or done.returncode == 0, done.stderr
        return done

    return run


@pytest.fixture
def forked_script(folder: Path, fork_server: ForkServer) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Do the same in a process that has imported the engine, where a test says nothing about imports or starting."""

    def run(source: str, *args: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        done = fork_server.run([_script_file(folder, source), *args], cwd=folder)
        assert not check or done.returncode == 0, done.stderr
        return done

    return run


def _script_file(folder: Path, source: str) -> Path:
    if source.endswith(".py") and "\n" not in source:
        return SCRIPTS / source
    path = folder / "script.py"
    path.write_text(source, encoding="utf-8")
    return path


@pytest.fixture(scope="session")
def fork_server() -> Iterator[ForkServer]:
    """Processes that have imported the engine; see `tests/fork_server.py`."""
    server = ForkServer()
    yield server
    server.close()


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


@pytest.fixture
def ctrl_c() -> Iterator[None]:
    """Python's own handling of the signal, also where it is ignored: in the background of a shell."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


@pytest.fixture
def immediate_retries(monkeypatch):
    """Requests to artifact stores are retried without waiting."""
    monkeypatch.setattr("zencache.artifacts.object_store.RETRY", Retry(sleep=lambda seconds: None))


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    """Database servers, each started when a test first asks for it."""
    started = Servers()
    yield started
    started.close()


KINDS = ["sqlite", "mysql", "postgresql", "grpc"]


@pytest.fixture
def server(request: pytest.FixtureRequest, servers: Servers) -> Callable[..., str]:
    """Give the URL of a new database, by kind and port; skips where the kind is not installed here."""

    def url(kind: str, port: int | None = None) -> str:
        if (why := missing(kind)) is not None:
            pytest.skip(why)
        return servers.url(kind, f"zen_{uuid.uuid4().hex[:12]}", port)

    return url


@pytest.fixture(params=KINDS)
def store_url(
    request: pytest.FixtureRequest, server: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> str | None:
    """Each kind of metadata store in its turn, as `ZENCACHE_METADATA_STORE`; None for the project's own
    SQLite file."""
    if request.param == "sqlite":
        return None
    url = server(request.param)
    monkeypatch.setenv("ZENCACHE_METADATA_STORE", url)
    return url
