"""Writes plain values as JSON that keeps their types, for parameters, small artifacts and digests.

JSON's own values stand for themselves; every other type is an object with one key that starts with `$`::

    None, bool, int, str, float      null, true, 1, "a", 1.5
    list                             [...]
    dict with plain str keys         {...}
    any other dict                   {"$dict": [[key, value], ...]}
    tuple, set, frozenset            {"$tuple": [...]}, {"$set": [...]}, {"$frozenset": [...]}
    nan, inf, -inf                   {"$float": "nan"}
    int of more than 4,300 digits    {"$int": "0x…"}
    complex                          {"$complex": [real, imag]}
    bytes                            {"$bytes": base64}
    datetime, date, time, timedelta  {"$datetime": [ISO 8601, fold]}, …, {"$timedelta": [days, seconds, µs]}
    a time in a zone with a name     {"$datetime": [ISO 8601, fold, [class of the zone, name]]}
    a zone itself                    {"$zone": [class of the zone, name]}
    Decimal, UUID, Path              {"$decimal": "1.10"}, {"$uuid": …}, {"$path": "a/b"}
    a path of another kind           {"$purepath": ["PureWindowsPath", text]}
    objects with a class             {"$enum": …}, {"$model": …}, {"$dataclass": …}, {"$object": …}
    an unsorted dict, in a key only  {"$unsorted": [[key, value], ...]}
    a numpy scalar                   {"$numpy": [dtype, value]}
    a secret, of parameters only     {"$secret": ["str" or "bytes", keyed digest]}
    what only a materializer stores  {"$leaf": [number, materializer]}, in artifacts only
    a Path to a file or folder       likewise, in artifacts only: its content is stored, too
    the place of an output           {"$output": number}, of parameters only
    what a key alone has             {"$opaque": [class, digest]}, an attribute of a parameter's object

`object_values` has the forms of objects with a class, `time_values` those of zones.

So `1`, `1.0`, `True` and `"1"` have different texts, and no two values of these types share one.
"""

from __future__ import annotations

import base64
import json
import math
import os
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any
from uuid import UUID

from blake3 import blake3
from pydantic import SecretBytes, SecretStr

from zencache.errors import MaterializerError
from zencache.model import secrets
from zencache.model.types import type_name

if TYPE_CHECKING:
    from collections.abc import Sequence

_TOO_LONG = 10**4300
"""Python writes and reads shorter integers only as decimal digits."""
Seal = Callable[[Any], str]
"""Gives the digest that stands for a secret."""
Leaf = Callable[[Any], Any]
"""Gives what stands for a value in a text, or the value that it stands for."""
_A_PATH = Path()


@dataclass(frozen=True)
class Encoding:
    """How the values inside of an object are written."""

    inner: Callable[[Any, Encoding], Any]
    seal: Seal | None = None
    """Gives what stands for a secret. With it the text is a parameter's."""
    leaf: Leaf | None = None
    """Gives what stands for a value that is not plain."""

    def __call__(self, value: Any) -> Any:
        """Write a value."""
        return self.inner(value, self)


@dataclass(frozen=True)
class OutputPlace:
    """Stands for another step's output inside of an argument: its number among the argument's inputs."""

    number: int

    def __repr__(self) -> str:
        return f"<output {self.number}>"


PLAIN_TYPES = (
    *(type(None), bool, int, float, complex, str, bytes, list, tuple, set, frozenset, dict),
    *(datetime, date, time, timedelta, Decimal, UUID),
)


def to_text(value: Any, seal: Seal | None = None, leaf: Leaf | None = None) -> str:
    """Write a value as one line of JSON; raises MaterializerError for what has no faithful text.

    `seal` gives what stands for a secret, which is refused without it. With it, the text is a parameter's:
    attributes that are not plain count by their content, where that can be digested. `leaf` gives what
    stands for a value that is not plain; without it such a value is refused.

    >>> to_text({"b": 1, "a": (1.0, b"x")})
    '{"b":1,"a":{"$tuple":[1.0,{"$bytes":"eA=="}]}}'
    >>> to_text({1: "a"})
    '{"$dict":[[1,"a"]]}'
    """
    try:
        return json.dumps(encode(value, seal, leaf), separators=(",", ":"), allow_nan=False)
    except RecursionError as error:
        raise MaterializerError(
            f"this {type_name(type(value))} is nested too deep to be stored, or contains itself"
        ) from error


