"""The repository (0.6 to 0.23) and the client (0.20 to 0.39): their methods that read pipelines and runs."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache import config, repo
from zencache.compat import views
from zencache.metadata.session import open_records

if TYPE_CHECKING:
    from zencache.metadata.session import ProjectRecords


class _EmptyBeforeTheFirstRun(repo.Repository):
    """A repository that holds nothing where there is no project yet: old scripts make one at their top."""

    def __init__(self, root: str | Path | None = None) -> None:
        self._start = Path(root) if root is not None else None

    @cached_property
    def _records(self) -> ProjectRecords:  # type: ignore[override]
        return open_records(config.require_project(self._start))

    @property
    def _all(self) -> list[ProjectRecords]:
        return super()._all if config.find_project(self._start) else []


class Repository(_EmptyBeforeTheFirstRun):
    """The repository of `zenml.repository`, whose pipelines are views."""

    def get_pipelines(self, stack_name: str | None = None) -> list[views.PipelineView]:  # type: ignore[override]
        """List views of all pipelines, by name; there is one store, whatever the stack's name."""
        del stack_name
        return [views.PipelineView(name, self) for name in self.get_pipeline_names()]


class Client(_EmptyBeforeTheFirstRun):
    """The client: views of pipelines and runs."""

    def get_pipeline(
        self, name_id_or_prefix: Any, version: int | str | None = None
    ) -> views.PipelineView | None:
        """Give a view of a pipeline, or of one of its versions; None where there is none."""
        return views.pipeline_view(self, name_id_or_prefix, version)
