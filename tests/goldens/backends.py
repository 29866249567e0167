"""Where a golden project keeps its records and artifacts: how each kind is set up, read, packed and
restored."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import fsspec

from tests import servers
from tests.goldens import records
from tests.s3 import CREDENTIALS, s3_server

KINDS = ("sqlite", "mysql", "postgresql", "grpc", "s3")
NAME, BUCKET = "goldens", "goldens"
_VOLATILE = (".db", ".db-wal", ".db-shm", ".lock", "/lock", "/installed.json", ".toml", "/stores.json")
_NAMED = (".zencache/code/", ".zencache/leases/")  # snapshots name files and modules, leases processes
_PASSWORD = {"MYSQL_PWD": servers.PASSWORD, "PGPASSWORD": servers.PASSWORD}


@dataclass
class Backend:
    """A kind of stores, with the server that it needs."""

    kind: str
    folder: Path
    port: int = 0
    environ: dict[str, str] = field(default_factory=dict)

    def settings(self) -> str:
        """What a project's settings say beyond the defaults."""
        if self.kind != "s3":
            return ""
        return f'artifact_store = "s3://{BUCKET}/team"\n[artifact_store_options]\nendpoint_url = "{self._address}"\n'

    @property
    def _address(self) -> str:
        return self.environ["S3"]

    @property
    def _bucket(self) -> fsspec.AbstractFileSystem:
        credentials = {
            "key": CREDENTIALS["AWS_ACCESS_KEY_ID"],
            "secret": CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        }
        return fsspec.filesystem("s3", endpoint_url=self._address, skip_instance_cache=True, **credentials)

    # -- reading ------------------------------------------------------------------------------

    def records(self, project: Path) -> str:
        """Write all that the metadata store holds as text."""
        if self.kind in ("sqlite", "s3"):
            return records.dump(records.connect("sqlite", path=project / ".zencache" / "metadata.db"))
        user = {"user": servers.USER, "password": servers.PASSWORD}
        return records.dump(records.connect(self.kind, port=self.port, name=NAME, **user))

    def files(self, project: Path) -> str:
        """List the files of the project and of the artifact store, with digests; manifests as they are."""
        named = [
            (path.relative_to(project).as_posix(), path.read_bytes())
            for top in (".zencache", "root")
            for path in (project / top).rglob("*")
            if path.is_file()
        ]
        if self.kind == "s3":
            bucket = self._bucket
            named += [(f"s3:{path}", bucket.cat_file(path)) for path in bucket.find(BUCKET)]
        kept = [pair for pair in named if not pair[0].endswith(_VOLATILE)]
        return "".join(_file_text(name, data) for name, data in sorted(kept, key=_by_stable_name))

    # -- packing ------------------------------------------------------------------------------

    def pack(self, project: Path, target: Path) -> None:
        """Keep the project and the stores in a zip file."""
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
            packed.writestr("place", str(project))
            for path in sorted(project.rglob("*")):
                if path.is_file():
                    packed.write(path, f"project/{path.relative_to(project)}")
            if self.kind == "s3":
                bucket = self._bucket
                for path in bucket.find(BUCKET):
                    packed.writestr(f"bucket/{path}", bucket.cat_file(path))
            elif self.kind == "grpc":
                packed.write(self.folder / "served.db", "served.db")
            elif self.kind != "sqlite":
                packed.writestr("dump.sql", self._client("dump"))

    @contextmanager
    def restored(self, source: Path) -> Iterator[Path]:
        """Unpack a project, whose stores come to be what they were, on the servers of today; gives its
        folder.

        It is another folder than it was, unless records on a server say where each artifact is.
        """
        with ExitStack() as stack:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="golden-")))
            packed = stack.enter_context(zipfile.ZipFile(source))
            packed.extractall(folder)
            project = Path(packed.read("place").decode()) if self.port else folder / "moved"
            if self.port:
                stack.enter_context(_alone(project.parent))
            shutil.move(folder / "project", project)
            self._restore_stores(folder, project)
            yield project

    def _restore_stores(self, folder: Path, project: Path) -> None:
        if self.kind == "s3":
            bucket = folder / "bucket"
            for path in (each for each in bucket.rglob("*") if each.is_file()):
                self._bucket.pipe_file(path.relative_to(bucket).as_posix(), path.read_bytes())
            config = project / ".zencache" / "config.toml"
            text = config.read_text().partition("\nartifact_store =")[0]
            config.write_text(f"{text}\n{self.settings()}")
        elif self.kind in ("mysql", "postgresql"):
            self._client("create")
            self._client("restore", (folder / "dump.sql").read_bytes())

    def _client(self, task: str, data: bytes = b"") -> bytes:
        mysql = ["--no-defaults", f"-u{servers.USER}", "-h127.0.0.1", f"-P{self.port}"]
        postgresql = ["-q", "-U", servers.USER, "-h", "127.0.0.1", "-p", str(self.port)]
        commands = {
            ("mysql", "dump"): ["mariadb-dump", *mysql, NAME],
            ("mysql", "create"): ["mariadb", *mysql, "-e", f"CREATE DATABASE {NAME}"],
            ("mysql", "restore"): ["mariadb", *mysql, NAME],
            ("postgresql", "dump"): ["pg_dump", *postgresql[1:], NAME],
            ("postgresql", "create"): [
                "psql",
                *postgresql,
                "-d",
                "postgres",
                "-c",
                f"CREATE DATABASE {NAME}",
            ],
            ("postgresql", "restore"): ["psql", *postgresql, "-d", NAME],
        }
        environ = {**os.environ, **_PASSWORD}
        done = subprocess.run(
            commands[self.kind, task], input=data, capture_output=True, check=False, env=environ
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout


@contextmanager
def opened(kind: str, stored: Path | None = None) -> Iterator[Backend]:
    """Start what a kind of stores needs; `stored` is a zip file whose records a server of ML Metadata is to
    serve."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="golden-server-")))
        folder.chmod(0o755)  # the servers run as users of their own
        backend = Backend(kind, folder)
        if kind == "s3":
            backend.environ["S3"] = stack.enter_context(s3_server())
            backend._bucket.mkdir(BUCKET)
        elif kind != "sqlite":
            if kind == "grpc" and stored is not None:
                with zipfile.ZipFile(stored) as packed:
                    packed.extract("served.db", folder)
            start = {"mysql": servers.mariadb, "postgresql": servers.postgresql, "grpc": servers.ml_metadata}[
                kind
            ]
            backend.port = stack.enter_context(start(folder))
            user = "" if kind == "grpc" else f"{servers.USER}:{servers.QUOTED}@"
            name = "" if kind == "grpc" else f"/{NAME}"
            backend.environ["ZENCACHE_METADATA_STORE"] = f"{kind}://{user}127.0.0.1:{backend.port}{name}"
        yield backend


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Make a folder that another comparison may want as well, one after the other."""
    with Path(f"{folder}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder.mkdir(exist_ok=True)
        try:
            yield
        finally:
            shutil.rmtree(folder)


def _file_text(name: str, data: bytes) -> str:
    if name.endswith(".zencache-manifest.json"):
        return f"{name}: {data.decode().rstrip()}\n"
    if name.startswith(_NAMED):
        return f"{Path(name).parent}/…\n"
    return f"{name}: {len(data)} bytes, {hashlib.sha256(data).hexdigest()}\n"


def _by_stable_name(pair: tuple[str, bytes]) -> tuple:
    """Order files so that random parts of their names do not count, as long as there is another
    difference."""
    name, data = pair
    parts = [part for part in name.split("/") if not part.startswith("_")]
    return [part.rpartition(".")[0] or part for part in parts], hashlib.sha256(data).hexdigest()