def private_texts(model: Any, seal: Seal) -> dict[str, str]:
    """Write the private attributes of a parameters model that are not its defaults, each as a text."""
    from zencache.model import object_values  # noqa: PLC0415 - few declarations have such objects

    attributes = object_values.private_attributes(model)
    extra = object_values.extra_parts(type(model), attributes, Encoding(_encode, seal))
    attributes = extra[0] if extra else {}
    return {name: json.dumps(data, separators=(",", ":")) for name, data in attributes.items()}


def canonical_text(text: str, *, keep_order: bool = False) -> str:
    """Normalize a text of `to_text`, so that equal mappings have equal texts in any order.

    Attributes that differ between processes are left out.
    With `keep_order`, a mapping whose keys are not sorted keeps their order, because code can see it.
    A mapping with sorted keys has one text.

    >>> canonical_text('{"b":1,"a":{"$dict":[[2,0],[1,0]]}}')
    '{"a":{"$dict":[[1,0],[2,0]]},"b":1}'
    >>> canonical_text('{"b":1,"a":2}', keep_order=True), canonical_text('{"a":2,"b":1}', keep_order=True)
    ('{"$unsorted":[["b",1],["a",2]]}', '{"a":2,"b":1}')
    """
    data = _without_process(json.loads(text))
    return _text(_with_order(data) if keep_order else _with_sorted_pairs(data))


def _without_process(data: Any) -> Any:
    """Leave out the attributes of models and dataclasses that differ between processes."""
    if isinstance(data, list):
        return [_without_process(item) for item in data]
    if not isinstance(data, dict):
        return data
    match data:
        case (
            {"$model": [name, fields, more, _]}
            | {"$dataclass": [name, fields, more, _]}
            | {"$object": [name, fields, more, _]}
        ) if len(data) == 1:
            parts = [name, fields, more] if more else [name, fields]
            return {next(iter(data)): _without_process(parts)}
    return {key: _without_process(item) for key, item in data.items()}


def _with_sorted_pairs(data: Any) -> Any:
    if isinstance(data, list):
        return [_with_sorted_pairs(item) for item in data]
    if not isinstance(data, dict):
        return data
    inner = {key: _with_sorted_pairs(item) for key, item in data.items()}
    return {"$dict": sorted(inner["$dict"], key=_text)} if inner.keys() == {"$dict"} else inner


def _with_order(data: Any) -> Any:
    """Mark the mappings that are not sorted; fields have the order of their class."""
    if isinstance(data, list):
        return [_with_order(item) for item in data]
    if not isinstance(data, dict):
        return data
    match data:
        case {"$model": [name, fields, *more]} | {"$dataclass": [name, fields, *more]} if len(data) == 1:
            inner = {key: _with_order(item) for key, item in fields.items()}
            return {next(iter(data)): [name, inner, *map(_with_order, more)]}
        case {"$dict": pairs} if len(data) == 1:
            pairs = _with_order(pairs)
            return {"$dict": pairs} if pairs == sorted(pairs, key=_text) else {"$unsorted": pairs}
    inner = {key: _with_order(item) for key, item in data.items()}
    return inner if list(inner) == sorted(inner) else {"$unsorted": [list(pair) for pair in inner.items()]}


def from_text(text: str, leaf: Leaf | None = None) -> Any:
    """Read what `to_text` wrote; `leaf` gives the value that `[number, materializer]` stands for.

    >>> from_text(to_text({1: {2, 3}})) == {1: {2, 3}}
    True
    """
    if leaf is None:
        return decode(json.loads(text))
    token = _leaf_reader.set(leaf)
    try:
        return decode(json.loads(text))
    finally:
        _leaf_reader.reset(token)


def is_faithful_by_construction(text: str) -> bool:
    """Say whether a text holds plain values alone, which always come back as they were.

    >>> is_faithful_by_construction('{"a":[1]}'), is_faithful_by_construction('{"$enum":["a:B","C",1]}')
    (True, False)
    """
    return not any(mark in text for mark in _DOUBTFUL)


