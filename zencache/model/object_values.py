"""Writes objects with a class as JSON: enums, models, dataclasses, subclasses of built-ins, numpy scalars.

No constructor runs when such an object is read: it gets the state that it had.

An enum's member                   ``{"$enum": [class, name, value]}``
A numpy scalar                     ``{"$numpy": [dtype, value]}``
A pydantic model, a dataclass      ``{"$model": [class, {field: value}]}``, ``{"$dataclass": …}``
One with other attributes          ``{"$dataclass": [class, {field: value}, {attribute: value}]}``
One with attributes of a process   ``{"$dataclass": [class, {…}, {…}, {attribute: value}]}``, not in a key
A subclass of a built-in           ``{"$object": [class, [base, value of the base], {attribute: value}]}``

A class is `module:qualified.name`. That of a generic model is the generic's, and an attribute named
`__pydantic_generic_metadata__` has its arguments. `__pydantic_fields_set__` has the fields that were set,
if not all were.
"""

from __future__ import annotations

import dataclasses
import pickle
from collections import Counter, OrderedDict, defaultdict, deque
from enum import Enum, Flag
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from blake3 import blake3
from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from zencache.errors import MaterializerError
from zencache.model import secrets
from zencache.model.types import class_path, import_class, type_name

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterable, Mapping, Sequence


LEFT_OUT: Any = object()
"""An attribute that a key has and a value read from a text has not."""
_FIELDS_SET = "__pydantic_fields_set__"
_GENERIC = "__pydantic_generic_metadata__"
_POINTER = 8
_MADE_BY_PYTHON = 1 << 9  # Py_TPFLAGS_HEAPTYPE


class Encoding(Protocol):
    """Writes the values inside of an object."""

    @property
    def seal(self) -> Callable[[Any], str] | None:
        """Gives what stands for a secret. With it the text is a parameter's."""

    def __call__(self, value: Any) -> Any:
        """Write a value."""


def encoded(value: Any, encode: Encoding) -> dict[str, Any] | None:  # noqa: PLR0911 - one line a kind
    """Write an object; None if it is not one of those of this module."""
    kind = type(value)
    if isinstance(value, Enum):
        return {"$enum": [class_path(kind), value.name, encode(value.value)]}
    if kind.__module__ == "numpy" and any(base.__name__ == "generic" for base in kind.__mro__):
        return _encoded_numpy(value, encode)
    if hasattr(kind, "model_fields") and hasattr(value, "model_dump"):
        return {"$model": _model_parts(value, encode)}
    base = _base_of(kind)
    if base is not None:
        return {"$object": _subclass_parts(value, base, encode)}
    if dataclasses.is_dataclass(value) and _adds_no_memory(kind, object):
        return {"$dataclass": _dataclass_parts(value, encode)}
    if "__attrs_attrs__" in vars(kind) and _adds_no_memory(kind, object):
        attributes = _attributes(value)
        return {"$object": [class_path(kind), ["object", None], *extra_parts(kind, attributes, encode)]}
    return None


# -- classes ------------------------------------------------------------------------------------------


def is_plain_class(kind: type) -> bool:
    """Say whether instances of a class may have a form of this module."""
    return (
        _base_of(kind) is not None
        or dataclasses.is_dataclass(kind)
        or "__attrs_attrs__" in vars(kind)
        or issubclass(kind, Enum | BaseModel)
    )


def _adds_no_memory(kind: type, base: type) -> bool:
    """Say whether a class keeps nothing in C beyond its base, its slots and its attributes."""
    slots = sum(len(slots_of(each)) for each in kind.__mro__)
    return kind.__basicsize__ - base.__basicsize__ <= _POINTER * (slots + 2)


def slots_of(kind: type) -> list[str]:
    """Name the attributes that a class itself keeps in slots.

    >>> class Pair:
    ...     __slots__ = ("left", "__right")
    >>> slots_of(Pair)
    ['left', '_Pair__right']
    """
    slots = vars(kind).get("__slots__", ())
    names = [slots] if isinstance(slots, str) else list(slots)
    private = [
        f"_{kind.__name__.lstrip('_')}{n}" if n.startswith("__") and not n.endswith("__") else n
        for n in names
    ]
    return [name for name in private if name not in ("__dict__", "__weakref__")]


