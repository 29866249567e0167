"""Represents secrets among parameters by keyed digests in texts and keys; their values are never written.

A secret is a `pydantic.SecretStr` or `SecretBytes`. In a text it is `{"$secret": ["str", digest]}`. Another
process that reads such a text gets a stand-in, which has the digest and refuses to give the value.
"""

from __future__ import annotations

import dataclasses
import os
from typing import TYPE_CHECKING, Any, get_args

from blake3 import blake3
from pydantic import BaseModel, SecretBytes, SecretStr

from zencache.errors import ParameterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

ENVIRONMENT = "ZENCACHE_SECRET_"
"""Before a parameter's name in capitals: the variable that gives its value where nothing else does."""
_KEY = "KEY"  # what the variable of the project's own key ends with
_MARK = '{"$secret":['


def is_secret(value: Any) -> bool:
    """Say whether a value is one of pydantic's secrets.

    >>> is_secret(SecretStr("a")), is_secret("a")
    (True, False)
    """
    return hasattr(type(value), "get_secret_value")


def is_for_secrets(annotation: Any) -> bool:
    """Say whether values of an annotated type are secrets, or hold some.

    >>> is_for_secrets(SecretStr), is_for_secrets(list[SecretStr] | None), is_for_secrets(str)
    (True, True, False)
    """
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return any(is_for_secrets(field.annotation) for field in annotation.model_fields.values())
    return hasattr(annotation, "get_secret_value") or any(map(is_for_secrets, get_args(annotation)))


def wrapped(value: Any, annotation: Any) -> Any:
    """Give a plain text or plain bytes as a secret where one is wanted; any other value as it is."""
    accepted = (annotation, *get_args(annotation))
    if type(value) is str and SecretStr in accepted:
        return SecretStr(value)
    if type(value) is bytes and SecretBytes in accepted:
        return SecretBytes(value)
    return value


def secrets_in(value: Any) -> Iterator[Any]:
    """List the secrets in a parameter's value, however deep."""
    if is_secret(value):
        yield value
    elif isinstance(value, dict):
        yield from secrets_in([*value, *value.values()])
    elif isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from secrets_in(item)
    elif isinstance(value, BaseModel):
        yield from secrets_in({**dict(value), **(value.model_extra or {})})
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from secrets_in([getattr(value, field.name) for field in dataclasses.fields(value)])


# -- in texts ---------------------------------------------------------------------------------------


def encoded(value: Any, seal: Callable[[Any], str]) -> Any:
    """Write a secret as what stands for it."""
    kind = "bytes" if isinstance(value, SecretBytes) else "str"
    return {"$secret": [kind, value.digest if isinstance(value, Absent) else seal(value)]}


def holds_secret(text: str) -> bool:
    """Say whether a parameter's text has a secret in it."""
    return _MARK in text


def shown(text: str) -> str:
    """Give a parameter's text as people may see it.

    >>> shown('{"$secret":["str","ab12"]}'), shown('0.5')
    ('(a secret)', '0.5')
    """
    return "(a secret)" if holds_secret(text) else text


def unsealed(value: Any) -> str:  # noqa: ARG001 - a seal takes the value
    """Stand for a secret where there is no key yet: before a pipeline runs, or is planned."""
    return ""


def sealing(key: bytes) -> Callable[[Any], str]:
    """Give what digests secrets with a key: without it nobody finds a value by trying.

    >>> one, other = sealing(b"1" * 32), sealing(b"2" * 32)
    >>> one(SecretStr("a")) == one(SecretStr("a")), one(SecretStr("a")) == other(SecretStr("a"))
    (True, False)
    >>> one(SecretStr("a")) == one(SecretBytes(b"a"))
    False
    """

    def seal(value: Any) -> str:
        inner = value.get_secret_value()
        data = inner if isinstance(inner, bytes) else str(inner).encode("utf-8", "surrogatepass")
        kind = b"b" if isinstance(inner, bytes) else b"s" if isinstance(inner, str) else b"o"
        return blake3(kind + data, key=key).hexdigest()

    return seal


_process_key = os.urandom(32)


def seal_of_process(value: Any) -> str:
    """Digest a secret for comparisons within this process, if no project or record is involved."""
    return sealing(_process_key)(value)


# -- in another process -----------------------------------------------------------------------------


class Absent:
    """A secret whose value this process was not given: it counts as what was recorded of it."""

    def __init__(self, digest: str, name: str = "") -> None:
        self.digest = digest
        self.name = name
        self._secret_value: Any = "hidden"  # noqa: S105 - pydantic shows asterisks of it

    def get_secret_value(self) -> Any:
        """Say how to give the value."""
        raise ParameterError(missing_secrets_message({self.name: self}))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Absent) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)


class AbsentStr(Absent, SecretStr):
    """A text."""


class AbsentBytes(Absent, SecretBytes):
    """Bytes."""


def decoded(data: tuple[str, str]) -> Absent:
    """Give the stand-in for what `encoded` wrote."""
    kind, digest = data
    return AbsentBytes(digest) if kind == "bytes" else AbsentStr(digest)


def is_absent(value: Any) -> bool:
    """Say whether a parameter's value lacks a secret."""
    return any(isinstance(secret, Absent) for secret in secrets_in(value))


def filled(name: str, value: Any) -> Any:
    """Give a recorded parameter with its secret's value from the environment, where it is there."""
    for secret in secrets_in(value):
        if isinstance(secret, Absent):
            secret.name = name
    text = os.environ.get(ENVIRONMENT + name.upper()) if name.upper() != _KEY else None
    if text is None or not isinstance(value, Absent):
        return value
    return SecretBytes(os.fsencode(text)) if isinstance(value, SecretBytes) else SecretStr(text)


def missing_secrets_message(lacking: Mapping[str, Any]) -> str:
    """Say in one sentence how to supply the secrets that a recorded pipeline lacks."""
    names = ", ".join(lacking)
    call = ", ".join(f"{name}=…" for name in lacking)
    alone = [name.upper() for name, value in lacking.items() if isinstance(value, Absent)]
    variables = [ENVIRONMENT + name for name in alone if name != _KEY]
    environment = f", set {', '.join(variables)} in the environment" if variables else ""
    return (
        f"the value of the secret {names} is not recorded: "
        f"give it with `pipeline.with_secrets({call})`{environment}, "
        "or call the pipeline's function with it again"
    )
