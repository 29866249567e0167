"""fsspec's file systems by URL: opened once a process, without secrets in settings or messages."""

from __future__ import annotations

import json
import re
import threading
import warnings
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import fsspec

from zencache.errors import SettingsError
from zencache.util.distributions import install_advice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_EXTRAS = {
    "abfs": "azure",
    "abfss": "azure",
    "adl": "azure",
    "az": "azure",
    "gcs": "gcs",
    "gs": "gcs",
    "s3": "s3",
    "s3a": "s3",
}
_SECRET = frozenset(
    {
        "account_key",
        "aws_access_key_id",
        "aws_secret_access_key",
        "aws_session_token",
        "client_secret",
        "connection_string",
        "credential",
        "key",
        "password",
        "sas_token",
        "secret",
        "token",
    }
)
_TOKEN_SOURCES = ("anon", "cloud", "google_default")
"""Values of gcsfs's `token` that name a source of credentials, and are no secret."""
_DEFAULTS: dict[str, dict[str, Any]] = {
    # The attempts of each layer multiply: without this it takes minutes to report a dead endpoint.
    "s3": {"config_kwargs": {"retries": {"total_max_attempts": 1}}},
}
_USER = re.compile(r"(?<=://)[^/@\s]*:[^/@\s]*@")
_QUERY = re.compile(r"(\w://[^\s?]*)\?\S+")
_lock = threading.Lock()
_opened: dict[tuple[str, str], Any] = {}


def redacted(text: str) -> str:
    """Remove credentials from the URLs in a text: what is before an `@`, and signatures.

    >>> redacted("cannot reach https://me:secret@host/bucket?X-Amz-Signature=1f: timeout")
    'cannot reach https://host/bucket?… timeout'
    """
    return _QUERY.sub(r"\1?…", _USER.sub("", text))


def checked(url: str) -> str:
    """Give a store's URL without a slash at its end; raises SettingsError if it holds credentials.

    >>> checked("s3://bucket/prefix/")
    's3://bucket/prefix'
    """
    parts = urlsplit(url)
    is_user = parts.username is not None and _EXTRAS.get(parts.scheme) != "azure"  # container@account
    if parts.password is not None or is_user or parts.query:
        raise SettingsError(
            f"the artifact store's URL {redacted(url)} holds credentials or a query, and URLs are printed "
            "and recorded; write scheme://bucket/prefix, and give credentials as the backend takes them "
            "(AWS_ACCESS_KEY_ID, GOOGLE_APPLICATION_CREDENTIALS, AZURE_STORAGE_CONNECTION_STRING, its own "
            "files)"
        )
    if not parts.netloc and parts.scheme != "memory":
        raise SettingsError(f"the artifact store's URL {url!r} names no bucket; write scheme://bucket/prefix")
    return url.rstrip("/")


def file_system(url: str, options: Mapping[str, Any]) -> Any:
    """Give the fsspec file system of a URL, opened once a process.

    Raises SettingsError for an unknown scheme, one that needs an extra, and options that hold secrets.
    """
    scheme = urlsplit(url).scheme
    key = (scheme, json.dumps(options, sort_keys=True, default=str))
    with _lock:
        if key not in _opened:
            _opened[key] = _open(scheme, options)
        return _opened[key]


def _secrets(options: Mapping[str, Any]) -> Iterator[str]:
    for name, value in options.items():
        if isinstance(value, dict):
            yield from _secrets(value)
        elif name.lower() in _SECRET and value not in _TOKEN_SOURCES:
            yield name


def _open(scheme: str, options: Mapping[str, Any]) -> Any:
    secrets = sorted(_secrets(options))
    if secrets:
        raise SettingsError(
            f"[artifact_store_options] holds {', '.join(secrets)}: settings are committed, so secrets have "
            "no place in them. Give credentials as the backend takes them (environment variables, its own "
            "files)"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # Google's libraries on Python 3.10
            kind = fsspec.get_filesystem_class(scheme)
            # Other processes write too, so no listing is cached.
            arguments = {**_DEFAULTS.get("s3" if scheme == "s3a" else scheme, {}), **options}
            fs = kind(use_listings_cache=False, skip_instance_cache=True, **arguments)
    except ImportError as error:
        extra = _EXTRAS.get(scheme)
        advice = install_advice(extra) if extra else str(error)
        raise SettingsError(f"an artifact store at {scheme}:// needs another package: {advice}") from error
    except (TypeError, ValueError) as error:
        raise SettingsError(
            f"cannot use an artifact store at {scheme}://: {redacted(str(error))}. Use a folder, s3://, "
            "gs://, az://, or another that fsspec knows, and check [artifact_store_options]"
        ) from error
    if scheme in ("s3", "s3a"):
        fs.retries = 2  # as above; one part of a large file is worth a second attempt before all of it
    return fs