# -- attributes ---------------------------------------------------------------------------------------


def _attributes(value: Any) -> dict[str, Any]:
    """Give the attributes that an object itself has, without values that its class computes again."""
    kind = type(value)
    slots = [name for base in reversed(kind.__mro__) for name in slots_of(base)]
    own = {name: getattr(value, name) for name in slots if hasattr(value, name)}
    return own | {
        name: each
        for name, each in getattr(value, "__dict__", {}).items()
        if type(getattr(kind, name, None)) is not cached_property
    }


def _set_attributes(instance: Any, attributes: Mapping[str, Any]) -> None:
    state = getattr(instance, "__dict__", None)
    slots = {name for base in type(instance).__mro__ for name in slots_of(base)}
    for name, value in attributes.items():
        if value is LEFT_OUT:
            continue
        if state is not None and name not in slots:
            state[name] = value
        else:
            object.__setattr__(instance, name, value)


def extra_parts(
    kind: type, attributes: dict[str, Any], encode: Encoding, made_again: Iterable[str] = ()
) -> list[Any]:
    """Write attributes beside the fields, and apart from them those that differ between processes.

    One that is not plain is refused, unless the class makes it again. Of a parameter it counts by its
    content; a lock and the like, which have none, do not count.
    """
    written = {}
    for name, value in sorted(attributes.items()):
        data = _attribute(name, value, encode, is_made_again=name in made_again)
        if data is not LEFT_OUT:
            written[name] = data
    of_process = {name: written.pop(name) for name in _of_process(kind, written)}
    return [written, of_process] if of_process else [written] if written else []


def _attribute(name: str, value: Any, encode: Encoding, *, is_made_again: bool) -> Any:
    try:
        return encode(value)
    except (MaterializerError, RecursionError) as error:
        if encode.seal is not None:
            digest = _digest_of_content(value)
            return {"$opaque": [type_name(type(value)), digest]} if digest else LEFT_OUT
        if is_made_again:
            return LEFT_OUT
        raise MaterializerError(f"its attribute {name}: {error}") from error


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


class _Pickler(pickle.Pickler):
    def reducer_override(self, obj: Any) -> Any:
        if secrets.is_secret(obj):
            raise pickle.PicklingError("a secret is not digested without a key")
        return NotImplemented


def _digest_of_content(value: Any) -> str | None:
    """Digest a value by its pickle, if equal values have equal pickles; None if it has no such content."""
    import io  # noqa: PLC0415 - few parameters have such attributes

    def pickled(one: Any) -> bytes:
        file: io.BytesIO = io.BytesIO()
        _Pickler(file, protocol=5).dump(one)
        return file.getvalue()

    try:
        data = pickled(value)
        is_stable = pickled(pickle.loads(data)) == data  # noqa: S301 - it was pickled here
    except Exception:  # noqa: BLE001 - any class may refuse to be pickled
        return None
    return blake3(data).hexdigest() if is_stable else None


def parts_of_zone(value: Any, encode: Encoding) -> list[Any]:
    """Give the attributes of a zone without a name, for a key."""
    return extra_parts(type(value), _attributes(value), encode)


# -- models -------------------------------------------------------------------------------------------


def private_attributes(model: Any) -> dict[str, Any]:
    """Give the private attributes of a model that differ from their declared defaults."""
    values = getattr(model, "__pydantic_private__", None) or {}
    declared = getattr(type(model), "__private_attributes__", {})
    return {n: v for n, v in values.items() if n not in declared or not _is_default(declared[n], v)}


def _is_default(declared: Any, value: Any) -> bool:
    """Say whether a private attribute has its declared default; a factory is not called."""
    if declared.default_factory is not None:
        return False
    default = declared.get_default()
    try:
        return type(default) is type(value) and repr(default) == repr(value) and bool(default == value)
    except Exception:  # noqa: BLE001 - a private value may be anything
        return False


def fields_of(model: Any) -> dict[str, Any]:
    """Give the fields of a model and what it was given beside them, without validating anything.

    >>> class Point(BaseModel):
    ...     x: int
    >>> fields_of(Point(x=1))
    {'x': 1}
    """
    kind = type(model)
    own = {
        name: value
        for name, value in vars(model).items()
        if not name.startswith("_") and type(getattr(kind, name, None)) is not cached_property
    }
    return {**own, **(model.__pydantic_extra__ or {})}


