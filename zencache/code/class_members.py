"""Decides what of a live class its text proves; everything else counts by its live value.

Decorators and metaclasses add members to a class: `__init__`, `__dataclass_fields__`, an enum's members. The
text of the class determines most of them. The others were computed at import or set later.
"""

from __future__ import annotations

import ast
import dataclasses
import types
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from zencache.code.content import is_plain
from zencache.code.namespaces import ATTRS_FILE, CALLABLES, origin_of
from zencache.code.object_state import state_of
from zencache.code.step_effects import original_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Extra = tuple[str, Any]
"""What of a class counts beyond its text: its name, and the live value."""

_MISSING = object()
# What every class has; the text, the bases or the place of a class determine it.
_OF_EVERY_CLASS = frozenset(
    {
        *("__module__", "__qualname__", "__doc__", "__dict__", "__weakref__", "__firstlineno__"),
        *("__static_attributes__", "__slotnames__", "__abstractmethods__", "__parameters__"),
        *("__type_params__", "__orig_bases__", "__annotations__", "__annotate__", "__annotate_func__"),
        *("__annotations_cache__", "__conditional_annotations__", "__classcell__"),
    }
)
# What decorators and metaclasses of the standard library, attrs and pydantic derive from the fields.
_DERIVED = frozenset(
    {
        *("__dataclass_fields__", "__dataclass_params__", "__attrs_attrs__", "__attrs_own_setattr__"),
        *("__attrs_props__", "__attrs_base_of_slotted__", "__attrs_inherited__", "__protocol_attrs__"),
        *("__non_callable_proto_members__", "__callable_proto_members_only__", "__required_keys__"),
        *("__optional_keys__", "__readonly_keys__", "__mutable_keys__", "__total__", "__closed__"),
        *("__extra_items__", "__class_vars__", "__private_attributes__", "__signature__", "__new_member__"),
    }
)
_BOOKKEEPING = frozenset({"_abc_impl", "_is_protocol", "_is_runtime_protocol", "_parameters"})
# Modules whose functions become methods of a class that they decorate or make.
_MAKERS_OF_METHODS = frozenset(
    {"dataclasses", "reprlib", "functools", "typing", "typing_extensions", "enum", "collections", "abc"}
    | {"attr", "attrs", "pydantic"}
)
_MAKERS_OF_FIELDS = frozenset({"field", "Field", "ib", "attrib", "PrivateAttr", "auto"})
# What dataclasses, named tuples and attrs generate; a method of another name is the user's own.
_GENERATED_METHODS = frozenset(
    {
        *("__init__", "__repr__", "__eq__", "__lt__", "__le__", "__gt__", "__ge__", "__hash__", "__new__"),
        *("__setattr__", "__delattr__", "__getstate__", "__setstate__", "__replace__"),
        *("_make", "_replace", "_asdict"),
    }
)
# Names in the bytecode of methods that `dataclass` and `namedtuple` generate, besides names of fields.
_GENERATED_NAMES = frozenset(
    {
        *("__class__", "__qualname__", "__post_init__", "__setattr__", "__delattr__", "object", "super"),
        *("hash", "type", "NotImplemented", "FrozenInstanceError", "_tuple_new", "cls", "MISSING", "name"),
        *("__dataclass_builtins_object__", "__dataclass_HAS_DEFAULT_FACTORY__", "_HAS_DEFAULT_FACTORY"),
        *("__dataclass_type__", "tuple", "_cls", "property"),
    }
)


# -- methods --------------------------------------------------------------------------------------------


def is_generated(kind: type, name: str, value: Any, defined: set[str] | None) -> bool:
    """Say whether a library generated a method (`@dataclass`), so that the class's text determines it.

    `defined` has the names that the text defines; without a text, only what the fields determine is left out.
    """
    if not isinstance(value, types.FunctionType):
        return False
    file = value.__code__.co_filename
    if file.startswith(ATTRS_FILE):
        return True
    if defined is None or name in defined:
        return False
    if file.startswith("<"):
        return name in _GENERATED_METHODS and _has_generated_code(kind, value.__code__)
    maker = str(value.__globals__.get("__name__", "")).partition(".")[0]
    return name.startswith("__") and maker in _MAKERS_OF_METHODS and origin_of(value) != "project"


