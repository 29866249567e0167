"""Defines the plug-ins through which the core reads another framework's pipelines.

Installed distributions offer them as entry points of the group `zencache.plugins`::

    components = "package.module:Class"    a ComponentPlugin
    history    = "package.module:Class"    a HistoryPlugin (zencache.pipelines.plugins)
    classic    = "package.module:Class"    a ClassicPlugin (zencache.pipelines.plugins)

A plug-in is imported when something of its kind turns up, so that a pipeline of plain steps pays for none.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Protocol

from zencache.errors import DefinitionError
from zencache.model.types import import_object
from zencache.util.distributions import DISTRIBUTION, install_advice, plugins
from zencache.util.imports import silence_tensorflow

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from zencache.model.database import Database
    from zencache.model.specs import OutputRef, PipelineSpec, StepSpec


class ComponentPlugin(Protocol):
    """Reads TFX's components, channels and pipelines as steps, outputs and specs."""

    def collecting(self, pipeline: str, add: Callable[[StepSpec], None]) -> AbstractContextManager[None]:
        """Call `add`, when the block ends, with a step for each component that was created in it."""

    def output_of(self, channel: Any, annotation: Any, where: str) -> OutputRef:
        """Give the output that a channel holds; raises ConnectionTypeError unless it fits the annotation."""

    def replacement(self, slot: str, component: Any, spec: PipelineSpec) -> StepSpec:
        """Give the step that a component is when it replaces another of the pipeline, under its name.

        Raises DefinitionError where the component is fed by none of the pipeline's steps, and
        ConnectionTypeError where its outputs do not fit.
        """

    def read(self, pipeline: Any, *, store: str) -> tuple[PipelineSpec, Database | None]:
        """Give a TFX pipeline as data, and the metadata store that it names; None for the project's own."""


def components() -> ComponentPlugin:
    """Load the plug-in for TFX components; raises DefinitionError where none is installed."""
    plugin: ComponentPlugin = load("components", "TFX components in a zencache pipeline need")
    return plugin


def is_installed(name: str) -> bool:
    """Say whether an installed distribution offers a plug-in."""
    return name in plugins()


def load(name: str, needed_for: str) -> Any:
    """Import and create a plug-in; raises DefinitionError, which begins with `needed_for`, without one."""
    if not is_installed(name):
        raise DefinitionError(f"{needed_for} {DISTRIBUTION}-tfx: {install_advice('tfx')}")
    return _made(plugins()[name])


@cache
def _made(path: str) -> Any:
    silence_tensorflow()
    return import_object(path)()
