"""The client (0.20 to 0.39), as far as it looked at what ran."""

from __future__ import annotations

from typing import Any

from zencache.compat import views
from zencache.repo import Repository


class Client(Repository):
    """The repository of the working folder, with views of pipelines and runs."""

    def get_pipeline(
        self, name_id_or_prefix: Any, version: int | str | None = None
    ) -> views.PipelineView | None:
        """Give a view of a pipeline, or of one of its versions; None where there is none."""
        return views.pipeline_view(self, name_id_or_prefix, version)
