"""The secrets of a pipeline's steps: digests in its spec, new values, and removal from texts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel

from zencache.errors import ParameterError
from zencache.model.secrets import Absent, holds_secret, is_absent, is_secret, secrets_in, wrapped
from zencache.model.values import to_text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from zencache.code.redaction import Redactor
    from zencache.model.specs import PipelineSpec, StepSpec
    from zencache.planning.bodies import Body

AnyBody = TypeVar("AnyBody", bound="Body")


def sealed(spec: PipelineSpec, bodies: Mapping[str, Body], seal: Callable[[Any], str]) -> PipelineSpec:
    """Give a spec in which each known secret is replaced by its digest."""
    if not any(map(holds_secret, (text for step in spec.steps for text in step.parameters.values()))):
        return spec
    return spec.replaced(steps=tuple(_sealed(step, bodies[step.name], seal) for step in spec.steps))


def _sealed(step: StepSpec, body: Body, seal: Callable[[Any], str]) -> StepSpec:
    texts = {name: to_text(value, seal) for name, value in secret_parameters(step, body).items()}
    return step.replaced(parameters=step.parameters | texts) if texts else step


def secret_parameters(step: StepSpec, body: Body) -> dict[str, Any]:
    """Give the live values of a step's parameters that are secrets or hold some, as its spec names them."""
    names = [name for name, text in step.parameters.items() if holds_secret(text)]
    if not names:
        return {}
    values = live_parameters(body)
    return {name: values[name] for name in names if name in values}


def live_parameters(body: Body) -> dict[str, Any]:
    """Give the live values of a step's parameters as its spec names them: a model spread into its fields."""
    values: dict[str, Any] = {}
    for name, value in body.arguments.items():
        is_model = isinstance(value, BaseModel) and name not in body.spec.parameters
        values |= {**dict(value), **(value.model_extra or {})} if is_model else {name: value}
    return values


def with_secrets(bodies: Mapping[str, Body], values: Mapping[str, Any]) -> dict[str, Body]:
    """Give the bodies with new values of secrets, by parameter name, in all steps with such a parameter."""
    names = {name for body in bodies.values() for name in secret_parameters(body.spec, body)}
    if unknown := [name for name in values if name not in names]:
        raise ParameterError(
            f"no step has a secret parameter {unknown[0]}; there is {', '.join(sorted(names)) or 'none'}"
        )
    return {name: with_values(body, values) for name, body in bodies.items()}


def with_values(body: AnyBody, values: Mapping[str, Any]) -> AnyBody:
    """Give a step's body with other values of its secret parameters."""
    current = secret_parameters(body.spec, body)
    named = {
        name: _checked(body.spec.name, name, current[name], values[name])
        for name in values
        if name in current
    }
    arguments = {}
    for name, value in body.arguments.items():
        if isinstance(value, BaseModel) and name not in body.spec.parameters:
            fields = {field: new for field, new in named.items() if field in type(value).model_fields}
            arguments[name] = value.model_copy(update=fields)
        else:
            arguments[name] = named.get(name, value)
    return body.with_arguments(arguments)


def _checked(step: str, name: str, current: Any, value: Any) -> Any:
    """Give a new value as a secret; a parameter that holds secrets among other values is replaced whole."""
    if not is_secret(current):
        if not list(secrets_in(value)):
            raise ParameterError(f"step {step}: {name} must hold its secrets as SecretStr or SecretBytes")
        return value
    kinds = [base for base in type(current).__mro__ if is_secret_class(base)]
    secret = wrapped(value, kinds[0])
    if not isinstance(secret, kinds[0]) or isinstance(secret, Absent):
        raise ParameterError(
            f"step {step}: the secret {name} must be a {kinds[0].__name__}, or what one is made of"
        )
    return secret


def is_secret_class(kind: type) -> bool:
    """Say whether a class is pydantic's own of secrets, and not a stand-in for one that is absent."""
    return kind.__module__ == "pydantic.types" and hasattr(kind, "get_secret_value")


def lacking(step: StepSpec, body: Body) -> dict[str, Any]:
    """Give the parameters of a step whose secret has no value yet."""
    return {name: value for name, value in secret_parameters(step, body).items() if is_absent(value)}


def values_of(bodies: Mapping[str, Body]) -> list[str | bytes]:
    """List the values of all secrets that are known."""
    return [
        secret.get_secret_value()
        for body in bodies.values()
        for value in secret_parameters(body.spec, body).values()
        for secret in secrets_in(value)
        if not isinstance(secret, Absent)
    ]


def redactor(bodies: Mapping[str, Body]) -> Redactor:
    """Make a redactor that removes the values of a pipeline's secrets from texts."""
    from zencache.code.redaction import Redactor  # noqa: PLC0415 - what is declared is not shown yet

    return Redactor(values_of(bodies))
