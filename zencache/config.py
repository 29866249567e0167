"""Defines a project: the folder `.zencache/` with its settings, records and artifacts."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ByteSize, ConfigDict, Field, ValidationError, field_validator

from zencache.errors import (
    CachePolicyError,
    NotFoundError,
    SettingsError,
    StoreFormatError,
    StoreUnavailableError,
)
from zencache.model.database import Database, contains_password
from zencache.model.legacy_api import legacy_names
from zencache.policy import CachePolicy  # noqa: TC001 - pydantic reads annotations
from zencache.util.atomic_write import write_whole
from zencache.util.project_owner import check_owner

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

__path__: list[str] = []  # older releases had modules below this name; `LegacyModules` finds them
__getattr__ = legacy_names(__name__, "DockerSettings", "ResourceSettings")

Unseen = Literal["run", "reuse"]
WorkerKind = Literal["threads", "processes"]
FOLDER = ".zencache"
FORMAT = 2  # of the folder and of the records; a newer one is refused, an older one upgraded (docs/stores.md)
_FORMAT_LINE = re.compile(r"^([ \t]*format[ \t]*=[ \t]*)\d+", re.MULTILINE)
_HEADER = f"""\
# Settings of this zencache project, parsed as data. Commit this file; the rest of the folder is local.
format = {FORMAT}

# workers = 4                    # how many independent steps run at once
# worker_kind = "threads"        # "processes": each step in a process of its own
# cache_precedence = "step"      # "pipeline": a pipeline's enable_cache=False beats a step's True
# allow_pickle = false           # store values that no materializer knows by pickle
# artifact_store = "s3://bucket/prefix"  # where artifacts are kept; also a folder, gs://… (docs/stores.md)
# read_cache_size = "10 GB"      # what is kept here of a remote artifact store, the latest used
# metadata_store = "sqlite:///metadata.db"   # or mysql://, postgresql://, grpc://; see docs/stores.md
# unseen = "reuse"               # "run": run a step again that started programs whose reads are not seen
# require_signature = false      # load code and pickles only if signed with ZENCACHE_SIGNING_KEY
# beam_pipeline_args = []        # for Beam pipelines that steps take: ["--runner=FlinkRunner", ...]
# [cache]                        # the default CachePolicy: expires_after = "7d", env = ["REGION"], ...
# [artifact_store_options]       # for its fsspec file system: endpoint_url = "https://…"; never secrets
"""
_GITIGNORE = "*\n!.gitignore\n!config.toml\n"


class Settings(BaseModel):
    """A project's settings, from `.zencache/config.toml`.

    >>> Settings(workers=2)  # doctest: +ELLIPSIS
    Settings(format=2, workers=2, worker_kind='threads', cache_precedence='step', ..., metadata_store=None)
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    format: int = FORMAT
    workers: int = Field(default_factory=lambda: max(4, os.cpu_count() or 1), ge=1)
    """How many independent steps run at once."""
    worker_kind: WorkerKind = "threads"
    """Whether they run in threads of the run's process, or each in a process of its own."""
    cache_precedence: Literal["step", "pipeline"] = "step"
    """Whether a step's `enable_cache` goes before its pipeline's, or a pipeline's `False` before all."""
    allow_pickle: bool = False
    """Whether values that no materializer knows are pickled, and pickles are loaded."""
    require_signature: bool = False
    """Whether snapshots and pickles are loaded only if they are signed with `ZENCACHE_SIGNING_KEY`."""
    unseen: Unseen = "reuse"
    """Whether the result of a step that started programs whose reads are not seen is reused.
    `ZENCACHE_UNSEEN` overrides it."""
    cache: CachePolicy | None = None
    """How results are reused where neither step nor pipeline says: the table `[cache]`."""
    beam_pipeline_args: tuple[str, ...] = ()
    """Beam's options for the Beam pipelines that steps take, `--runner=…` among them."""
    artifact_store: str | None = Field(default=None, repr=False)
    """Where artifacts are kept: a folder, or a URL for fsspec. `ZENCACHE_ARTIFACT_STORE` overrides it."""
    artifact_store_options: dict[str, Any] = Field(default_factory=dict, repr=False)
    """Options of its fsspec file system: the table `[artifact_store_options]`. Do not put secrets into it."""
    read_cache_size: ByteSize = Field(default=ByteSize(10**10), repr=False, ge=0)
    """Bytes of a remote artifact store that are cached here; the least recently used go first."""
    metadata_store: str | None = None
    """The URL of the metadata store; None for an SQLite file in the project.
    `ZENCACHE_METADATA_STORE` overrides it."""

    @field_validator("metadata_store")
    @classmethod
    def _has_no_password(cls, url: str | None) -> str | None:
        if url is not None and contains_password(url):
            raise ValueError(
                "a settings file is shared: write the name of a variable for the password, ${NAME}"
            )
        return url


