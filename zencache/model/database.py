"""Describes the database of the records, given by a URL: an SQLite file, or one of three kinds of server."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr

from zencache.errors import SettingsError

Kind = Literal["sqlite", "mysql", "postgresql", "grpc"]
_SCHEMES: dict[str, Kind] = {
    "sqlite": "sqlite",
    "mysql": "mysql",
    "mariadb": "mysql",
    "postgresql": "postgresql",
    "postgres": "postgresql",
    "grpc": "grpc",
}
_PORTS = {"mysql": 3306, "postgresql": 5432, "grpc": 8080}
_OPTIONS = {
    "sqlite": (),
    "mysql": ("timeout", "key", "cert", "ca", "capath", "cipher", "verify_server_cert"),
    "postgresql": ("timeout", "sslmode", "sslcert", "sslkey", "sslrootcert"),
    "grpc": ("timeout", "custom_ca", "client_key", "server_cert"),
}
"""Options after the `?`, by kind: those of a secure connection, in ML Metadata's names, and `timeout`."""
_TIMEOUT = 60.0  # seconds
_VARIABLE = re.compile(r"\$\{(\w+)\}")
_DATABASE = re.compile(r"[A-Za-z0-9_]+")
_EXAMPLES = "sqlite:///metadata.db, mysql://user:${PASSWORD}@host/name, postgresql://…, grpc://host:8080"


class Database(BaseModel):
    """A metadata store's address. Its text has no password.

    >>> Database.of("mysql://zen:s3cret@db.example.org/records")
    mysql://zen@db.example.org:3306/records
    >>> Database.of("sqlite:///records.db", root=Path("/data"))
    /data/records.db
    """

    model_config = ConfigDict(frozen=True)

    kind: Kind
    path: Path | None = None
    """Of SQLite: the file."""
    host: str = ""
    port: int = 0
    name: str = ""
    """Of a database server: the database."""
    user: str = ""
    password: SecretStr = SecretStr("")
    options: tuple[tuple[str, str], ...] = ()

    @classmethod
    def at(cls, path: Path) -> Database:
        """Give the SQLite database in a file."""
        return cls(kind="sqlite", path=path)

    @classmethod
    def of(cls, url: str, root: Path = Path()) -> Database:
        """Read a URL; a user or a password `${NAME}` is of the environment variable of that name.

        A relative SQLite path is below `root`. Raises SettingsError, which never tells the password.
        """
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:  # which may hold what was meant for the password
            raise SettingsError(
                f"the metadata store's URL cannot be read (in a password, write %40 for `@`, %2F for `/` "
                f"and so on); write one of {_EXAMPLES}"
            ) from None
        kind = _SCHEMES.get(parts.scheme)
        if kind is None:
            raise SettingsError(
                f"a metadata store cannot be at {parts.scheme or 'a URL without a scheme'}; "
                f"write one of {_EXAMPLES}"
            )
        if kind == "sqlite":
            return cls.at(_file(parts, root))
        return cls(
            kind=kind,
            host=parts.hostname or "",
            port=port or _PORTS[kind],
            name=_name(parts, kind),
            user=_filled(parts.username or ""),
            password=SecretStr(_filled(parts.password or "")),
            options=_options(parts, kind),
        ).checked()

    def checked(self) -> Database:
        """Return it, or raise SettingsError for a part that a connection lacks or does not use."""
        if self.kind == "grpc" and (self.user or self.password.get_secret_value()):
            raise SettingsError("a server of ML Metadata knows no users: write grpc://host:8080")
        if not self.host:
            raise SettingsError(
                f"the metadata store's URL ({self.kind}) names no host; write one of {_EXAMPLES}"
            )
        return self

    @property
    def is_server(self) -> bool:
        """Whether several machines can reach it."""
        return self.kind != "sqlite"

    @property
    def uses_proxy(self) -> bool:
        """Whether a proxy limits waits; not possible if a certificate must match the server's name."""
        is_named = self.secured.get("sslmode") == "verify-full" or "verify_server_cert" in self.secured
        return self.kind in ("mysql", "postgresql") and not is_named

    @property
    def timeout(self) -> float:
        """Seconds that a server has for an answer."""
        return float(dict(self.options).get("timeout", _TIMEOUT))

    @property
    def secured(self) -> dict[str, str]:
        """How the connection is secured."""
        return {name: value for name, value in self.options if name != "timeout"}

    def is_there(self) -> bool:
        """Say whether it may have records: a file that is not there has none."""
        return self.path is None or self.path.exists()

    def __str__(self) -> str:
        if self.path is not None:
            return str(self.path)
        user = f"{self.user}@" if self.user else ""
        return f"{self.kind}://{user}{self.host}:{self.port}" + (f"/{self.name}" if self.name else "")

    __repr__ = __str__


def contains_password(url: str) -> bool:
    """Say whether a URL holds a password itself, not the name of a variable that does."""
    try:
        password = urlsplit(url).password
    except ValueError:
        return "@" in url
    return bool(password) and not _VARIABLE.fullmatch(password or "")


def _file(parts: SplitResult, root: Path) -> Path:
    if parts.netloc or len(parts.path) <= 1:
        raise SettingsError(
            "an SQLite URL has three slashes before a relative path and four before an absolute one: "
            "sqlite:///records.db, sqlite:////data/records.db"
        )
    return root / unquote(parts.path[1:])


def _name(parts: SplitResult, kind: Kind) -> str:
    name = unquote(parts.path.strip("/"))
    if kind != "grpc" and not name:
        raise SettingsError(
            f"the metadata store's URL names no database: {kind}://{parts.hostname or 'host'}/NAME"
        )
    if kind != "grpc" and not _DATABASE.fullmatch(name):
        shown = (
            "what follows the host" if "@" in name else repr(name)
        )  # perhaps the end of a password with a `/`
        raise SettingsError(
            f"{shown} cannot be the name of a database: ML Metadata puts it into SQL as it is; "
            "use letters, digits and `_`"
        )
    return name


def _options(parts: SplitResult, kind: Kind) -> tuple[tuple[str, str], ...]:
    options = parse_qsl(parts.query, keep_blank_values=True)
    for name, _ in options:
        if name not in _OPTIONS[kind]:
            raise SettingsError(f"{name!r} is not an option of {kind}; known: {', '.join(_OPTIONS[kind])}")
    timeout = dict(options).get("timeout", "1")
    if not timeout.replace(".", "", 1).isdecimal() or not float(timeout):
        raise SettingsError(f"timeout={timeout} is not a number of seconds; write timeout=60, say")
    return tuple(sorted(options))


def _filled(text: str) -> str:
    """Give a user or a password: as it is written, or of the environment variable that `${NAME}` names."""
    variable = _VARIABLE.fullmatch(text)
    if variable is None:
        return unquote(text)
    if variable[1] not in os.environ:
        raise SettingsError(
            f"the metadata store's URL takes {text} from the environment, where it is not set; set it"
        )
    return os.environ[variable[1]]
