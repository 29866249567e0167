"""Training runs beside each other: what they were told, and how well they did."""

from __future__ import annotations

import html
import importlib.util
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pandas as pd

Row = tuple[str, str, "Mapping[str, Any]", "Mapping[str, Any]"]

_PAGE = """<!doctype html><html><head><meta charset="utf-8"><title>training runs</title><style>
body {{ font: 14px sans-serif; margin: 2em }} table {{ border-collapse: collapse }}
td, th {{ padding: .3em .8em; border-bottom: 1px solid #ddd; text-align: right }}
svg {{ margin: 1em 2em 1em 0 }}
</style></head><body><h1>training runs</h1>{table}{plots}</body></html>"""
_WIDTH, _HEIGHT, _MARGIN = 360, 220, 46


@dataclass(frozen=True)
class Comparison:
    """Runs as a table, and how to plot them."""

    table: pd.DataFrame
    """A row for each run: `pipeline`, `run`, what the runs were told, their metrics."""
    hyperparameters: list[str]
    metrics: list[str]

    def plot(self, path: str | Path | None = None) -> Path:
        """Draw each metric against each hyper-parameter that differs between the runs; give the file's path.

        An image by matplotlib where it is installed (unless the path ends in `.html`), else an HTML page.
        """
        as_page = importlib.util.find_spec("matplotlib") is None
        file = Path(path) if path is not None else Path(f"training_runs.{'html' if as_page else 'png'}")
        if as_page or file.suffix == ".html":
            file.write_text(self._as_html(), encoding="utf-8")
        else:
            self._draw(file)
        return file

    def varied(self) -> list[str]:
        """List the hyper-parameters that are not the same in all runs; the run itself where all are."""
        found = [name for name in self.hyperparameters if len(set(map(str, self.table[name]))) > 1]
        return found or ["run"]

    def _draw(self, file: Path) -> None:
        from matplotlib.figure import Figure  # noqa: PLC0415 - a plot is made when asked for

        rows, columns = len(self.metrics) or 1, self.varied()
        figure = Figure(figsize=(4 * len(columns), 3 * rows), layout="constrained")
        axes = figure.subplots(rows, len(columns), squeeze=False)
        for line, metric in zip(axes, self.metrics, strict=False):
            for place, name in zip(line, columns, strict=True):
                place.plot(*self._points(name, metric), "o")
                place.set(xlabel=name, ylabel=metric)
        figure.savefig(file)

    def _points(self, name: str, metric: str) -> tuple[list[Any], list[float]]:
        """Give a plot's coordinates; what is not a number is an axis of names."""
        rows = self.table[[name, metric]].dropna()
        values = list(rows[name])
        return (values if all(map(_is_number, values)) else list(map(str, values))), list(rows[metric])

    def _as_html(self) -> str:
        plots = [
            _svg(name, metric, *self._points(name, metric))
            for metric in self.metrics
            for name in self.varied()
        ]
        return _PAGE.format(table=self.table.to_html(index=False), plots="".join(plots))


def compare_training_runs(rows: Sequence[Row]) -> Comparison:
    """Put runs beside each other, each given as (pipeline, run, hyper-parameters, metrics).

    >>> runs = [("A", "A-1", {"lr": 0.1}, {"auc": 0.8}), ("B", "B-1", {"lr": 0.2}, {"auc": 0.9})]
    >>> print(compare_training_runs(runs).table.to_string(index=False))
    pipeline run  lr  auc
           A A-1 0.1  0.8
           B B-1 0.2  0.9
    """
    import pandas as pd  # noqa: PLC0415 - a comparison is made when asked for

    if not rows:
        raise NotFoundError("there is no training run to compare; pipeline.run() makes one")
    told = list(dict.fromkeys(name for row in rows for name in row[2]))
    measured = list(dict.fromkeys(name for row in rows for name in row[3]))
    renamed = {name: f"metric {name}" if name in told else name for name in measured}
    made = [
        {
            "pipeline": pipeline,
            "run": run,
            **{name: parameters.get(name) for name in told},
            **{renamed[name]: metrics.get(name) for name in measured},
        }
        for pipeline, run, parameters, metrics in rows
    ]
    return Comparison(pd.DataFrame(made), told, [renamed[name] for name in measured])


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


# -- a page without matplotlib --------------------------------------------------------------------


def _svg(name: str, metric: str, across: list[Any], up: list[float]) -> str:
    """Draw points as SVG."""
    names = list(dict.fromkeys(across))
    at = [float(value) if _is_number(value) else float(names.index(value)) for value in across]
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#3465a4"><title>{html.escape(f"{value}: {height:g}")}</title>'
        "</circle>"
        for x, y, value, height in zip(
            _scaled(at, _MARGIN, _WIDTH - 10), _scaled(up, _HEIGHT - _MARGIN, 10), across, up, strict=True
        )
    )
    frame = (
        f'<path d="M{_MARGIN} 10V{_HEIGHT - _MARGIN}H{_WIDTH - 10}" fill="none" stroke="#888"/>'
        f'<text x="{_WIDTH // 2}" y="{_HEIGHT - 8}">{html.escape(name)}</text>'
        f'<text x="4" y="10" dy=".4em">{html.escape(metric)}</text>'
    )
    ends = f"{_ends(up, 4, (_HEIGHT - _MARGIN, 26))}"
    return f'<svg width="{_WIDTH}" height="{_HEIGHT}">{frame}{ends}{dots}</svg>'


def _ends(values: list[float], x: int, places: tuple[int, int]) -> str:
    if not values:
        return ""
    pairs = zip((min(values), max(values)), places, strict=True)
    return "".join(f'<text x="{x}" y="{y}" font-size="11">{value:.3g}</text>' for value, y in pairs)


def _scaled(values: list[float], start: float, end: float) -> list[float]:
    if not values:
        return []
    low, span = min(values), (max(values) - min(values)) or 1.0
    return [start + (value - low) / span * (end - start) for value in values]
