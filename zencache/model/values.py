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
    Decimal, UUID, Path              {"$decimal": "1.10"}, {"$uuid": …}, {"$path": "a/b"}
    a path of another kind           {"$purepath": ["PureWindowsPath", text]}
    an enum's member                 {"$enum": [class, name, value]}
    a pydantic model, a dataclass    {"$model": [class, {field: value}]}, {"$dataclass": …}
    one with other attributes        {"$dataclass": [class, {field: value}, {attribute: value}]}
    one with attributes of a process {"$dataclass": [class, {…}, {…}, {attribute: value}]}, not in a key
    an unsorted dict, in a key only  {"$unsorted": [[key, value], ...]}
    a numpy scalar                   {"$numpy": [dtype, value]}
    a secret, of parameters only     {"$secret": ["str" or "bytes", keyed digest]}

So `1`, `1.0`, `True` and `"1"` have different texts, and no two values of these types share one.
"""

from __future__ import annotations

import base64
import contextlib
import dataclasses
import importlib
import json
import math
import sys
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from enum import Enum, Flag
from functools import cached_property
from pathlib import Path, PurePath, PurePosixPath, PureWindowsPath
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from blake3 import blake3
from pydantic import BaseModel, SecretBytes, SecretStr

from zencache.errors import MaterializerError
from zencache.model import secrets
from zencache.model.types import module_name, type_name

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_TOO_LONG = 10**4300
"""Python writes and reads shorter integers only as decimal digits."""
Seal = Callable[[Any], str]
"""Gives the digest that stands for a secret."""

PLAIN_TYPES = (
    *(type(None), bool, int, float, complex, str, bytes, list, tuple, set, frozenset, dict),
    *(datetime, date, time, timedelta, Decimal, UUID),
)


def to_text(value: Any, seal: Seal | None = None) -> str:
    """Write a value as one line of JSON; `seal` gives what stands for a secret, which is refused without it.

    >>> to_text({"b": 1, "a": (1.0, b"x")})
    '{"b":1,"a":{"$tuple":[1.0,{"$bytes":"eA=="}]}}'
    >>> to_text({1: "a"})
    '{"$dict":[[1,"a"]]}'
    """
    return json.dumps(encode(value, seal), separators=(",", ":"), allow_nan=False)


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
        case {"$model": [name, fields, more, _]} | {"$dataclass": [name, fields, more, _]} if len(data) == 1:
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


def from_text(text: str) -> Any:
    """Read what `to_text` wrote.

    >>> from_text(to_text({1: {2, 3}})) == {1: {2, 3}}
    True
    """
    return decode(json.loads(text))


def encode(value: Any, seal: Seal | None = None) -> Any:  # noqa: PLR0911 - one line a kind
    """Turn a value into what `json.dumps` takes; raises MaterializerError for a type that is not plain."""
    kind = type(value)
    if kind is int and not -_TOO_LONG < value < _TOO_LONG:
        return {"$int": hex(value)}
    if value is None or kind in (bool, int, str):
        return value
    if kind is float:
        return value if math.isfinite(value) else {"$float": repr(value)}
    if kind is list:
        return [encode(item, seal) for item in value]
    if kind is dict:
        return _encode_dict(value, seal)
    if kind in (tuple, set, frozenset):
        items = [encode(item, seal) for item in value]
        return {f"${kind.__name__}": items if kind is tuple else sorted(items, key=_text)}
    if kind in _SCALARS:
        name, to_json, _ = _SCALARS[kind]
        return {f"${name}": to_json(value)}
    return _encode_object(value, seal)


def _encode_dict(value: dict[Any, Any], seal: Seal | None) -> Any:
    if all(type(key) is str and not key.startswith("$") for key in value):
        return {key: encode(item, seal) for key, item in value.items()}
    pairs = [[encode(k, seal), encode(v, seal)] for k, v in value.items()]
    return {"$dict": pairs}


def _encode_object(value: Any, seal: Seal | None) -> Any:
    kind = type(value)
    if isinstance(value, Enum):
        return {"$enum": [_class_path(kind), value.name, encode(value.value)]}
    if secrets.is_secret(value):
        return _encode_secret(value, seal)
    if isinstance(value, PurePath):
        is_other = not isinstance(value, Path | PurePosixPath)
        return {"$purepath": [kind.__name__, str(value)]} if is_other else {"$path": value.as_posix()}
    if hasattr(kind, "model_fields") and hasattr(value, "model_dump"):
        fields = {**dict(value), **(value.model_extra or {})}
        extra = _encoded_extra(kind, _changed_private(value), seal)
        return {"$model": [_class_path(kind), encode(fields, seal), *extra]}
    if dataclasses.is_dataclass(value):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        more = {n: v for n, v in getattr(value, "__dict__", {}).items() if n not in fields}
        more = {n: v for n, v in more.items() if type(getattr(kind, n, None)) is not cached_property}
        extra = _encoded_extra(kind, more, seal)
        return {"$dataclass": [_class_path(kind), encode(fields, seal), *extra]}
    if any(f"{base.__module__}.{base.__name__}" == "numpy.generic" for base in kind.__mro__):
        return {"$numpy": [value.dtype.str, encode(value.item())]}
    raise MaterializerError(
        f"a value of type {type_name(kind)} is not a plain value; "
        "pass it from step to step as an output, or turn it into numbers, strings, lists or dicts"
    )


def _changed_private(value: Any) -> dict[str, Any]:
    """Give the private attributes of a model that differ from their declared defaults."""
    values = getattr(value, "__pydantic_private__", None) or {}
    declared = getattr(type(value), "__private_attributes__", {})
    return {n: v for n, v in values.items() if n not in declared or not _is_default(declared[n], v)}


def _is_default(declared: Any, value: Any) -> bool:
    """Say whether a private attribute has its declared default; a factory is not called."""
    if declared.default_factory is not None:
        return False
    try:
        return bool(encode(declared.get_default()) == encode(value))
    except Exception:  # noqa: BLE001 - a private value need not be plain
        return False


def _encoded_extra(kind: type, attributes: dict[str, Any], seal: Seal | None) -> list[Any]:
    """Encode attributes beside the fields, and apart from them those that differ between processes.

    Attributes that are not plain, such as a lock, are left out.
    """
    encoded = {}
    for name, value in sorted(attributes.items()):
        with contextlib.suppress(MaterializerError):
            encoded[name] = encode(value, seal)
    of_process = {name: encoded.pop(name) for name in _of_process(kind, encoded)}
    return [encoded, of_process] if of_process else [encoded] if encoded else []


def _of_process(kind: type, names: Iterable[str]) -> list[str]:
    """List the attributes that a class takes from the clock, a random generator or the process."""
    names = list(names)
    if not names:
        return []
    from zencache.model.process_values import (  # noqa: PLC0415 - few parameters have such attributes
        attributes_of_process,
        is_of_process,
    )

    declared = getattr(kind, "__private_attributes__", {})
    set_by_code = attributes_of_process(kind)
    return [
        name
        for name in names
        if name in set_by_code or is_of_process(getattr(declared.get(name), "default_factory", None))
    ]


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


def _class_path(kind: type) -> str:
    return f"{module_name(kind.__module__)}:{kind.__qualname__}"


def import_object(path: str) -> Any:
    """Import `module:qualified.name`; raises MaterializerError that says what is missing."""
    module, _, qualname = path.partition(":")
    try:
        # The script that runs is known as `__main__`; importing it by name would run it again.
        attribute: Any = (
            sys.modules["__main__"] if module == module_name("__main__") else importlib.import_module(module)
        )
        for part in qualname.split("."):
            attribute = getattr(attribute, part)
    except (ImportError, AttributeError) as error:
        raise MaterializerError(f"{qualname} of module {module} cannot be imported: {error}") from error
    return attribute


def _class(path: str, what: str, is_one: Callable[[type], bool]) -> Any:
    """Import a class that a text names; refuse anything that is not of its kind."""
    kind = import_object(path)
    if not (isinstance(kind, type) and is_one(kind)):
        raise MaterializerError(f"{path} is no {what}, as a stored value says; the value is not loaded")
    return kind


def _decode_model(data: Sequence[Any]) -> Any:
    path, fields = data[0], decode(data[1])
    kind = _class(path, "pydantic model", lambda candidate: issubclass(candidate, BaseModel))
    model = kind.model_construct(**fields) if secrets.is_absent(fields) else kind.model_validate(fields)
    for name, value in [pair for each in data[2:] for pair in decode(each).items()]:
        model.__pydantic_private__[name] = value
    return model


def _decode_enum(data: Sequence[Any]) -> Any:
    path, name, *value = data
    kind = _class(path, "enum", lambda candidate: issubclass(candidate, Enum))
    if issubclass(kind, Flag) and name not in kind.__members__ and value:
        return kind(decode(value[0]))  # several flags have no name, or one that cannot be looked up
    return kind[name]


def _decode_dataclass(data: Sequence[Any]) -> Any:
    path, *fields = data
    kind = _class(path, "dataclass", dataclasses.is_dataclass)
    instance = object.__new__(kind)
    for name, value in [pair for each in fields for pair in decode(each).items()]:
        object.__setattr__(instance, name, value)
    return instance


def _decode_purepath(data: Sequence[str]) -> PurePath:
    return PureWindowsPath(data[1]) if data[0] == "PureWindowsPath" else PurePath(data[1])


def _decode_numpy(data: tuple[str, Any]) -> Any:
    import numpy as np  # noqa: PLC0415 - only a stored numpy scalar needs it

    dtype, item = data
    return np.dtype(dtype).type(decode(item))


def _timedelta_parts(value: timedelta) -> list[int]:
    return [value.days, value.seconds, value.microseconds]


def _time_parts(value: datetime | time) -> list[Any]:
    """Give the text, the fold, and the zone, unless that is a nameless fixed offset."""
    zone = value.tzinfo
    name = None if zone is None else _name_of_zone(zone)
    return [value.isoformat(), value.fold, *([[type_name(type(zone)), name]] if name is not None else [])]


def _name_of_zone(zone: tzinfo) -> str | None:
    """Name a zone; zones of one offset today may have other offsets tomorrow."""
    if type(zone) is timezone:
        return None if zone.tzname(None) == timezone(zone.utcoffset(None)).tzname(None) else zone.tzname(None)
    name = str(getattr(zone, "key", None) or getattr(zone, "zone", None) or repr(zone))
    return "" if " at 0x" in name else name


_Time = TypeVar("_Time", datetime, time)


def _in_zone(value: _Time, parts: Sequence[Any]) -> _Time:
    """Put a time into its recorded zone; a zone that cannot be made again stays a fixed offset."""
    value = value.replace(fold=parts[1])
    kind, name = parts[2] if len(parts) > 2 else ("", "")  # noqa: PLR2004 - the third item
    if kind == "datetime.timezone":
        return value.replace(tzinfo=timezone(value.utcoffset() or timedelta(), name))
    if kind.startswith("zoneinfo."):
        from zoneinfo import ZoneInfo  # noqa: PLC0415 - only a time in a zone needs it

        return value.replace(tzinfo=ZoneInfo(name))
    return value


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
    "$enum": _decode_enum,
    "$model": _decode_model,
    "$dataclass": _decode_dataclass,
    "$numpy": _decode_numpy,
    "$secret": secrets.decoded,
}


def digest_of(value: Any) -> str:
    """Give the BLAKE3 digest of a plain value's canonical text, as 64 hexadecimal digits.

    >>> digest_of({"a": "1b2", "b": "3"}) == digest_of({"b": "3", "a": "1b2"})
    True
    >>> len({digest_of(v) for v in (1, 1.0, True, "1")})
    4
    """
    return blake3(_text(_with_sorted_pairs(encode(value))).encode()).hexdigest()