def _model_parts(model: Any, encode: Encoding) -> list[Any]:
    kind = type(model)
    fields = fields_of(model)
    attributes = private_attributes(model)
    declared = getattr(kind, "__private_attributes__", {})
    made_again = [n for n, each in declared.items() if each.default_factory is not None]
    kind, special = _generic_of(kind)
    is_set = model.__pydantic_fields_set__
    if is_set != fields.keys():
        special = {_FIELDS_SET: encode(set(is_set)), **special}
    extra = extra_parts(type(model), attributes, encode, made_again)
    if special:
        extra = [{**special, **(extra[0] if extra else {})}, *extra[1:]]
    return [class_path(kind), _tagged({name: encode(value) for name, value in fields.items()}), *extra]


def _tagged(fields: dict[str, Any]) -> dict[str, Any]:
    """Write fields as a mapping of texts is written; names of extra fields may start with `$`."""
    if any(name.startswith("$") for name in fields):
        return {"$dict": [list(pair) for pair in fields.items()]}
    return fields


def _generic_of(kind: type) -> tuple[type, dict[str, Any]]:
    """Give the generic model that a parametrized one was made of, and its arguments."""
    generic = getattr(kind, _GENERIC, None) or {}
    if generic.get("origin") is None:
        return kind, {}
    arguments = [_argument(each) for each in generic["args"]]
    return generic["origin"], {_GENERIC: arguments}


def _argument(argument: Any) -> Any:
    if argument is None or argument is type(None):
        return None
    if not isinstance(argument, type) or hasattr(argument, "__origin__"):
        raise MaterializerError(
            f"a generic model of {type_name(argument)} cannot be found again by its name; "
            "derive a class of the model with this argument, at the top level of a module"
        )
    kind, special = _generic_of(argument)
    path = class_path(kind)
    return [path, special[_GENERIC]] if special else path


def _class_of_argument(data: Any) -> Any:
    if data is None:
        return None
    path, arguments = data if isinstance(data, list) else (data, [])
    kind = import_class(path, "class", lambda _: True)
    return _parametrized(kind, arguments) if arguments else kind


def _parametrized(kind: Any, arguments: Sequence[Any]) -> Any:
    return kind[tuple(map(_class_of_argument, arguments))]


def _decode_model(decode: Callable[[Any], Any], data: Sequence[Any]) -> Any:
    path, fields, *extra = data
    kind = import_class(path, "pydantic model", lambda candidate: issubclass(candidate, BaseModel))
    attributes = {name: value for part in extra for name, value in part.items()}
    if _GENERIC in attributes:
        kind = _parametrized(kind, attributes.pop(_GENERIC))
    return made_model(kind, decode(fields), {name: decode(each) for name, each in attributes.items()})


def made_model(kind: Any, fields: Mapping[str, Any], attributes: Mapping[str, Any]) -> Any:
    """Make a model with this state; a field that its class has gained gets its default.

    Nothing is validated: a second time can refuse or change what was validated once. A field that the class
    has lost is left out.
    """
    declared = kind.model_fields
    values = dict(fields)
    for name, each in declared.items():
        if name not in values and not each.is_required():
            values[name] = _default(each, values)
    has_extra = kind.model_config.get("extra") == "allow"
    beside = {name: values.pop(name) for name in list(values) if name not in declared}
    model = object.__new__(kind)
    object.__setattr__(model, "__dict__", values)
    object.__setattr__(model, _FIELDS_SET, set(attributes.get(_FIELDS_SET, fields.keys())))
    if not kind.__pydantic_root_model__:  # its class has these two
        object.__setattr__(model, "__pydantic_extra__", beside if has_extra else None)
        object.__setattr__(model, "__pydantic_private__", _private(kind, values, attributes))
    return model


def _default(declared: Any, fields: Mapping[str, Any]) -> Any:
    """Give the default of a field or a private attribute; its factory may ask for the fields before it."""
    factory = declared.default_factory
    if factory is None:
        return declared.get_default()
    takes_fields = getattr(declared, "default_factory_takes_validated_data", False)
    return factory(dict(fields)) if takes_fields else factory()


