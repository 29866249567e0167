"""Throw-away servers on free loopback ports: MariaDB and PostgreSQL from the system, one of ML Metadata, and
a proxy in between."""

from __future__ import annotations

import getpass
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typing_extensions import Self

USER, PASSWORD, QUOTED = "zen", "pa:ss@w/d", "pa%3Ass%40w%2Fd"
_SECONDS = 60


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def mariadb_is_there() -> bool:
    return bool(shutil.which("mariadbd") and shutil.which("mariadb-install-db"))


def postgresql_folder() -> Path | None:
    """Where Debian keeps the programs of the newest PostgreSQL."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return found[-1].parent if found else None


@contextmanager
def mariadb(folder: Path) -> Iterator[int]:
    """A MariaDB server; gives its port."""
    port, user = free_port(), _user("mysql")
    data = _data(folder / "mariadb", user)
    common = ["--no-defaults", f"--datadir={data}", f"--user={user}"]
    made = ["--auth-root-authentication-method=normal", "--skip-test-db"]
    subprocess.run(["mariadb-install-db", *common, *made], check=True, capture_output=True)
    options = ["--bind-address=127.0.0.1", f"--socket={data}/s.sock", "--innodb-flush-log-at-trx-commit=2"]
    client = ["mariadb", "--no-defaults", "-uroot", "-h127.0.0.1", f"-P{port}", "-e"]
    grant = f"CREATE USER '{USER}'@'%' IDENTIFIED BY '{PASSWORD}'; GRANT ALL ON *.* TO '{USER}'@'%';"
    with _serving(["mariadbd", *common, f"--port={port}", *options], data / "log"):
        _until(lambda: subprocess.run([*client, grant], capture_output=True, check=False).returncode == 0)
        yield port


@contextmanager
def postgresql(folder: Path) -> Iterator[int]:
    """A PostgreSQL server; gives its port."""
    programs, port, user = postgresql_folder(), free_port(), _user("postgres")
    data = _data(folder / "postgresql", user)
    password = folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o644)
    as_user = {"user": user, "group": user, "extra_groups": []} if os.getuid() == 0 else {}
    made = ["-D", data, "-U", USER, "--auth=scram-sha-256", f"--pwfile={password}", "--no-sync"]
    subprocess.run([programs / "initdb", *made], check=True, capture_output=True, cwd="/", **as_user)
    options = ["-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={data}", "-c", "fsync=off"]
    command = [programs / "postgres", "-D", data, "-p", str(port), *options, "-c", "max_connections=200"]
    ready = [programs / "pg_isready", "-h", "127.0.0.1", "-p", str(port)]
    with _serving(command, folder / "log", **as_user):
        _until(lambda: subprocess.run(ready, capture_output=True, check=False).returncode == 0)
        yield port


@contextmanager
def ml_metadata(folder: Path) -> Iterator[int]:
    """A server of ML Metadata's gRPC service, over an SQLite file; gives its port."""
    port = free_port()
    script = Path(__file__).with_name("mlmd_server.py")
    with _serving([sys.executable, script, str(port), folder / "served.db"], folder / "log"):
        _until(lambda: _answers(port))
        yield port


class Proxy:
    """A TCP proxy in a process of its own, which can drop its connections, refuse new ones, and fall
    silent."""

    def __init__(self, port: int) -> None:
        script = Path(__file__).with_name("proxy.py")
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        self._process = subprocess.Popen([sys.executable, script, str(port)], **pipes)
        self.port = int(self._process.stdout.readline())
        self.is_open = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.is_open = False
        self._process.kill()
        self._process.wait()

    def do(self, command: str) -> None:
        """`drop` connections, go `down` or `up`, be `silent` or `speak`; with seconds after it, do it
        then."""
        self._process.stdin.write(command + "\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "done\n"


class Servers:
    """Servers of a test session, each started when a test first asks for it."""

    def __init__(self) -> None:
        self._ports: dict[str, int] = {}
        self._stack = ExitStack()
        self._folder = Path(self._stack.enter_context(TemporaryDirectory(prefix="zencache-servers-")))
        self._folder.chmod(0o755)  # the servers run as users of their own

    def port(self, kind: str, database: str = "") -> int:
        """The port of a kind of server; of ML Metadata's, each database has a server."""
        name = f"{kind}{database if kind == 'grpc' else ''}"
        if name not in self._ports:
            (self._folder / name).mkdir()
            started = {"mysql": mariadb, "postgresql": postgresql, "grpc": ml_metadata}[kind]
            self._ports[name] = self._stack.enter_context(started(self._folder / name))
        return self._ports[name]

    def url(self, kind: str, database: str, port: int | None = None) -> str:
        port = port or self.port(kind, database)
        if kind == "grpc":
            return f"grpc://127.0.0.1:{port}"
        return f"{kind}://{USER}:{QUOTED}@127.0.0.1:{port}/{database}"

    def close(self) -> None:
        self._stack.close()


def missing(kind: str) -> str | None:
    """Say why a kind of server cannot be started here."""
    if kind == "mysql" and not mariadb_is_there():
        return "MariaDB is not installed (apt-get install mariadb-server)"
    if kind == "postgresql" and postgresql_folder() is None:
        return "PostgreSQL is not installed (apt-get install postgresql)"
    return None


def _user(name: str) -> str:
    """These servers do not run as root."""
    return name if os.getuid() == 0 else getpass.getuser()


def _data(folder: Path, user: str) -> Path:
    folder.mkdir()
    if os.getuid() == 0:
        shutil.chown(folder, user)
    return folder


@contextmanager
def _serving(command: list, log: Path, **options: object) -> Iterator[None]:
    with log.open("w") as file:
        process = subprocess.Popen([str(c) for c in command], stdout=file, stderr=file, cwd="/", **options)
        try:
            yield
        finally:
            process.kill()  # nothing of it is needed any more
            process.wait()


def _until(is_ready: Callable[[], bool]) -> None:
    end = time.monotonic() + _SECONDS
    while not is_ready():
        assert time.monotonic() < end, "a server did not start"
        time.sleep(0.1)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
