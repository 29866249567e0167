"""Parameters of a step as one typed model."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class BaseParameters(BaseModel):
    """Base class of a step's parameters: a pydantic model, given as one argument.

    >>> class SVCParams(BaseParameters):
    ...     gamma: float = 0.001
    >>> SVCParams(gamma=0.02)
    SVCParams(gamma=0.02)
    """

    model_config = ConfigDict(extra="forbid", arbitrary_types_allowed=True, protected_namespaces=())


class BaseStepConfig(BaseParameters):
    """The older name of `BaseParameters`."""
