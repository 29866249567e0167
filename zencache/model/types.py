"""Names, imports and compares types: annotations of steps, and the values that flow between steps."""

from __future__ import annotations

import importlib
import importlib.util
import sys
import types
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, Union, get_args, get_origin

from zencache.errors import MaterializerError

if TYPE_CHECKING:
    from collections.abc import Callable

_UNIONS = (Union, types.UnionType)


def module_name(module: str) -> str:
    """Name a module as it would be imported: the script that runs as `__main__` by its file's name.

    >>> module_name("numpy.linalg")
    'numpy.linalg'
    """
    if module != "__main__":
        return module
    main = sys.modules["__main__"]
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name != "__main__":
        return str(spec.name).removesuffix(".__main__")
    file = getattr(main, "__file__", None)
    return Path(file).stem if file else "__main__"


def class_path(kind: type) -> str:
    """Name a class as `module:qualified.name`, the running script by its file's name."""
    return f"{module_name(kind.__module__)}:{kind.__qualname__}"


def import_object(path: str) -> Any:
    """Import `module:qualified.name`; raises MaterializerError that says what is missing.

    An object of a package that ran by `python -m` is in the package's `__main__`.
    """
    module, _, qualname = path.partition(":")
    try:
        # The script that runs is known as `__main__`; importing it by name would run it again.
        imported = (
            sys.modules["__main__"] if module == module_name("__main__") else importlib.import_module(module)
        )
        try:
            return _attribute(imported, qualname)
        except AttributeError:
            main = _module_that_ran(module)
            if main is None:
                raise
        return _attribute(main, qualname)
    except (ImportError, AttributeError) as error:
        raise MaterializerError(f"{qualname} of module {module} cannot be imported: {error}") from error


def _attribute(module: Any, qualname: str) -> Any:
    attribute = module
    for part in qualname.split("."):
        attribute = getattr(attribute, part)
    return attribute


def _module_that_ran(package: str) -> Any:
    """Import the module that `python -m package` runs, or the package that it is of; None without one."""
    if package == module_name("__main__"):
        loaded = sys.modules.get(package)
        return loaded if loaded is not sys.modules["__main__"] else None
    name = f"{package}.__main__"
    with suppress(ImportError, ValueError):
        if importlib.util.find_spec(name) is not None:
            return importlib.import_module(name)
    return None


def import_class(path: str, what: str, is_one: Callable[[type], bool]) -> Any:
    """Import a class that a text names; refuse anything that is not of its kind."""
    from zencache.model.class_lookup import find_class  # noqa: PLC0415 - few values name a class

    kind = find_class(path, module_name("__main__"))
    if not is_one(kind):
        raise MaterializerError(f"{path} is no {what}, as a stored value says; the value is not loaded")
    return kind


def type_name(annotation: Any) -> str:  # noqa: PLR0911 - one line a kind
    """Name a type the same way in every process.

    >>> type_name(int), type_name(list[int]), type_name(int | None), type_name(Path)
    ('int', 'list[int]', 'int | None', 'pathlib.Path')
    """
    if annotation is Any:
        return "Any"
    if annotation is None or annotation is type(None):
        return "None"
    if annotation is ...:
        return "..."
    origin, args = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return type_name(args[0])
    if origin in _UNIONS:
        return " | ".join(type_name(arg) for arg in args)
    if origin is Literal:
        return f"Literal[{', '.join(map(repr, args))}]"
    if origin is not None:
        return f"{type_name(origin)}[{', '.join(_argument_name(arg) for arg in args)}]"
    if isinstance(annotation, type):
        module = module_name(annotation.__module__)
        return (
            annotation.__qualname__ if module == "builtins" else f"{module}.{annotation.__qualname__}"
        ).replace("pathlib._local.", "pathlib.")
    return str(annotation)


def _argument_name(argument: Any) -> str:
    if isinstance(argument, list | tuple):
        return f"[{', '.join(type_name(a) for a in argument)}]"
    return type_name(argument)