def _private(kind: Any, fields: Mapping[str, Any], attributes: Mapping[str, Any]) -> dict[str, Any] | None:
    given = {n: v for n, v in attributes.items() if n != _FIELDS_SET and v is not LEFT_OUT}
    declared = kind.__private_attributes__
    if not declared and not given:
        return None
    defaults = {name: _default(each, fields) for name, each in declared.items() if name not in given}
    return {**{n: v for n, v in defaults.items() if v is not PydanticUndefined}, **given}


# -- dataclasses, subclasses of built-ins -------------------------------------------------------------


def _dataclass_parts(value: Any, encode: Encoding) -> list[Any]:
    kind = type(value)
    names = [field.name for field in dataclasses.fields(value)]
    fields = {name: getattr(value, name) for name in names if hasattr(value, name)}
    more = {name: each for name, each in _attributes(value).items() if name not in names}
    return [
        class_path(kind),
        {n: encode(each) for n, each in fields.items()},
        *extra_parts(kind, more, encode),
    ]


def _decode_dataclass(decode: Callable[[Any], Any], data: Sequence[Any]) -> Any:
    path, *parts = data
    kind = import_class(path, "dataclass", dataclasses.is_dataclass)
    instance = object.__new__(kind)
    for part in parts:
        _set_attributes(instance, decode(part))
    return instance


class _Base(NamedTuple):
    """A built-in that a class extends: how its own value is read, and made again for the class."""

    read: Callable[[Any], Any]
    make: Callable[[Any, Any], Any]


def _made_of(base: Any) -> Callable[[Any, Any], Any]:
    return base.__new__  # type: ignore[no-any-return]


def _filled_with(base: Any, fill: Any) -> Callable[[Any, Any], Any]:
    def make(kind: Any, items: Any) -> Any:
        instance = base.__new__(kind)
        fill(instance, items)
        return instance

    return make


def _set_pairs(base: Any) -> Any:
    def fill(instance: Any, pairs: Any) -> None:
        for key, value in pairs:
            base.__setitem__(instance, key, value)

    return fill


def _pairs_of(base: Any) -> Callable[[Any], list[list[Any]]]:
    return lambda value: [list(pair) for pair in base.items(value)]


def _read_defaultdict(value: Any) -> Any:
    factory = value.default_factory
    if factory is not None and not (isinstance(factory, type) and "<locals>" not in factory.__qualname__):
        raise MaterializerError(
            "this defaultdict makes its defaults by a function, which is not stored; "
            "give it a class such as int or list, or return dict(value)"
        )
    return [None if factory is None else class_path(factory), _pairs_of(dict)(value)]


def _make_defaultdict(kind: Any, data: Any) -> Any:
    factory, pairs = data
    instance = defaultdict.__new__(kind)
    made = None if factory is None else import_class(factory, "class", lambda _: True)
    defaultdict.__init__(instance, made)
    _set_pairs(dict)(instance, pairs)
    return instance


def _make_deque(kind: Any, data: Any) -> Any:
    items, longest = data
    instance = deque.__new__(kind)
    deque.__init__(instance, items, longest)
    return instance


def _make_fraction(kind: Any, data: Any) -> Any:
    instance = object.__new__(kind)
    instance._numerator, instance._denominator = data
    return instance


_BASES: dict[Any, _Base] = {
    str: _Base(str.__str__, _made_of(str)),
    bytes: _Base(lambda v: bytes.__getitem__(v, slice(None)), _made_of(bytes)),
    int: _Base(int.__int__, _made_of(int)),
    float: _Base(float.__float__, _made_of(float)),
    complex: _Base(lambda v: complex(v.real, v.imag), _made_of(complex)),
    tuple: _Base(lambda v: list(tuple.__iter__(v)), _made_of(tuple)),
    list: _Base(lambda v: list(list.__iter__(v)), _filled_with(list, list.extend)),
    set: _Base(lambda v: set(set.__iter__(v)), _filled_with(set, set.update)),
    frozenset: _Base(lambda v: set(frozenset.__iter__(v)), _made_of(frozenset)),
    bytearray: _Base(bytes, _filled_with(bytearray, bytearray.extend)),
    deque: _Base(lambda v: [list(deque.__iter__(v)), v.maxlen], _make_deque),
    defaultdict: _Base(_read_defaultdict, _make_defaultdict),
    OrderedDict: _Base(_pairs_of(OrderedDict), _filled_with(OrderedDict, _set_pairs(OrderedDict))),
    dict: _Base(_pairs_of(dict), _filled_with(dict, _set_pairs(dict))),
    range: _Base(lambda v: [v.start, v.stop, v.step], lambda _, parts: range(*parts)),
    Fraction: _Base(lambda v: [v.numerator, v.denominator], _make_fraction),
}
_BASE_BY_NAME = {base.__name__: base for base in _BASES}
_EXACT = frozenset({bytearray, deque, defaultdict, OrderedDict, Counter, range, Fraction})
"""Types of the standard library that are stored as a base and not themselves a plain type."""


