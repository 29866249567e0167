"""Trying again what a network lost, a bounded number of times."""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from zencache.errors import StoreUnavailableError
from zencache.util.backoff import growing

if TYPE_CHECKING:
    from collections.abc import Callable

_T = TypeVar("_T")
_MISSING = (FileNotFoundError, NotADirectoryError, IsADirectoryError)
"""What an answer says of what was asked for: it is for the caller."""
_FINAL = (PermissionError, ImportError, NotImplementedError, TypeError, ValueError, AttributeError)
_WITHOUT_CREDENTIALS = frozenset(
    {
        "ClientAuthenticationError",
        "DefaultCredentialsError",
        "NoCredentialsError",
        "PartialCredentialsError",
        "ProfileNotFound",
        "RefreshError",
    }
)
"""Errors of the backends that no waiting mends, by name: none of them is imported here."""
_USER = re.compile(r"(?<=://)[^/@\s]*:[^/@\s]*@")
_QUERY = re.compile(r"(\w://[^\s?]*)\?\S+")


def redacted(text: str) -> str:
    """Take credentials out of the URLs in a text: what is before an `@`, and signatures.

    >>> redacted("cannot reach https://me:secret@host/bucket?X-Amz-Signature=1f: timeout")
    'cannot reach https://host/bucket?… timeout'
    """
    return _QUERY.sub(r"\1?…", _USER.sub("", text))


class _Again:
    """Says that a call is to be made again."""


@dataclass(frozen=True)
class Retry:
    """How often something is tried, and how long it waits between: twice as long each time, by a random part less.

    >>> from itertools import count
    >>> tries = count(1)
    >>> def shaky():
    ...     if next(tries) < 3:
    ...         raise ConnectionResetError("lost")
    ...     return "done"
    >>> Retry(first=0)("s3://bucket/a", shaky)
    'done'
    """

    attempts: int = 6
    first: float = 0.2
    """Seconds."""
    longest: float = 10.0

    def __call__(self, url: str, call: Callable[[], _T]) -> _T:
        """Call until it succeeds; raises StoreUnavailableError that names the url when it does not.

        That something is not there is an answer, and is raised as it is.
        """
        attempt, waits = 1, growing(self.first, self.longest)
        while isinstance(found := self._tried(url, call, attempt), _Again):
            time.sleep(next(waits))
            attempt += 1
        return found

    def _tried(self, url: str, call: Callable[[], _T], attempt: int) -> _T | _Again:
        try:
            return call()
        except (*_MISSING, StoreUnavailableError):
            raise
        except Exception as error:
            if attempt >= self.attempts or _is_final(error):
                raise StoreUnavailableError(_told(url, error, attempt)) from error
            return _Again()


def _is_final(error: BaseException) -> bool:
    return isinstance(error, _FINAL) or type(error).__name__ in _WITHOUT_CREDENTIALS


def _told(url: str, error: BaseException, attempts: int) -> str:
    tried = f"after {attempts} attempts" if attempts > 1 else "and trying again would not help"
    said = redacted(f"{type(error).__name__}: {error}")
    return (
        f"the artifact store failed at {redacted(url)}, {tried}: {said}. Check that it can be reached, and that the "
        "credentials of its backend (environment variables, its own files) allow reading and writing; then run again"
    )