def is_assignable(source: Any, target: Any) -> bool:  # noqa: PLR0911 - one rule a kind
    """Say whether an output annotated `source` may feed an input annotated `target`.

    Classes by inheritance, `int` where a `float` is wanted, unions by their members; `Any` and
    `object` on either side leave the question to the value.

    >>> is_assignable(bool, int), is_assignable(int, float), is_assignable(str, int)
    (True, True, False)
    >>> is_assignable(int, int | None), is_assignable(int | str, int)
    (True, False)
    """
    source, target = _plain(source), _plain(target)
    if Any in (source, target) or object in (source, target) or source == target:
        return True
    if get_origin(source) in _UNIONS:
        return all(is_assignable(member, target) for member in get_args(source))
    if get_origin(target) in _UNIONS:
        return any(is_assignable(source, member) for member in get_args(target))
    if get_origin(source) is Literal:
        return all(matches(member, target) for member in get_args(source))
    source_class, target_class = get_origin(source) or source, get_origin(target) or target
    if not (isinstance(source_class, type) and isinstance(target_class, type)):
        return True
    if not (_is_subclass(source_class, target_class) or _is_promoted(source_class, target_class)):
        return False
    return _arguments_assignable(get_args(source), get_args(target))


def _arguments_assignable(source: tuple[Any, ...], target: tuple[Any, ...]) -> bool:
    if not source or not target or len(source) != len(target):
        return True
    return all(
        is_assignable(s, t)
        for s, t in zip(source, target, strict=True)
        if s is not ... and t is not ... and not isinstance(s, list | tuple)
    )


def matches(value: Any, annotation: Any) -> bool:
    """Say whether a value is of an annotated type; containers by their own type, not element by element.

    >>> matches(1, float), matches("1", int), matches(None, int | None), matches([1], list[str])
    (True, False, True, True)
    """
    annotation = _plain(annotation)
    if annotation in (Any, object):
        return True
    origin = get_origin(annotation)
    if origin in _UNIONS:
        return any(matches(value, member) for member in get_args(annotation))
    if origin is Literal:
        return any(value == member and type(value) is type(member) for member in get_args(annotation))
    if origin is type:
        return isinstance(value, type)
    kind = origin or annotation
    if not isinstance(kind, type):
        return True
    return _is_instance(value, kind) or _is_promoted(type(value), kind)


def converted(value: Any, annotation: Any) -> Any:
    """Convert a number to the type that it is declared with, so that equal arguments are one argument.

    An int where a float is wanted becomes a float, if it has the same value. A numpy scalar that is a float,
    a text or bytes becomes Python's own. Other values stay.

    >>> converted(1, float), converted([1, 2.5], list[float]), converted(1, int | float)
    (1.0, [1.0, 2.5], 1)
    """
    annotation = _plain(annotation)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in _UNIONS:
        members = [member for member in arguments if matches(value, member)]
        return converted(value, members[0]) if len(members) == 1 else value
    if origin in (list, set, frozenset) and type(value) is origin and arguments:
        return origin(converted(item, arguments[0]) for item in value)
    if origin is tuple and type(value) is tuple and arguments:
        kinds = arguments[:1] * len(value) if arguments[-1] is ... else arguments
        return tuple(map(converted, value, kinds)) if len(kinds) == len(value) else value
    if origin is dict and type(value) is dict and arguments:
        return {converted(k, arguments[0]): converted(v, arguments[1]) for k, v in value.items()}
    return _converted_scalar(value, annotation)


def _converted_scalar(value: Any, kind: Any) -> Any:
    if kind in (float, str, bytes, complex) and type(value) is not kind and isinstance(value, kind):
        is_numpy = type(value).__module__ == "numpy"
        return value.item() if is_numpy and hasattr(value, "item") else value
    if kind is float and type(value) is int:
        try:
            number = float(value)
        except OverflowError:
            return value
        return number if number == value else value
    return value


def _plain(annotation: Any) -> Any:
    """Take away what does not bear on the type: `Annotated`, `NewType`, and a `TypeVar` by its bound."""
    if get_origin(annotation) is Annotated:
        return _plain(get_args(annotation)[0])
    if isinstance(annotation, TypeVar):
        return _plain(annotation.__bound__ or Any)
    if hasattr(annotation, "__supertype__"):
        return _plain(annotation.__supertype__)
    return type(None) if annotation is None else annotation


def _is_subclass(source: type, target: type) -> bool:
    try:
        return issubclass(source, target)
    except TypeError:  # a protocol with data members cannot be asked
        return True


def _is_instance(value: Any, kind: type) -> bool:
    try:
        return isinstance(value, kind)
    except TypeError:  # a protocol that is not runtime-checkable cannot be asked
        return True


def _is_promoted(source: type, target: type) -> bool:
    """Follow the numeric tower of PEP 484: an int where a float is wanted, either where a complex is."""
    return (target is float and issubclass(source, int)) or (
        target is complex and issubclass(source, int | float)
    )
