"""Signs content and digests secrets with keys that are kept outside of the records.

``ZENCACHE_SECRET_KEY``, or else the file `.zencache/secret.key`, is the key of the digests of secrets, so
that nobody can find a secret by trying values. ``ZENCACHE_SIGNING_KEY`` signs artifacts and snapshots that
run code when they are loaded. It is never in the project's folder, so that write access there does not allow
signing.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
from typing import TYPE_CHECKING, Any, Literal

from blake3 import blake3

from zencache.errors import SettingsError, StoreUnavailableError
from zencache.model.secrets import seal_of_process, sealing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from zencache.config import Project

SECRET_KEY = "ZENCACHE_SECRET_KEY"  # noqa: S105 - the name of a variable
SIGNING_KEY = "ZENCACHE_SIGNING_KEY"
_SHORTEST = 16  # bytes of a key that somebody chose
_FEWEST = 8  # different bytes in it: `aaaaaaaaaaaaaaaa` is no key
_SECOND = "2:"  # begins a signature that binds what loads the content
_BYTES = 32  # of a key that is made here

Kind = Literal["snapshot", "artifact"]
"""What is signed: a step's code, or an artifact that runs code when it is loaded."""


def secret_key(project: Project, *, create: bool) -> bytes | None:
    """Give the key of a project's secrets, 32 bytes; None if there is none and it must not be created."""
    key = _given(SECRET_KEY)
    if key is None:
        key = _read(project.secret_key) or (_made(project.secret_key) if create else None)
    if key is None:
        return None
    return blake3(key, derive_key_context="zencache 1 secrets among parameters").digest()


def sign(kind: Kind, digest: str) -> str | None:
    """Sign content by its digest, for one kind of use; None without a key."""
    key = _given(SIGNING_KEY)
    if key is None:
        return None
    return hmac.new(key, f"zencache-signature/1:{kind}:{digest}".encode(), hashlib.sha256).hexdigest()


def is_signed(kind: Kind, digest: str, signature: str) -> bool:
    """Say whether a signature is valid for content; raises SettingsError without a key."""
    expected = sign(kind, digest)
    if expected is None:
        raise SettingsError(
            f"this project demands signatures (require_signature = true), and {SIGNING_KEY} is not set; "
            "set it to the key that the project's results are signed with"
        )
    return hmac.compare_digest(expected.encode(), signature.encode("utf-8", "replace"))


def sign_artifact(digest: str, materializer: str, value_type: str) -> str | None:
    """Sign an artifact: its content, what loads it, and the type of its value; None without a key."""
    signature = sign("artifact", json.dumps(["2", digest, materializer, value_type]))
    return None if signature is None else f"{_SECOND}{signature}"


def is_artifact_signed(
    digest: str, materializer: str, value_type: str, signature: str, *, accept_first: bool
) -> bool:
    """Say whether a signature is valid for an artifact; raises SettingsError without a key.

    Signatures of the first version name the content alone; they count with `accept_first`.
    """
    if signature.startswith(_SECOND):
        signed = json.dumps(["2", digest, materializer, value_type])
        return is_signed("artifact", signed, signature.removeprefix(_SECOND))
    return is_signed("artifact", digest, signature) and accept_first


def check_signing(project: Project) -> None:
    """Raise SettingsError if the project demands signatures and this process has no usable key."""
    if project.settings.require_signature:
        is_signed("snapshot", "", "")
    else:
        _given(SIGNING_KEY)


def _given(variable: str) -> bytes | None:
    """Read a key from the environment; raises SettingsError for one that could be guessed."""
    text = os.environ.get(variable)
    if not text:
        return None
    key = os.fsencode(text)
    if len(key) < _SHORTEST or len(set(key)) < _FEWEST:
        raise SettingsError(
            f"{variable} can be guessed: a key has at least {_SHORTEST} bytes, of {_FEWEST} different ones. "
            "Make one with `python -c 'import secrets; print(secrets.token_hex(32))'`"
        )
    return key


def _read(file: Path) -> bytes | None:
    try:
        key = file.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise SettingsError(f"the key of the project's secrets, {file}, cannot be read: {error}") from error
    if len(key) != _BYTES:
        raise SettingsError(
            f"{file} is not a key of {_BYTES} bytes; put the project's own there again, or remove it: "
            "a new one is made, and steps with secrets run once more"
        )
    return key


def _made(file: Path) -> bytes:
    """Create the key of a project, readable by its owner only; another process may be faster."""
    aside = file.with_name(f"{file.name}.{os.getpid()}.{os.urandom(4).hex()}.partial")
    key = os.urandom(_BYTES)
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(key)
            opened.flush()
            os.fsync(opened.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(aside, file)
        aside.unlink()
    except OSError as error:
        raise StoreUnavailableError(
            f"cannot write {file}, the key of the project's secrets: {error}; or set {SECRET_KEY}"
        ) from error
    existing = _read(file)
    assert existing is not None
    return existing


def seal_of(project: Project | None, *, create: bool = False) -> Callable[[Any], str]:
    """Give what digests a project's secrets; its key is looked for when the first secret is met.

    Where there is no key, and none is to be made, nothing is recorded either: any digest will do.
    """
    sealers: list[Callable[[Any], str]] = []

    def seal(value: Any) -> str:
        if not sealers:
            key = secret_key(project, create=create) if project is not None else None
            sealers.append(seal_of_process if key is None else sealing(key))
        return sealers[0](value)

    return seal