_DOUBTFUL = tuple(
    f'"${name}"'
    for name in ("enum", "model", "dataclass", "object", "numpy", "zone", "datetime", "time", "purepath")
)
_leaf_reader: ContextVar[Leaf | None] = ContextVar("leaf_reader", default=None)


def encode(value: Any, seal: Seal | None = None, leaf: Leaf | None = None) -> Any:
    """Turn a value into what `json.dumps` takes; raises MaterializerError for a type that is not plain."""
    return _encode(value, Encoding(_encode, seal, leaf))


def _encode(value: Any, how: Encoding) -> Any:  # noqa: PLR0911 - one line a kind
    kind = type(value)
    if kind is int and not -_TOO_LONG < value < _TOO_LONG:
        return {"$int": hex(value)}
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        return value if math.isfinite(value) else {"$float": repr(value)}
    if kind is list:
        return [_encode(item, how) for item in value]
    if kind is dict:
        return _encode_dict(value, how)
    if kind in (tuple, set, frozenset):
        items = [_encode(item, how) for item in value]
        return {f"${kind.__name__}": items if kind is tuple else sorted(items, key=_text)}
    if kind in _SCALARS and (kind not in (datetime, time) or value.tzinfo is None):
        name, to_json, _ = _SCALARS[kind]
        return {f"${name}": to_json(value)}
    return _encode_object(value, how)


def _encode_dict(value: dict[Any, Any], how: Encoding) -> Any:
    if all(type(key) is str and not key.startswith("$") for key in value):
        return {key: _encode(item, how) for key, item in value.items()}
    keys = Encoding(how.inner, how.seal) if any(type(key) is type(_A_PATH) for key in value) else how
    return {"$dict": [[_encode(k, keys), _encode(v, how)] for k, v in value.items()]}


def _encode_object(value: Any, how: Encoding) -> Any:
    if secrets.is_secret(value):
        return _encode_secret(value, how.seal)
    if type(value) in (type(_A_PATH), PurePosixPath, PureWindowsPath):
        return _encode_path(value, how)
    from zencache.model import object_values, time_values  # noqa: PLC0415 - few steps have such values

    if time_values.is_named_zone(value):
        return {"$zone": time_values.zone_parts(value)}
    if type(value) in (datetime, time) and (how.seal is not None or time_values.has_named_zone(value)):
        parts = time_values.parts(value)
        if not time_values.has_named_zone(value):
            parts[2] += object_values.parts_of_zone(value.tzinfo, how)
        return {f"${type(value).__name__}": parts}
    data = {"$output": value.number} if type(value) is OutputPlace else object_values.encoded(value, how)
    if data is not None:
        return data
    if how.leaf is not None:
        return {"$leaf": how.leaf(value)}
    raise MaterializerError(
        f"a value of type {type_name(type(value))} is not a plain value; "
        "pass it from step to step as an output, or turn it into numbers, strings, lists or dicts"
    )


def _encode_path(value: PurePath, how: Encoding) -> Any:
    if type(value) is not type(_A_PATH):
        return {"$purepath": [type(value).__name__, str(value)]}
    if how.leaf is not None and has_content(value):
        return {"$leaf": how.leaf(value)}
    return {"$path": value.as_posix()}


def has_content(path: Path) -> bool:
    """Say whether a path names a file, or a folder other than the working folder and those above it."""
    text = os.path.realpath(path)
    if os.path.isdir(text):  # noqa: PTH112 - takes any text
        return not f"{os.path.realpath('.')}/".startswith(f"{text.rstrip('/')}/")
    return os.path.isfile(text)  # noqa: PTH113 - likewise


def _encode_secret(value: Any, seal: Seal | None) -> Any:
    if seal is None:
        raise MaterializerError(
            f"a {type(value).__name__} is a secret, which is never stored; "
            "give it as a parameter to each step that needs it, and return what is made with it"
        )
    if not isinstance(value, SecretStr | SecretBytes):
        raise MaterializerError(
            f"a secret of type {type_name(type(value))} cannot be a parameter; "
            "give a SecretStr or SecretBytes"
        )
    return secrets.encoded(value, seal)


