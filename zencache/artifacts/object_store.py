"""Requests to the object store of a uri through fsspec, each repeated while its error is transient."""

from __future__ import annotations

import base64
import contextlib
import hashlib
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from zencache.artifacts.filesystems import file_system, redacted
from zencache.artifacts.manifest import MANIFEST
from zencache.errors import StoreUnavailableError
from zencache.tracking.audit_events import disown
from zencache.util.backoff import AttemptsExhaustedError, Retry

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from zencache.config import Project

_T = TypeVar("_T")
_Item = TypeVar("_Item")
MISSING = (FileNotFoundError, NotADirectoryError)
"""Errors of a request for a file that is not there."""
CONCURRENT_REQUESTS = 8
"""Requests for the files of one artifact, or artifacts, that are in flight at once."""
PART = 16 * 2**20
"""Bytes that one request reads."""
RETRY = Retry()
"""How requests are retried, unless a store is given something else."""
_ANSWERS = (*MISSING, IsADirectoryError, StoreUnavailableError)
"""Errors that answer a request: they are for the caller."""
_PERMANENT = (PermissionError, ImportError, NotImplementedError, TypeError, ValueError, AttributeError)
_CREDENTIALS = frozenset(
    {
        "ClientAuthenticationError",
        "DefaultCredentialsError",
        "NoCredentialsError",
        "PartialCredentialsError",
        "ProfileNotFound",
        "RefreshError",
    }
)
"""Names of the backends' errors for bad credentials, so that no backend is imported here."""


class ObjectStore:
    """Object stores by uri: of a project's setting, and of what its records name."""

    def __init__(self, project: Project, retry: Retry | None = None) -> None:
        self._project = project
        self._retry = retry or RETRY

    def at(self, uri: str) -> tuple[Any, str]:
        """Give the file system of a uri, and its path there."""
        configured = urlsplit(self._project.artifact_store or "").scheme
        is_configured = configured == urlsplit(uri).scheme
        options = self._project.settings.artifact_store_options if is_configured else {}
        fs = file_system(uri, options)
        return fs, str(fs._strip_protocol(uri)).rstrip("/")  # noqa: SLF001 - fsspec has no public name for it

    def request(self, uri: str, send: Callable[[Any, str], _T], name: str = "") -> _T:
        """Call `send` with the file system and path of a uri, or of a file below it, until it succeeds.

        Raises FileNotFoundError and its kin as they are, else StoreUnavailableError, which names the uri.
        """
        fs, path = self.at(uri)
        target, shown = (f"{path}/{name}", f"{uri}/{name}") if name else (path, uri)
        try:
            return self._retry(lambda: send(fs, target), _is_transient)
        except _ANSWERS:
            raise
        except AttemptsExhaustedError as failure:
            cause = failure.__cause__ or failure
            raise _unavailable(shown, cause, f"after {failure.attempts} attempts") from cause
        except Exception as error:
            raise _unavailable(shown, error, "and trying again would not help") from error

    def listing(self, uri: str) -> dict[str, Mapping[str, Any]]:
        """Give the files below a uri by their relative names, with what the store says of each."""
        _, path = self.at(uri)
        try:
            info_by_path = self.request(uri, lambda fs, there: fs.find(there, detail=True))
        except MISSING:
            return {}
        start = f"{path}/"
        return {
            name.removeprefix(start): info
            for name, info in info_by_path.items()
            if name.startswith(start) and info.get("type", "file") == "file"
        }

    def listings(self, uris: Sequence[str]) -> dict[str, dict[str, Mapping[str, Any]]]:
        """Give the listing of each of many uris."""
        return dict(zip(uris, in_parallel(self.listing, uris), strict=True))

    def read(self, uri: str, name: str) -> bytes:
        """Read a file below a uri; raises FileNotFoundError if it is not there."""
        return bytes(self.request(uri, lambda fs, path: fs.cat_file(path), name))

    def read_range(self, uri: str, name: str, start: int, end: int) -> bytes:
        """Read a range of a file below a uri: nothing if the file is not there."""
        try:
            return bytes(self.request(uri, lambda fs, path: fs.cat_file(path, start=start, end=end), name))
        except MISSING:
            return b""

    def read_parts(self, uri: str, name: str, size: int) -> Iterator[bytes]:
        """Read a file of a known size part by part, and keep nothing."""
        for start in range(0, size, PART):
            yield self.read_range(uri, name, start, min(size, start + PART))

    def remove(self, uri: str, names: Iterable[str]) -> None:
        """Delete files below a uri, a manifest first: without it the others are no artifact."""

        def remove_one(name: str) -> None:
            with contextlib.suppress(*MISSING):
                self.request(uri, lambda fs, path: fs.rm_file(path), name)

        others = []
        for name in names:
            if name == MANIFEST:
                remove_one(name)
            else:
                others.append(name)
        in_parallel(remove_one, others)

    def remove_all(self, uri: str) -> None:
        """Delete all files below a uri, a manifest first."""
        self.remove(uri, list(self.listing(uri)))


def in_parallel(call: Callable[[_Item], _T], items: Iterable[_Item]) -> list[_T]:
    """Call for each item, several at a time; give the results in order.

    Raises the first error, once the calls that had begun have ended.
    """
    arguments = list(items)
    if len(arguments) < 2:  # noqa: PLR2004 - one needs no threads
        return [call(argument) for argument in arguments]
    with ThreadPoolExecutor(min(CONCURRENT_REQUESTS, len(arguments)), initializer=disown) as threads:
        jobs = [threads.submit(call, argument) for argument in arguments]
        try:
            return [job.result() for job in jobs]
        finally:
            threads.shutdown(wait=True, cancel_futures=True)


def is_uploaded(file: Path, size: int, info: Mapping[str, Any] | None) -> bool:
    """Say whether an object is a file's content, by its size and the checksum that the store gives."""
    if info is None or info["size"] != size:
        return False
    checksum = _md5(info)
    if checksum is None:
        return False
    hasher = hashlib.md5(usedforsecurity=False)
    with file.open("rb") as opened:
        while chunk := opened.read(2**20):
            hasher.update(chunk)
    return hasher.hexdigest() == checksum


def _md5(info: Mapping[str, Any]) -> str | None:
    """Read the MD5 of an object as S3 (of an upload in one part), GCS and Azure give it."""
    tag = str(info.get("ETag", "")).strip('"')
    if len(tag) == 32 and "-" not in tag:  # noqa: PLR2004 - digits of an MD5
        return tag
    checksum = info.get("md5Hash") or (info.get("content_settings") or {}).get("content_md5")
    if isinstance(checksum, str):
        checksum = base64.b64decode(checksum)
    return bytes(checksum).hex() if checksum else None


def _is_transient(error: Exception) -> bool:
    return not isinstance(error, (*_ANSWERS, *_PERMANENT)) and type(error).__name__ not in _CREDENTIALS


def _unavailable(uri: str, error: BaseException, attempts: str) -> StoreUnavailableError:
    cause = redacted(f"{type(error).__name__}: {error}")
    return StoreUnavailableError(
        f"the artifact store failed at {redacted(uri)}, {attempts}: {cause}. Check that it can be reached, "
        "and that the credentials of its backend (environment variables, its own files) allow reading and "
        "writing; then run again"
    )