def _has_generated_code(kind: type, code: types.CodeType) -> bool:
    """Say whether bytecode only handles the fields of a class, as a generated method does.

    A method that the user compiled has other names or constants, or else does the same.
    """
    fields = _names_of_fields(kind)
    if fields is None:
        return False
    names = {name for name in code.co_names if not name.startswith("__dataclass_")}
    if not names <= fields | _GENERATED_NAMES:
        return False
    return all(_is_generated_constant(constant) for constant in code.co_consts)


def _names_of_fields(kind: type) -> set[str] | None:
    """Give the names of all fields of a dataclass, an attrs class or a named tuple; else None."""
    fields = getattr(kind, "__dataclass_fields__", None)
    attributes = getattr(kind, "__attrs_attrs__", None)
    named = getattr(kind, "_fields", None) if issubclass(kind, tuple) else None
    if not (isinstance(fields, _TABLES) or isinstance(attributes, tuple) or isinstance(named, tuple)):
        return None
    return {*_table(fields), *(a.name for a in _row(attributes)), *_row(named)}


_TABLES = (dict, types.MappingProxyType)


def _table(value: Any) -> Mapping[str, Any]:
    """Give a mapping of fields; none for a value of another type, such as a property of the same name."""
    return value if isinstance(value, _TABLES) else {}


def _row(value: Any) -> tuple[Any, ...]:
    """Give a sequence of fields or bases; none for a value of another type."""
    return tuple(value) if isinstance(value, tuple | list) else ()


def _is_generated_constant(constant: Any) -> bool:
    if isinstance(constant, tuple):
        return all(isinstance(item, str) for item in constant)
    return constant is None or isinstance(constant, bool | str) or constant == 0


# -- members --------------------------------------------------------------------------------------------


def is_derived(kind: type, name: str, value: Any, body: Body) -> bool:  # noqa: PLR0911 - one line a kind
    """Say whether the text and the bases of a class determine one of its members."""
    if name in _OF_EVERY_CLASS or name in _DERIVED or name in _BOOKKEEPING:
        return True
    if isinstance(value, types.GetSetDescriptorType | types.MemberDescriptorType):
        return value.__objclass__ is kind
    if name == "__hash__" and value is None:
        return "__eq__" in vars(kind)
    if issubclass(kind, Enum) and (isinstance(value, kind) or _is_sunder(name) or name == "__new__"):
        return True
    if name in ("__slots__", "__match_args__") and not body.defines(name) and _is_names(value):
        return set(value) <= (_names_of_fields(kind) or set()) | {"__weakref__", "__dict__"}
    if isinstance(value, CALLABLES):
        return body.proves(name, value)
    if not (name.startswith("__") and name.endswith("__")):
        return False
    return body.proves(name, value) if body.defines(name) else _is_of_library(name, value)


def _is_names(value: Any) -> bool:
    """Say whether a value is a sequence or a mapping of texts."""
    return isinstance(value, tuple | list | dict) and all(isinstance(name, str) for name in value)


def _is_sunder(name: str) -> bool:
    return name.startswith("_") and name.endswith("_") and not name.startswith("__")


def _is_of_library(name: str, value: Any) -> bool:
    """Say whether a special member holds a library's object, such as its schema of the class."""
    return name.startswith("__pydantic_") or not (
        is_plain(value, _OWN) or isinstance(value, types.FunctionType | types.MethodType | type)
    )


# -- the text -------------------------------------------------------------------------------------------