def decode(data: Any) -> Any:
    """Turn back what `encode` made; classes are imported by their names."""
    if isinstance(data, list):
        return [decode(item) for item in data]
    if not isinstance(data, dict):
        return data
    tag = next(iter(data), "")
    if len(data) == 1 and tag.startswith("$"):
        return _DECODERS[tag](data[tag])
    return {key: decode(item) for key, item in data.items()}


def _text(data: Any) -> str:
    return json.dumps(data, sort_keys=True, separators=(",", ":"), allow_nan=False)


def _decode_purepath(data: Sequence[str]) -> PurePath:
    kinds = {"PureWindowsPath": PureWindowsPath, "PurePosixPath": PurePosixPath}
    return kinds.get(data[0], PurePath)(data[1])


def _decode_leaf(data: Any) -> Any:
    read = _leaf_reader.get()
    if read is None:
        raise MaterializerError("a part of this value is stored beside its text, which is read alone here")
    return read(data)


def _decode_object(kind: str, data: Any) -> Any:
    from zencache.model.object_values import DECODERS  # noqa: PLC0415 - few steps have such values

    return DECODERS[kind](decode, data)


def _decode_zone(data: Any) -> Any:
    from zencache.model.time_values import zone  # noqa: PLC0415 - likewise

    return zone(*data)


def _time_parts(value: datetime | time) -> list[Any]:
    return [value.isoformat(), value.fold]


def _in_zone(value: Any, data: Sequence[Any]) -> Any:
    if len(data) <= 2:  # noqa: PLR2004 - the third item is a zone
        return value.replace(fold=data[1])
    from zencache.model.time_values import in_zone  # noqa: PLC0415 - likewise

    return in_zone(value, data)


def _timedelta_parts(value: timedelta) -> list[int]:
    return [value.days, value.seconds, value.microseconds]


_Codec = tuple[str, "Callable[[Any], Any]", "Callable[[Any], Any]"]
_SCALARS: dict[type, _Codec] = {
    complex: ("complex", lambda v: [encode(v.real), encode(v.imag)], lambda d: complex(*map(decode, d))),
    bytes: ("bytes", lambda v: base64.b64encode(v).decode(), base64.b64decode),
    datetime: ("datetime", _time_parts, lambda d: _in_zone(datetime.fromisoformat(d[0]), d)),
    date: ("date", date.isoformat, date.fromisoformat),
    time: ("time", _time_parts, lambda d: _in_zone(time.fromisoformat(d[0]), d)),
    timedelta: ("timedelta", _timedelta_parts, lambda d: timedelta(*d)),
    Decimal: ("decimal", str, Decimal),
    UUID: ("uuid", str, UUID),
}
_DECODERS: dict[str, Callable[[Any], Any]] = {
    **{f"${name}": from_json for name, _, from_json in _SCALARS.values()},
    "$float": float,
    "$int": lambda text: int(text, 16),
    "$tuple": lambda items: tuple(map(decode, items)),
    "$set": lambda items: set(map(decode, items)),
    "$frozenset": lambda items: frozenset(map(decode, items)),
    "$dict": lambda pairs: {decode(key): decode(value) for key, value in pairs},
    "$unsorted": lambda pairs: {decode(key): decode(value) for key, value in pairs},
    "$path": Path,
    "$purepath": _decode_purepath,
    "$zone": _decode_zone,
    **{
        f"${name}": partial(_decode_object, name)
        for name in ("enum", "model", "dataclass", "object", "numpy")
    },
    "$secret": secrets.decoded,
    "$leaf": _decode_leaf,
    "$output": OutputPlace,
    "$opaque": partial(_decode_object, "opaque"),
}


def digest_of(value: Any) -> str:
    """Give the BLAKE3 digest of a plain value's canonical text, as 64 hexadecimal digits.

    >>> digest_of({"a": "1b2", "b": "3"}) == digest_of({"b": "3", "a": "1b2"})
    True
    >>> len({digest_of(v) for v in (1, 1.0, True, "1")})
    4
    """
    return blake3(_text(_with_sorted_pairs(encode(value))).encode()).hexdigest()
