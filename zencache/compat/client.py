"""The repository (0.6 to 0.23) and the client (0.20 to 0.39): their methods that read pipelines and runs."""

from __future__ import annotations

from typing import Any

from zencache import repo
from zencache.compat import views


class Repository(repo.Repository):
    """The repository of `zenml.repository`, whose pipelines are views."""

    def get_pipelines(self, stack_name: str | None = None) -> list[views.PipelineView]:  # type: ignore[override]
        """List views of all pipelines, by name; there is one store, whatever the stack's name."""
        del stack_name
        return [views.PipelineView(name, self) for name in self.get_pipeline_names()]


class Client(repo.Repository):
    """The client: views of pipelines and runs."""

    def get_pipeline(
        self, name_id_or_prefix: Any, version: int | str | None = None
    ) -> views.PipelineView | None:
        """Give a view of a pipeline, or of one of its versions; None where there is none."""
        return views.pipeline_view(self, name_id_or_prefix, version)
