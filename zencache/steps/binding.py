"""Binds the values of a call to a step's arguments, as inputs or parameters, and checks them."""

from __future__ import annotations

import copy
import difflib
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from zencache.errors import MaterializerError, ParameterError
from zencache.model import secrets
from zencache.model.output_places import argument_name, holds, parameter_name
from zencache.model.types import converted, matches, type_name
from zencache.model.values import OutputPlace, from_text, private_texts, to_text
from zencache.steps.parameters import BaseParameters
from zencache.steps.signature import MISSING, Argument, Signature

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


def bind_parameters(
    step: str, signature: Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]
) -> dict[str, Any]:
    """Bind parameters outside a pipeline's body: a parameters model, or plain values by keyword."""
    values = by_keyword(signature, kwargs)
    for value in args:
        model = signature.model
        if not isinstance(value, BaseParameters) or model is None or model.name in values:
            raise ParameterError(
                f"step {step}: give plain parameters by keyword, and inputs in a pipeline's body; "
                f"got {_said(value, *(a.annotation for a in signature.arguments.values()))} by position"
            )
        values[model.name] = value
    check_known(step, signature, values)
    return {name: check_parameter(step, signature.arguments[name], value) for name, value in values.items()}


def by_keyword(signature: Signature, kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """Give a call's keywords by argument: those without one of their own go to `**kwargs`."""
    catch_all = signature.variadic("**")
    if catch_all is None:
        return dict(kwargs)
    own = {n: v for n, v in kwargs.items() if n in signature.arguments and n != catch_all}
    others = {n: v for n, v in kwargs.items() if n not in own}
    return {**own, **({catch_all: others} if others else {})}


def check_known(step: str, signature: Signature, names: Iterable[str]) -> None:
    """Raise ParameterError for a name that the step does not take."""
    taken = [a.name for a in signature.of_kind("value", "model")]
    for name in names:
        if name in taken:
            continue
        if signature.model and name in signature.model.annotation.model_fields:
            model = signature.model
            advice = f"it is a field of {model.name}: give {model.annotation.__name__}({name}=…)"
        else:
            near = difflib.get_close_matches(name, taken, n=1, cutoff=0.5)
            advice = f"did you mean {near[0]}?" if near else f"it takes {', '.join(taken) or 'no arguments'}"
        raise ParameterError(f"step {step} takes no argument {name}; {advice}")


def check_parameter(step: str, argument: Argument, value: Any) -> Any:
    """Give a parameter's value, checked and copied; raises ParameterError."""
    value = secrets.wrapped(value, argument.annotation)
    if argument.kind == "model":
        value = _model(step, argument, value)
    elif not matches(value, argument.annotation):
        called = getattr(getattr(value, "step", value), "entrypoint", None)
        if called is not None:  # a step, with its parameters or without
            raise ParameterError(
                f"step {step}: argument {argument.name} got the step {called.__name__} itself; "
                f"call it in the body, and give what it returns: {argument.name}={called.__name__}()"
            )
        raise ParameterError(
            f"step {step}: parameter {argument.name} is declared {type_name(argument.annotation)}, "
            f"got {_said(value, argument.annotation)} ({type_name(type(value))})"
        )
    value = converted(value, argument.annotation)
    try:
        to_text(value, secrets.unsealed)
    except (MaterializerError, ValueError) as error:
        raise ParameterError(f"step {step}: parameter {argument.name}: {error}") from error
    copied = copy.deepcopy(value)
    if argument.kind == "model":
        from zencache.model.object_values import fields_of  # noqa: PLC0415 - few steps have a model

        # In a record all fields are set: so they are for the step, in every process.
        object.__setattr__(copied, "__pydantic_fields_set__", set(fields_of(copied)))
    return copied


def _model(step: str, argument: Argument, value: Any) -> BaseParameters:
    model: type[BaseParameters] = argument.annotation
    if isinstance(value, model):
        return value
    if not isinstance(value, dict):
        raise ParameterError(
            f"step {step}: parameter {argument.name} is declared {model.__name__}, "
            f"got {_said(value, model)} ({type_name(type(value))})"
        )
    try:
        return model(**value)
    except ValidationError as error:
        raise ParameterError(f"step {step}: parameter {argument.name}: {error}") from error


def _said(value: Any, *annotations: Any) -> str:
    """Show a value in an error, unless it may be a secret."""
    return "a value that is not shown" if any(map(secrets.is_for_secrets, annotations)) else repr(value)


def complete(
    step: str, signature: Signature, values: Mapping[str, Any], fed: Iterable[str]
) -> dict[str, Any]:
    """Add defaults to the parameters; raises ParameterError for an argument without a value."""
    done = dict(values)
    for argument in signature.of_kind("value", "model"):
        if argument.name in done or argument.name in fed:
            continue
        if argument.default is not MISSING:
            done[argument.name] = check_parameter(step, argument, argument.default)
        elif argument.kind == "model":
            done[argument.name] = _default_model(step, argument)
        else:
            raise ParameterError(
                f"step {step}: argument {argument.name} ({type_name(argument.annotation)}) is missing; "
                "feed it with another step's output, or give it as a parameter"
            )
    return {name: done[name] for name in signature.arguments if name in done}


def _default_model(step: str, argument: Argument) -> BaseParameters:
    model: type[BaseParameters] = argument.annotation
    try:
        return model()
    except ValidationError as error:
        missing = ", ".join(str(e["loc"][0]) for e in error.errors() if e["loc"])
        raise ParameterError(
            f"step {step}: parameter {argument.name} is missing; give {model.__name__}({missing}=…)"
        ) from error


def spread(signature: Signature, values: Mapping[str, Any]) -> dict[str, str]:
    """Encode parameters as texts for specs and records, a model field by field."""
    texts: dict[str, str] = {}
    for name, value in values.items():
        if signature.arguments[name].kind == "model":
            from zencache.model.object_values import fields_of  # noqa: PLC0415 - few steps have a model

            texts |= {key: to_text(item, secrets.unsealed) for key, item in fields_of(value).items()}
            texts |= private_texts(value, secrets.unsealed)
        else:
            place = parameter_name(name) if holds(value, OutputPlace) else name
            texts[place] = to_text(value, secrets.unsealed)
    return texts


def gather(signature: Signature, texts: Mapping[str, str]) -> dict[str, Any]:
    """Decode what `spread` encoded."""
    values = {argument_name(n): secrets.filled(n, from_text(text)) for n, text in texts.items()}
    plain = {name: value for name, value in values.items() if name in signature.arguments}
    if signature.model:
        fields = {name: value for name, value in values.items() if name not in signature.arguments}
        from zencache.model.object_values import made_model  # noqa: PLC0415 - likewise

        private = {name: value for name, value in fields.items() if name.startswith("_")}
        public = {name: value for name, value in fields.items() if name not in private}
        plain[signature.model.name] = made_model(signature.model.annotation, public, private)
    return plain
