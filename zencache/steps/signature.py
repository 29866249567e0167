"""Reads a step function's signature: inputs, parameters, outputs."""

from __future__ import annotations

import ast
import dis
import inspect
from collections import abc
from dataclasses import dataclass, field
from types import GenericAlias
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

from zencache.errors import StepDefinitionError
from zencache.model.secrets import is_for_secrets
from zencache.model.step_context import StepContext
from zencache.model.types import type_name
from zencache.steps.outputs import Output, check_output_name
from zencache.steps.parameters import BaseParameters

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Kind = Literal["value", "model", "context", "beam"]
MISSING: Any = inspect.Parameter.empty
_ITERATORS = (
    *(abc.Iterator, abc.Iterable, abc.Generator),
    *(abc.AsyncIterator, abc.AsyncIterable, abc.AsyncGenerator),
)


@dataclass(frozen=True)
class Argument:
    """An argument of a step: a `value` is an input or a plain parameter, as the call decides."""

    name: str
    kind: Kind
    annotation: Any
    default: Any = MISSING
    variadic: Literal["", "*", "**"] = ""
    """How a call spreads it: `*` of `*args`, which takes a tuple, `**` of `**kwargs`, which takes a dict."""


@dataclass(frozen=True)
class Signature:
    """A step's arguments and outputs."""

    arguments: Mapping[str, Argument]
    outputs: Mapping[str, Any] = field(default_factory=dict)
    """Output to its type, in the order in which they are returned."""

    def of_kind(self, *kinds: Kind) -> list[Argument]:
        """List the arguments of the given kinds, in order."""
        return [argument for argument in self.arguments.values() if argument.kind in kinds]

    def variadic(self, mark: Literal["*", "**"]) -> str | None:
        """Name the argument that takes any number of values, by position (`*`) or by name (`**`)."""
        return next((a.name for a in self.arguments.values() if a.variadic == mark), None)

    @property
    def model(self) -> Argument | None:
        """The argument that takes a parameters model, if any."""
        return next(iter(self.of_kind("model")), None)


def read_signature(function: Callable[..., Any], name: str) -> Signature:
    """Read a step function's signature; raises StepDefinitionError that says what to write instead."""
    annotations = _annotations(function, name)
    _refuse_method(function, name)
    arguments: dict[str, Argument] = {}
    for parameter in inspect.signature(function).parameters.values():
        annotation = annotations.get(parameter.name, Any)
        if parameter.kind is parameter.VAR_POSITIONAL:
            arguments[parameter.name] = Argument(
                parameter.name, "value", GenericAlias(tuple, (annotation, ...)), (), "*"
            )
        elif parameter.kind is parameter.VAR_KEYWORD:
            arguments[parameter.name] = Argument(
                parameter.name, "value", GenericAlias(dict, (str, annotation)), {}, "**"
            )
        else:
            kind = _kind(annotation)
            arguments[parameter.name] = Argument(parameter.name, kind, annotation, parameter.default)
    if "return" not in annotations and not _returns_nothing(function):
        raise StepDefinitionError(
            f"step {name} does not say what it returns; annotate it: `-> np.ndarray`, "
            "`-> Output(train=np.ndarray, test=np.ndarray)`, or `-> None` for no output"
        )
    returned = annotations.get("return")
    if _is_generator(function):
        returned = _collected(returned, name)
    signature = Signature(arguments, _outputs(returned, name))
    _check(signature, name)
    return signature


def _annotations(function: Callable[..., Any], name: str) -> dict[str, Any]:
    inner = inspect.unwrap(function)
    closed_over = {
        variable: cell.cell_contents
        for variable, cell in zip(inner.__code__.co_freevars, inner.__closure__ or (), strict=True)
        if _is_set(cell)
    }
    try:
        return inspect.get_annotations(inner, locals=closed_over, eval_str=True)
    except Exception as error:
        raise StepDefinitionError(
            f"step {name}: its annotations cannot be read ({error}); "
            "the types must be importable where the step is defined, not only while type checking"
        ) from error


def _returns_nothing(function: Callable[..., Any]) -> bool:
    """Say whether each `return` of a function is one of None, as its bytecode shows.

    >>> _returns_nothing(lambda: None), _returns_nothing(lambda: 1)
    (True, False)
    """
    code = inspect.unwrap(function).__code__
    if _is_generator(function):
        return False
    before = None
    for instruction in dis.get_instructions(code):
        is_none = before is not None and before.opname == "LOAD_CONST" and before.argval is None
        if instruction.opname == "RETURN_VALUE" and (instruction.is_jump_target or not is_none):
            return False
        if instruction.opname == "RETURN_CONST" and instruction.argval is not None:
            return False
        before = instruction
    return True