class Body(NamedTuple):
    """The text of a class, as far as it assigns values to names."""

    values: Mapping[str, ast.expr | None] = types.MappingProxyType({})
    """Each assigned or declared name with the expression of its value; None for a declaration alone."""
    annotations: Mapping[str, ast.expr] = types.MappingProxyType({})
    names: Mapping[str, Any] = types.MappingProxyType({})
    """The globals that the class was defined in."""
    tree: ast.ClassDef | None = None

    @property
    def has_text(self) -> bool:
        """Whether a text is known."""
        return self.tree is not None

    @classmethod
    def of(cls, tree: ast.ClassDef | None, names: Mapping[str, Any]) -> Body:
        """Read the assignments of a class's body; without a text, nothing is proved."""
        values: dict[str, ast.expr | None] = {}
        annotations: dict[str, ast.expr] = {}
        for statement in tree.body if tree else ():
            match statement:
                case ast.Assign(targets=targets, value=value):
                    values |= {target.id: value for target in targets if isinstance(target, ast.Name)}
                case ast.AnnAssign(target=ast.Name(id=name), value=optional, annotation=annotation):
                    values[name] = optional
                    annotations[name] = annotation
        return cls(values, annotations, names, tree)

    def defines(self, name: str) -> bool:
        """Say whether the text gives a value to a name."""
        return self.values.get(name) is not None

    def proves(self, name: str, value: Any) -> bool:
        """Say whether the text gives just this value to a name."""
        return self.is_given_by(self.values.get(name), value)

    def is_given_by(self, node: ast.expr | None, value: Any) -> bool:
        """Say whether an expression without a call gives a value."""
        if node is None:
            return False
        if isinstance(node, ast.Lambda):
            return getattr(getattr(value, "__code__", None), "co_firstlineno", None) == node.lineno
        expected = self._evaluated(node)
        if expected is value:
            return True
        return expected is not _MISSING and type(expected) is type(value) and _equal(expected, value)

    def _evaluated(self, node: ast.expr) -> Any:
        """Evaluate a constant expression, or a name with attributes that are in the classes' dictionaries."""
        names: list[str] = []
        while isinstance(node, ast.Attribute):
            names.append(node.attr)
            node = node.value
        if isinstance(node, ast.Name):
            value = self.names.get(node.id, _builtin(node.id))
            for name in reversed(names):
                value = getattr(value, "__dict__", {}).get(name, _MISSING)
            return original_of(value)
        return _MISSING if names else _constant(node)


def _builtin(name: str) -> Any:
    import builtins  # noqa: PLC0415 - loaded, and only its name is imported

    return getattr(builtins, name, _MISSING)


_CONSTANT = (
    *(ast.Constant, ast.BinOp, ast.UnaryOp, ast.Tuple, ast.List, ast.Dict, ast.Set, ast.Load),
    *(ast.operator, ast.unaryop, ast.expr_context),
)


def _constant(node: ast.expr) -> Any:
    if not all(isinstance(inner, _CONSTANT) for inner in ast.walk(node)):
        return _MISSING
    try:
        return eval(compile(ast.Expression(node), "<constant>", "eval"), {"__builtins__": {}})  # noqa: S307
    except Exception:  # noqa: BLE001 - any operator may fail
        return _MISSING


_OWN = (types.EllipsisType, types.NotImplementedType)
"""Types of constants that a text can show, besides plain values."""


def _equal(one: Any, other: Any) -> bool:
    """Compare values with the types of their parts; the order of a set does not matter."""
    try:
        return is_plain(one, _OWN) and is_plain(other, _OWN) and _comparable(one) == _comparable(other)
    except Exception:  # noqa: BLE001 - a time zone of the user may raise, and nesting may be too deep
        return False


def _comparable(value: Any) -> Any:
    """Write a plain value as nested tuples and frozen sets of texts."""
    kind = type(value)
    if kind in (set, frozenset):
        return kind, frozenset(map(_comparable, value))
    if kind in (list, tuple):
        return kind, tuple(map(_comparable, value))
    if kind is dict:
        return kind, tuple((_comparable(key), _comparable(item)) for key, item in value.items())
    return kind, hex(value) if kind is int else repr(value)


# -- fields, members of enums, annotations --------------------------------------------------------------


def extras(kind: type, body: Body) -> list[Extra]:
    """List what decides how a class behaves, and what neither its text nor its other members prove."""
    inside = [*_enum_members(kind, body), *_unproved_fields(kind, body), *_annotations(kind, body)]
    return [*inside, *_parameters(kind, body), *_arguments_of_bases(kind)]


