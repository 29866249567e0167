"""Parameters of a step as one typed model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, get_args

from pydantic import BaseModel, ConfigDict

from zencache.model.secrets import is_for_secrets

if TYPE_CHECKING:
    from pydantic.fields import FieldInfo


def _is_optional(field: FieldInfo) -> bool:
    """Say whether a field has to be given, though its type allows None."""
    return field.is_required() and type(None) in get_args(field.annotation)


class BaseParameters(BaseModel):
    """Base class of a step's parameters: a pydantic model, given as one argument.

    As in pydantic 1, a field that may be None is None by default.

    >>> class SVCParams(BaseParameters):
    ...     gamma: float = 0.001
    >>> SVCParams(gamma=0.02)
    SVCParams(gamma=0.02)
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, protected_namespaces=())

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Give an optional field without a default None, as pydantic 1 did, and hide secrets in errors."""
        super().__pydantic_init_subclass__(**kwargs)
        optional = [field for field in cls.model_fields.values() if _is_optional(field)]
        for field in optional:
            field.default = None
        if optional:
            cls.model_rebuild(force=True, raise_errors=False)
        hidden = cls.model_config.get("hide_input_in_errors")
        if not hidden and any(is_for_secrets(field.annotation) for field in cls.model_fields.values()):
            cls.model_config = {**cls.model_config, "hide_input_in_errors": True}
            cls.model_rebuild(force=True, raise_errors=False)


class BaseStepConfig(BaseParameters):
    """The older name of `BaseParameters`."""