def _refuse_method(function: Callable[..., Any], name: str) -> None:
    inner = inspect.unwrap(function)
    is_of_class = "." in getattr(inner, "__qualname__", "").rpartition("<locals>.")[2]
    names = list(inspect.signature(function).parameters)
    if is_of_class and names[:1] in (["self"], ["cls"]):
        raise StepDefinitionError(
            f"step {name} is a method, and its {names[0]} cannot be wired; write a function that takes what "
            "it needs of the object as arguments, or subclass zencache.steps.BaseStep"
        )


def _is_generator(function: Callable[..., Any]) -> bool:
    inner = inspect.unwrap(function)
    return inspect.isgeneratorfunction(inner) or inspect.isasyncgenfunction(inner)


def _collected(annotation: Any, name: str) -> Any:
    """Give the type of what a generator function yields, collected in a list."""
    if get_origin(annotation) is Annotated:
        kind, *extras = get_args(annotation)
        return Annotated.__class_getitem__((_collected(kind, name), *extras))
    origin, parts = get_origin(annotation) or annotation, get_args(annotation)
    if annotation is Any or origin is list:
        return annotation
    if origin in _ITERATORS:
        return GenericAlias(list, parts[:1]) if parts else list
    raise StepDefinitionError(
        f"step {name} is a generator function, whose items are collected in a list: annotate it "
        f"`-> list[…]` or `-> Iterator[…]`, not {type_name(annotation)}; or return the value"
    )


def names_in_annotations(function: Callable[..., Any]) -> dict[str, Any]:
    """Give the globals that the text of a function's annotations names, also after the `__future__` import.

    >>> def train(models: "Mapping[str, 'Kind']") -> None: ...
    >>> sorted(names_in_annotations(train))
    ['Kind']
    """
    names = function.__globals__
    used = {name for text in function.__annotations__.values() for name in _names_in(text)}
    return {name: names[name] for name in sorted(used) if name in names}


def _names_in(annotation: object) -> Iterator[str]:
    if not isinstance(annotation, str):
        return
    try:
        tree = ast.parse(annotation.strip(), mode="eval")
    except SyntaxError:  # a Literal["…"] may hold any text
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            yield node.id
        elif isinstance(node, ast.Constant):
            yield from _names_in(node.value)


def _is_set(cell: Any) -> bool:
    try:
        cell.cell_contents  # noqa: B018 - reading an unset cell raises
    except ValueError:
        return False
    return True


def _kind(annotation: Any) -> Kind:
    if isinstance(annotation, type):
        if issubclass(annotation, BaseParameters):
            return "model"
        if issubclass(annotation, StepContext):
            return "context"
        if type_name(annotation) == "apache_beam.pipeline.Pipeline":
            return "beam"
    return "value"


def _outputs(annotation: Any, name: str) -> dict[str, Any]:
    if annotation is None or annotation is type(None):
        return {}
    if isinstance(annotation, Output):
        return dict(annotation.items())
    parts = get_args(annotation)
    if get_origin(annotation) is tuple and parts and all(get_origin(part) is Annotated for part in parts):
        named = [(_annotated_name(part, name), get_args(part)[0]) for part in parts]
        if len(dict(named)) != len(named):
            raise StepDefinitionError(f"step {name} names one output twice")
        return dict(named)
    if get_origin(annotation) is Annotated:
        return {_annotated_name(annotation, name): parts[0]}
    return {"output": annotation}


def _annotated_name(annotation: Any, name: str) -> str:
    found = next((extra for extra in get_args(annotation)[1:] if isinstance(extra, str)), None)
    if found is None or not found.isidentifier():
        raise StepDefinitionError(
            f"step {name}: an output's name is a string that could be a variable's: "
            f'`Annotated[np.ndarray, "train"]`, not {annotation}'
        )
    check_output_name(found)
    return found


def _check(signature: Signature, name: str) -> None:
    if secret := next((n for n, kind in signature.outputs.items() if is_for_secrets(kind)), None):
        raise StepDefinitionError(
            f"step {name}: output {secret} is a secret, which is never stored; give secrets as parameters "
            f"to each "
            "step that needs them, and return what is made with them"
        )
    for kind, what in (("model", "parameters model"), ("context", "StepContext"), ("beam", "Beam pipeline")):
        names = [a.name for a in signature.of_kind(kind)]  # type: ignore[arg-type]
        if len(names) > 1:
            raise StepDefinitionError(f"step {name} takes more than one {what}: {', '.join(names)}")
    fields = set(signature.model.annotation.model_fields) if signature.model else set()
    if both := fields & signature.arguments.keys():
        raise StepDefinitionError(
            f"step {name}: {', '.join(sorted(both))} is an argument and a field of its parameters model; "
            f"rename one"
        )