def _base_of(kind: type) -> Any:
    """Give the built-in whose value instances of a class have; None for a class of another kind."""
    if kind in _BASES and kind not in _EXACT:
        return None
    base = next((each for each in kind.__mro__ if each in _BASES), None)
    if base is None or not _adds_no_memory(kind, base):
        return None
    between = kind.__mro__[: kind.__mro__.index(base)]
    return base if all(each.__flags__ & _MADE_BY_PYTHON or each in _EXACT for each in between) else None


def _subclass_parts(value: Any, base: Any, encode: Encoding) -> list[Any]:
    kind = type(value)
    own = encode(_BASES[base].read(value))
    attributes = {} if kind in _EXACT else _attributes(value)
    return [class_path(kind), [base.__name__, own], *extra_parts(kind, attributes, encode)]


def _decode_object(decode: Callable[[Any], Any], data: Sequence[Any]) -> Any:
    path, (name, own), *parts = data
    if name == "object":
        kind = import_class(path, "attrs class", lambda each: "__attrs_attrs__" in vars(each))
        instance = object.__new__(kind)
    else:
        base = _BASE_BY_NAME[name]
        kind = import_class(path, f"subclass of {name}", lambda each: _base_of(each) is base)
        instance = _BASES[base].make(kind, decode(own))
    for part in parts:
        _set_attributes(instance, {name: decode(each) for name, each in part.items()})
    return instance


# -- enums, numpy scalars -----------------------------------------------------------------------------


def _decode_enum(decode: Callable[[Any], Any], data: Sequence[Any]) -> Any:
    path, name, *value = data
    kind = import_class(path, "enum", lambda candidate: issubclass(candidate, Enum))
    if issubclass(kind, Flag) and name not in kind.__members__ and value:
        return kind(decode(value[0]))  # several flags have no name, or one that cannot be looked up
    return kind[name]


_LONG = {"f": 8, "c": 16}
"""Bytes up to which Python's own numbers hold a numpy scalar of this kind."""


def _encoded_numpy(value: Any, encode: Encoding) -> dict[str, Any] | None:
    """Write a numpy scalar; None for a record, and for a number that Python's own do not hold."""
    dtype = value.dtype
    if dtype.kind == "f" and dtype.itemsize > _LONG["f"]:
        return {"$numpy": [dtype.str, str(value)]}
    if dtype.kind in "VO" or (dtype.kind == "c" and dtype.itemsize > _LONG["c"]):
        return None
    return {"$numpy": [dtype.str, encode(value.item())]}


def _decode_numpy(decode: Callable[[Any], Any], data: tuple[str, Any]) -> Any:
    import numpy as np  # noqa: PLC0415 - only a stored numpy scalar needs it

    dtype, item = np.dtype(data[0]), decode(data[1])
    if dtype.kind not in "mM":
        return dtype.type(item)
    if item is None:
        return np.array("NaT", dtype)[()]
    if type(item) is int:
        return np.array(item, "i8").view(dtype)[()]
    return (np.datetime64(item) if dtype.kind == "M" else np.timedelta64(item)).astype(dtype)


DECODERS: dict[str, Callable[[Callable[[Any], Any], Any], Any]] = {
    "enum": _decode_enum,
    "model": _decode_model,
    "dataclass": _decode_dataclass,
    "object": _decode_object,
    "numpy": _decode_numpy,
    "opaque": lambda _, __: LEFT_OUT,
}
