"""Stores figures of plotly as artifacts of zencache: JSON, and arrays beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from zencache.errors import MaterializerError
from zencache.materializers import Materializer
from zencache.materializers.comparison import difference
from zencache.materializers.exact import require_exact
from zencache.materializers.nested import NestedMaterializer

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["FigureMaterializer"]


class FigureMaterializer(Materializer):
    """Stores a figure's traces, layout and frames as a dict, whose arrays are in folders of their own."""

    def save(self, value: Any, folder: Path) -> None:
        """Write the figure; raises MaterializerError if it would be loaded with a difference."""
        import plotly.graph_objects as go  # noqa: PLC0415 - imported when there is a figure

        require_exact(value, go.Figure, advice="Return plotly.graph_objects.Figure(value)")
        properties = _properties(value)
        NestedMaterializer().save(properties, folder)
        differing = difference(properties, _properties(self.load(folder)))
        if differing:
            raise MaterializerError(
                f"plotly would not make the same figure of its JSON ({differing}). Return its data"
            )

    def load(self, folder: Path) -> Any:
        """Read the figure; plotly validates what is read."""
        import plotly.graph_objects as go  # noqa: PLC0415 - imported when there is a figure

        properties = NestedMaterializer().load(folder)
        return go.Figure(properties["data"], properties["layout"], properties["frames"])

    def digest(self, folder: Path) -> str | None:
        """Name the figure as a dict of its parts is named."""
        return NestedMaterializer().digest(folder)


def _properties(figure: Any) -> dict[str, Any]:
    # Not `figure.to_dict()`: it replaces arrays by texts in base64.
    return {
        "data": [_sorted(trace.to_plotly_json()) for trace in figure.data],
        "layout": _sorted(figure.layout.to_plotly_json()),
        "frames": [_sorted(frame.to_plotly_json()) for frame in figure.frames],
    }


def _sorted(properties: Any) -> Any:
    """Sort properties by name, because plotly reads them in another order than they were set in."""
    if isinstance(properties, dict):
        return {name: _sorted(properties[name]) for name in sorted(properties)}
    if isinstance(properties, list | tuple):
        return type(properties)(map(_sorted, properties))
    return properties