def _enum_members(kind: type, body: Body) -> Iterator[Extra]:
    """Give the members of an enum whose values the text does not show."""
    if not issubclass(kind, Enum):
        return
    is_stock = _has_stock_constructor(kind)
    for name, member in kind.__members__.items():
        node = body.values.get(name)
        value = member._value_
        if is_stock and (_is_auto(node) or body.is_given_by(node, value)):
            continue
        own = {n: v for n, v in state_of(member).items() if n not in _OF_MEMBERS}
        yield f"member {name}", [value, own] if own else value


_OF_MEMBERS = frozenset({"_value_", "_name_", "__objclass__", "_sort_order_", "_hash_"})


def _has_stock_constructor(kind: type) -> bool:
    """Say whether no class of the project makes an enum's values from those in the text."""
    members = [vars(base).get(name) for base in kind.__mro__ for name in _CONSTRUCTORS]
    functions = [getattr(member, "__func__", member) for member in members]
    return all(getattr(f, "__module__", None) in _STOCK for f in functions)


_CONSTRUCTORS = ("__new__", "__init__", "_generate_next_value_")
_STOCK = frozenset({None, "enum", "builtins"})


def _is_auto(node: ast.expr | None) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="auto") | ast.Attribute(attr="auto"), args=[], keywords=[]):
            return True
    return False


def _fields(kind: type) -> list[tuple[str, Any]]:
    """List the fields of a dataclass, an attrs class or a pydantic model that are its own."""
    members = vars(kind)
    attributes = _row(members.get("__attrs_attrs__"))
    by_name = {
        **_table(members.get("__dataclass_fields__")),
        **{a.name: a for a in attributes if not getattr(a, "inherited", False)},
        **_table(members.get("__pydantic_fields__", members.get("model_fields"))),
        **_table(members.get("__private_attributes__")),
    }
    return [(name, field) for name, field in by_name.items() if not _is_inherited(kind, name, field)]


def _is_inherited(kind: type, name: str, field: Any) -> bool:
    if name in members_annotations(kind):
        return False
    for base in kind.__mro__[1:]:
        theirs = vars(base)
        for table in ("__dataclass_fields__", "__pydantic_fields__", "__private_attributes__"):
            other = _table(theirs.get(table)).get(name, _MISSING)
            if other is not _MISSING:
                return other is field or _default_of(other)[0] is _default_of(field)[0]
    return False


def members_annotations(kind: type) -> Mapping[str, Any]:
    """Give the annotations of a class itself."""
    found = vars(kind).get("__annotations__")
    if isinstance(found, dict):
        return found
    try:
        annotations = kind.__annotations__ if "__annotate__" in dir(type) else {}
    except Exception:  # noqa: BLE001 - an annotation may name what does not exist
        return {}
    return annotations if isinstance(annotations, dict) else {}


def _default_of(field: Any) -> tuple[Any, Any]:
    """Give the default of a field, and the function that makes it."""
    default: Any = getattr(field, "default", None)
    factory: Any = getattr(field, "default_factory", None)
    if type(default).__name__ == "Factory":
        return _MISSING, default.factory
    is_absent = _is_missing(default) or type(default).__name__ in ("_Nothing", "PydanticUndefinedType")
    is_made = factory is not None and not _is_missing(factory)
    return (_MISSING if is_absent else default), (factory if is_made else _MISSING)


def _is_missing(value: Any) -> bool:
    """Say whether a value stands for none in a dataclass; a class that was unpickled by value has a copy."""
    return isinstance(value, type(dataclasses.MISSING))


def _unproved_fields(kind: type, body: Body) -> Iterator[Extra]:
    """Give the fields whose defaults or options the text does not show."""
    for name, field in _fields(kind):
        default, factory = _default_of(field)
        call = _FieldCall.of(body.values.get(name))
        if not (body.has_text and call.gives(body, default, factory)):
            counts_as_member = body.has_text and default is vars(kind).get(name, _MISSING)
            if default is not _MISSING and not counts_as_member:
                yield f"default of {name}", default
            if factory is not _MISSING:
                yield f"factory of {name}", factory
        for option in call.unproved_options() if body.has_text else _OPTIONS:
            value = _readable(getattr(field, option, None))
            if not _is_usual(option, value, name):
                yield f"{option} of {name}", value


