"""Parameters of a step as one typed model."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict

from zencache.model.secrets import is_for_secrets


class BaseParameters(BaseModel):
    """Base class of a step's parameters: a pydantic model, given as one argument.

    >>> class SVCParams(BaseParameters):
    ...     gamma: float = 0.001
    >>> SVCParams(gamma=0.02)
    SVCParams(gamma=0.02)
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, protected_namespaces=())

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Keep what was given out of pydantic's errors where a field is a secret: they show all fields."""
        super().__pydantic_init_subclass__(**kwargs)
        hidden = cls.model_config.get("hide_input_in_errors")
        if not hidden and any(is_for_secrets(field.annotation) for field in cls.model_fields.values()):
            cls.model_config = {**cls.model_config, "hide_input_in_errors": True}
            cls.model_rebuild(force=True, raise_errors=False)


class BaseStepConfig(BaseParameters):
    """The older name of `BaseParameters`."""
