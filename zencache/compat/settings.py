"""Settings objects of older releases (0.20 to 0.39): made and passed on, and then passed over with a note."""

from __future__ import annotations

from typing import Any


class DockerSettings:
    """How a step's image would be built; steps run here, with what is installed here.

    >>> DockerSettings(required_integrations=["sklearn"]).given
    {'required_integrations': ['sklearn']}
    """

    def __init__(self, **given: Any) -> None:
        self.given = given


class ResourceSettings(DockerSettings):
    """What a step would need of a machine."""