_OPTIONS = (
    *("init", "repr", "hash", "eq", "order", "compare", "kw_only", "frozen", "alias", "exclude"),
    *("validator", "converter", "on_setattr", "metadata", "alias_priority", "validation_alias"),
    *("serialization_alias", "discriminator", "validate_default", "json_schema_extra"),
)


def _readable(value: Any) -> Any:
    return dict(value) if isinstance(value, types.MappingProxyType) else value


def _is_usual(option: str, value: Any, name: str) -> bool:
    """Say whether an option has the value of a field that was declared without options."""
    usual = {"kw_only": False, "alias": name}.get(option, True)
    is_absent = value is None or _is_missing(value) or (isinstance(value, dict | list) and not value)
    return is_absent or (isinstance(value, bool | str) and value == usual)


class _FieldCall(NamedTuple):
    """The expression that gives a field in a class's text, such as `field(default=2, compare=False)`."""

    default: ast.expr | None = None
    factory: ast.expr | None = None
    options: Mapping[str, ast.expr] = types.MappingProxyType({})
    is_clear: bool = True
    """Whether the expression is a call of a known function with options by name, or no call."""

    @classmethod
    def of(cls, node: ast.expr | None) -> _FieldCall:
        """Read the value of a field."""
        if not isinstance(node, ast.Call):
            return cls(node)
        function = getattr(node.func, "attr", getattr(node.func, "id", ""))
        options = {keyword.arg: keyword.value for keyword in node.keywords if keyword.arg}
        is_clear = function in _MAKERS_OF_FIELDS and len(options) == len(node.keywords)
        if node.args and not _is_ellipsis(node.args[0]):
            options["default"] = node.args[0]
        default = options.pop("default", None)
        factory = options.pop("default_factory", options.pop("factory", None))
        return cls(default, factory, options, is_clear and len(node.args) <= 1)

    def gives(self, body: Body, default: Any, factory: Any) -> bool:
        """Say whether it shows just this default, or the function that makes it."""
        if not self.is_clear:
            return False
        shows_default = body.is_given_by(self.default, default) if self.default else default is _MISSING
        shows_factory = body.is_given_by(self.factory, factory) if self.factory else factory is _MISSING
        return shows_default and shows_factory

    def unproved_options(self) -> tuple[str, ...]:
        """List the options that are computed; pydantic keeps some of them as metadata."""
        if not self.is_clear:
            return _OPTIONS
        computed = [name for name, node in self.options.items() if _has_call(node)]
        return (*computed, "metadata") if computed else ()


def _has_call(node: ast.AST) -> bool:
    return any(isinstance(inner, ast.Call) for inner in ast.walk(node))


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is ...


def _annotations(kind: type, body: Body) -> Iterator[Extra]:
    """Give the annotations that are computed, or that the text does not have."""
    for name, annotation in members_annotations(kind).items():
        node = body.annotations.get(name)
        if node is None or _has_call(node):
            yield f"annotation of {name}", annotation


def _parameters(kind: type, body: Body) -> Iterator[Extra]:
    """Give the options of `@dataclass`, unless they are constants in the text."""
    parameters = vars(kind).get("__dataclass_params__")
    if parameters is None:
        return
    options = [
        keyword.value
        for decorator in (body.tree.decorator_list if body.tree else ())
        for keyword in getattr(decorator, "keywords", ())
    ]
    if not body.has_text or not all(isinstance(option, ast.Constant) for option in options):
        yield "options", repr(parameters)


def _arguments_of_bases(kind: type) -> Iterator[Extra]:
    """Give the arguments of generic bases: `Base[int]`."""
    import typing  # noqa: PLC0415 - loaded, and only its name is imported

    for base in _row(vars(kind).get("__orig_bases__")):
        arguments = typing.get_args(base)
        if any(not isinstance(each, typing.TypeVar) for each in arguments):
            yield "arguments of a base", list(arguments)