class Project(BaseModel):
    """A project's folder and settings."""

    model_config = ConfigDict(frozen=True)

    root: Path
    """The folder that holds `.zencache/`."""
    settings: Settings
    metadata: Database | None = None
    """The MLMD database, where it is not the project's own: one that TFX pipelines use."""

    def on(self, metadata: Database) -> Project:
        """Give the project with another MLMD database."""
        other = None if metadata == self.own_database else metadata
        return Project(root=self.root, settings=self.settings, metadata=other)

    @cached_property
    def default_database(self) -> Database:
        """The project's own file of records, whether the settings name another database or not."""
        return Database.at(self.folder / "metadata.db")

    @property
    def databases_used(self) -> list[str]:
        """All databases that were the project's own, whichever the settings name now."""
        used = [str(self.default_database)] if self.default_database.is_there() else []
        try:
            named = json.loads((self.folder / "records.json").read_bytes())
        except (OSError, ValueError):
            named = []
        return [
            *used,
            *(str(self.root / str(each)) if "://" not in str(each) else str(each) for each in named),
        ]

    def remember_own_database(self) -> None:
        """Remember that the database is the project's own, as far as its folder can be written."""
        if self.metadata is not None or str(self.database) in self.databases_used:
            return
        if self.database != self.default_database:
            named = [each for each in self.databases_used if each != str(self.default_database)]
            data = [self._relative(each) for each in (*named, str(self.database))]
            with suppress(OSError):
                write_whole(self.folder / "records.json", json.dumps(data).encode())

    def _relative(self, database: str) -> str:
        """Give a file by its path from the project, which may move, and a server as it is."""
        is_below = "://" not in database and Path(database).is_relative_to(self.root)
        return str(Path(database).relative_to(self.root)) if is_below else database

    def remember_database(self) -> None:
        """Remember that the database, a file, is one of the project's."""
        if self.database not in self.databases and self.database.path is not None:
            named = [str(database) for database in (*self.databases[1:], self.database)]
            write_whole(self.folder / "stores.json", json.dumps(named).encode())

    @property
    def databases(self) -> list[Database]:
        """The MLMD databases of the project: its own first, then those that its TFX pipelines name."""
        try:
            named = json.loads((self.folder / "stores.json").read_bytes())
        except (OSError, ValueError):
            named = []
        return [self.own_database, *(Database.at(Path(path)) for path in named)]

    @cached_property
    def folder(self) -> Path:
        """`.zencache/` itself."""
        return self.root / FOLDER

    @cached_property
    def database(self) -> Database:
        """The MLMD database."""
        return self.metadata or self.own_database

    @cached_property
    def own_database(self) -> Database:
        """The project's own MLMD database, whichever it is on."""
        url = os.environ.get("ZENCACHE_METADATA_STORE") or self.settings.metadata_store
        return Database.of(url, self.root) if url else self.default_database

    @property
    def artifact_store(self) -> str | None:
        """The artifact store of the environment or the settings; None for the project's own folder."""
        return os.environ.get("ZENCACHE_ARTIFACT_STORE") or self.settings.artifact_store

    @property
    def unseen(self) -> Unseen:
        """Whether results that depend on unseen reads are reused, by the environment or the settings."""
        chosen = os.environ.get("ZENCACHE_UNSEEN") or self.settings.unseen
        if chosen not in get_args(Unseen):
            raise SettingsError(f'ZENCACHE_UNSEEN is {chosen!r}; set it to "run" or "reuse", or unset it')
        return chosen  # type: ignore[return-value]

    @property
    def artifacts(self) -> Path:
        """The pipeline root on this machine: where artifacts are written that no remote store takes."""
        path = (self.artifact_store or "").removeprefix("file://")
        return self.own_artifacts if not path or "://" in path else self.root / Path(path).expanduser()

    @cached_property
    def own_artifacts(self) -> Path:
        """The project's own folder for artifacts, whichever is used."""
        return self.folder / "artifacts"

    @cached_property
    def read_cache(self) -> Path:
        """What was read from a remote artifact store, by content digest."""
        return self.folder / "cache"

    @cached_property
    def work(self) -> Path:
        """Where steps write what is then sent to a remote artifact store."""
        return self.folder / "work"

    @cached_property
    def snapshots(self) -> Path:
        """Snapshots of steps that cannot be imported again."""
        return self.folder / "code"

    @cached_property
    def sources(self) -> Path:
        """Texts of the code that steps ran, for explanations."""
        return self.folder / "sources"

    @cached_property
    def written(self) -> Path:
        """Kept copies of files that steps wrote, by content digest."""
        return self.folder / "written"

    @cached_property
    def backups(self) -> Path:
        """What the records and the settings were before they were upgraded."""
        return self.folder / "backups"

    @cached_property
    def digests(self) -> Path:
        """Cached digests of files."""
        return self.folder / "digests.db"

    @cached_property
    def secret_key(self) -> Path:
        """The key that makes digests of secrets; it is there once a step took one."""
        return self.folder / "secret.key"

    @cached_property
    def installed(self) -> Path:
        """Cached facts about the installed distributions."""
        return self.folder / "installed.json"

    @property
    def leases(self) -> Path:
        """The folder of what is being computed, by key."""
        return self.lock.with_name(
            "leases" if self.lock.parent == self.folder else f"{self.lock.stem}.leases"
        )

    @cached_property
    def lock(self) -> Path:
        """The file whose lock orders writers: beside an SQLite file, or for a server one on each machine."""
        file = self.database.path
        is_own = file is None or file.parent == self.folder
        return self.folder / "lock" if file is None or is_own else file.with_name(f"{file.name}.lock")


