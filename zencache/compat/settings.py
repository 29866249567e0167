"""Settings objects of older releases (0.20 to 0.39): accepted as options, and ignored with a note."""

from __future__ import annotations

from typing import Any


class DockerSettings:
    """How a step's image was built; steps run on this machine, with what is installed here.

    >>> DockerSettings(required_integrations=["sklearn"]).given
    {'required_integrations': ['sklearn']}
    """

    def __init__(self, **given: Any) -> None:
        self.given = given


class ResourceSettings(DockerSettings):
    """Resources that a step asked for."""
