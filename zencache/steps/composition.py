"""Arguments that hold several outputs: lists, tuples and dicts of them, checked part by part."""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, Union, get_args, get_origin

from zencache.errors import ParameterError
from zencache.model.output_places import holds, replaced
from zencache.model.secrets import is_for_secrets, is_secret
from zencache.model.specs import indexed
from zencache.model.types import converted, matches, type_name
from zencache.model.values import OutputPlace
from zencache.steps.active_trace import OutputHandle

if TYPE_CHECKING:
    from collections.abc import Iterator

_UNIONS = (Union, types.UnionType)


def holds_outputs(value: Any) -> bool:
    """Say whether a list, tuple or dict holds a step's output; one that contains itself does not."""
    try:
        return not isinstance(value, OutputHandle) and holds(value, OutputHandle)
    except RecursionError:
        return False


def composed(value: Any) -> tuple[Any, list[OutputHandle]]:
    """Replace outputs by their places; gives the outputs as well, each of them once."""
    handles: list[OutputHandle] = []
    numbers: dict[tuple[str, str], int] = {}

    def place(handle: OutputHandle) -> OutputPlace:
        number = numbers.setdefault((handle.step, handle.name), len(handles))
        if number == len(handles):
            handles.append(handle)
        return OutputPlace(number)

    return replaced(value, OutputHandle, place), handles


def checked(step: str, argument: str, value: Any, annotation: Any) -> Any:
    """Convert the plain parts of a composed argument as declared; raises ParameterError for a wrong part."""
    for part, wanted in typed_parts(step, argument, value, annotation):
        if is_secret(part) or is_for_secrets(wanted):
            raise ParameterError(
                f"step {step}: argument {argument} holds outputs and a secret; give the secret as an "
                "argument of its own"
            )
        if not isinstance(part, OutputPlace) and not matches(part, wanted):
            raise ParameterError(
                f"step {step}: a part of argument {argument} is declared {type_name(wanted)}, "
                f"got {part!r} ({type_name(type(part))})"
            )
    return converted(value, annotation)


def input_types(step: str, argument: str, value: Any, annotation: Any) -> dict[str, Any]:
    """Give the declared type of each input of a composed argument, by its name with its number."""
    types_by_number: dict[int, Any] = {}
    for part, wanted in typed_parts(step, argument, value, annotation):
        if isinstance(part, OutputPlace):
            types_by_number.setdefault(part.number, wanted)
    return {indexed(argument, number): wanted for number, wanted in sorted(types_by_number.items())}


def typed_parts(step: str, argument: str, value: Any, annotation: Any) -> Iterator[tuple[Any, Any]]:
    """Iterate over the parts of an argument, with their declared types; raises ParameterError."""
    if type(value) not in (list, tuple, dict) or not holds(value, OutputPlace):
        yield value, annotation
        return
    container = _container(annotation, type(value))
    if container is None:
        raise ParameterError(
            f"step {step} takes {argument}: {type_name(annotation)}, not a {type(value).__name__} of outputs"
        )
    items = list(value.values()) if type(value) is dict else list(value)
    for item, wanted in zip(items, _item_types(container, type(value), len(items)), strict=True):
        yield from typed_parts(step, argument, item, wanted)


def _container(annotation: Any, kind: type) -> Any:
    """Choose the member of an annotation that a container fits; None if it fits none."""
    if get_origin(annotation) is Annotated:
        return _container(get_args(annotation)[0], kind)
    if get_origin(annotation) in _UNIONS:
        members = (_container(member, kind) for member in get_args(annotation))
        return next((member for member in members if member is not None), None)
    if isinstance(annotation, TypeVar):
        return Any
    return annotation if matches(kind(), annotation) else None


def _item_types(container: Any, kind: type, count: int) -> list[Any]:
    arguments = get_args(container)
    if kind is dict:
        return [arguments[1] if len(arguments) == 2 else Any] * count  # noqa: PLR2004 - key and value
    if kind is tuple and get_origin(container) is tuple and arguments[-1:] != (...,):
        return list(arguments) if len(arguments) == count else [Any] * count
    return [arguments[0] if arguments else Any] * count