def find_project(start: Path | None = None) -> Project | None:
    """Find the project upward from a folder (the working folder), or None."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / FOLDER).exists():
            return open_project(folder)
    return None


def require_project(start: Path | None = None) -> Project:
    """Find the project, or raise NotFoundError that says how to make one."""
    project = find_project(start)
    if project is None:
        raise NotFoundError(
            f"no zencache project at {(start or Path.cwd()).resolve()} or above; "
            "make one with `zencache init`, or run a pipeline"
        )
    return project


def open_project(root: Path) -> Project:
    """Open the project in a folder; raises StoreFormatError if what is there is not ours or is newer."""
    folder = root / FOLDER
    check_owner(folder)
    file = folder / "config.toml"
    if not file.is_file():
        raise StoreFormatError(
            f"{folder} is not a zencache store: it has no config.toml. "
            "Move it away, or work in another folder, and run `zencache init`"
        )
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"cannot read {file}: {error}") from error
    if isinstance(data.get("format"), int) and data["format"] > FORMAT:
        raise StoreFormatError(
            f"{folder} is of format {data['format']}; this zencache reads up to {FORMAT}. "
            "Upgrade zencache to use it"
        )
    return Project(root=root.resolve(), settings=_settings(data, file))


def create_project(root: Path, settings: Settings | None = None) -> Project:
    """Create `.zencache/` in a folder, or open an existing one; other processes see it only when complete."""
    folder = root / FOLDER
    if not folder.exists():
        aside = root / f"{FOLDER}.{os.getpid()}.partial"
        try:
            _fill(aside, settings or Settings())
            aside.rename(folder)
        except OSError as error:
            shutil.rmtree(aside, ignore_errors=True)
            if not folder.exists():  # else another process was faster
                raise StoreUnavailableError(f"cannot make a zencache project in {root}: {error}") from error
    return open_project(root)


def raise_format(folder: Path) -> bool:
    """Write the newest format into a project's settings, and keep all other lines; False if it is there.

    Only one process does so at a time. If it fails, raises SettingsError, which says what to write by hand.
    """
    file = (folder / "config.toml").resolve()
    try:
        text = file.read_bytes().decode("utf-8")
        data = tomllib.loads(text)
        if data.get("format", FORMAT) >= FORMAT:
            return False
        _replace(file, _raised(text, data).encode())
    except (OSError, ValueError) as error:
        raise SettingsError(
            f"{file} cannot be changed ({error}); write `format = {FORMAT}` in it, so that an older zencache "
            "leaves the store alone"
        ) from error
    return True


def _raised(text: str, data: dict[str, Any]) -> str:
    raised = _FORMAT_LINE.sub(rf"\g<1>{FORMAT}", text, count=1)
    if tomllib.loads(raised) != data | {"format": FORMAT}:
        raise ValueError("its line `format = …` was not found")
    return raised


def _replace(file: Path, data: bytes) -> None:
    """Replace a user's file and keep its permissions; after a power loss, either version is whole."""
    aside = file.with_name(f"{file.name}.partial")
    try:
        aside.unlink(missing_ok=True)
        with aside.open("wb") as written:
            written.write(data)
            written.flush()
            os.fsync(written.fileno())
        shutil.copymode(file, aside)
        aside.replace(file)
    except OSError:
        aside.unlink(missing_ok=True)
        raise


def _fill(folder: Path, settings: Settings) -> None:
    (folder / "artifacts").mkdir(parents=True)
    (folder / ".gitignore").write_text(_GITIGNORE, encoding="utf-8")
    values = settings.model_dump(exclude_unset=True, exclude={"cache", "artifact_store_options"})
    lines = [f"{name} = {_toml(value)}\n" for name, value in values.items()]
    if settings.artifact_store_options:
        lines += ["\n[artifact_store_options]\n"]
        lines += [f"{name} = {_toml(value)}\n" for name, value in settings.artifact_store_options.items()]
    (folder / "config.toml").write_text(_HEADER + "".join(lines), encoding="utf-8")


def _settings(data: dict[str, Any], file: Path) -> Settings:
    try:
        return Settings(**data)
    except CachePolicyError as error:
        raise SettingsError(f"{file}, [cache]: {error}") from error
    except ValidationError as error:
        problems = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
        names = ", ".join(Settings.model_fields)
        raise SettingsError(f"{file}: {problems} (settings: {names})") from error


def _toml(value: object) -> str:
    return json.dumps(value)  # of the types that settings have, TOML writes the same
