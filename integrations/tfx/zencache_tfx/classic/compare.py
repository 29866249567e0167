"""Compares training runs: their hyper-parameters and metrics, as a table and as plots."""

from __future__ import annotations

import html
import importlib.util
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import TYPE_CHECKING, Any

from zencache.errors import NotFoundError
from zencache_tfx.classic import html_report

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import pandas as pd

Row = tuple[str, str, "Mapping[str, Any]", "Mapping[str, Any]"]

_WIDTH, _HEIGHT, _LEFT, _BOTTOM = 360, 210, 56, 36
_FEW = 4  # up to so many values, an axis names each


@dataclass(frozen=True)
class Comparison:
    """A table of runs, which can be plotted."""

    table: pd.DataFrame
    """A row for each run: `pipeline`, `run`, hyper-parameters, metrics."""
    hyperparameters: list[str]
    metrics: list[str]

    def plot(self, path: str | Path | None = None) -> Path:
        """Plot each metric against each hyper-parameter that differs between runs; return the file's path.

        The file is an HTML page if matplotlib is not installed or the path ends in `.html`, else an image.
        """
        as_page = importlib.util.find_spec("matplotlib") is None
        file = Path(path) if path is not None else Path(f"training_runs.{'html' if as_page else 'png'}")
        if as_page or file.suffix == ".html":
            file.write_text(self._as_html(), encoding="utf-8")
        else:
            self._draw(file)
        return file

    def varied(self) -> list[str]:
        """List the hyper-parameters that differ between runs; `run` if none does."""
        varied = [name for name in self.hyperparameters if len(set(map(str, self.table[name]))) > 1]
        return varied or ["run"]

    def _draw(self, file: Path) -> None:
        from matplotlib.figure import Figure  # noqa: PLC0415 - imported only to plot

        metrics, columns = self.plotted(), self.varied()
        rows = len(metrics) or 1
        figure = Figure(figsize=(4 * len(columns), 3 * rows), layout="constrained")
        axes = figure.subplots(rows, len(columns), squeeze=False)
        for line, metric in zip(axes, metrics, strict=False):
            for place, name in zip(line, columns, strict=True):
                place.plot(*self._points(name, metric), "o")
                place.set(xlabel=name, ylabel=metric)
        figure.savefig(file)

    def _points(self, name: str, metric: str) -> tuple[list[Any], list[float]]:
        """Give the coordinates of a plot; values that are not numbers are names on an axis."""
        rows = self.table[self.table[metric].notna()]
        values = [("default" if value is None or value != value else value) for value in rows[name]]  # noqa: PLR0124 - NaN
        return (values if all(map(_is_number, values)) else list(map(str, values))), list(rows[metric])

    def plotted(self) -> list[str]:
        """List the metrics that differ between runs; all metrics if none does."""
        varied = [name for name in self.metrics if len(set(map(str, self.table[name].dropna()))) > 1]
        return varied or self.metrics

    def _as_html(self) -> str:
        plots = [
            _figure(name, metric, *self._points(name, metric))
            for metric in self.plotted()
            for name in self.varied()
        ]
        kept = self.table.dropna(axis="columns", how="all")
        return html_report.page("training runs", html_report.table(kept) + "".join(plots))


def compare_training_runs(rows: Sequence[Row]) -> Comparison:
    """Compare runs, each given as (pipeline, run, hyper-parameters, metrics).

    >>> runs = [("A", "A-1", {"lr": 0.1}, {"auc": 0.8}), ("B", "B-1", {"lr": 0.2}, {"auc": 0.9})]
    >>> print(compare_training_runs(runs).table.to_string(index=False))
    pipeline run  lr  auc
           A A-1 0.1  0.8
           B B-1 0.2  0.9
    """
    import pandas as pd  # noqa: PLC0415 - imported only to compare

    if not rows:
        raise NotFoundError("there is no training run to compare; pipeline.run() makes one")
    hyperparameters = list(dict.fromkeys(name for row in rows for name in row[2]))
    metrics = list(dict.fromkeys(name for row in rows for name in row[3]))
    columns = {name: f"metric {name}" if name in hyperparameters else name for name in metrics}
    records = [
        {
            "pipeline": pipeline,
            "run": run,
            **{name: parameters.get(name) for name in hyperparameters},
            **{columns[name]: values.get(name) for name in metrics},
        }
        for pipeline, run, parameters, values in rows
    ]
    return Comparison(pd.DataFrame(records), hyperparameters, [columns[name] for name in metrics])


def _is_number(value: Any) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


# -- a page without matplotlib --------------------------------------------------------------------


def _figure(name: str, metric: str, across: list[Any], up: list[float]) -> str:
    """Draw a scatter plot as SVG, titled with the metric's name."""
    values = [_shown(value) for value in across]
    is_number = all(map(_is_number, across))
    names = list(dict.fromkeys(values))
    at = [float(v) for v in across] if is_number else [float(names.index(v)) for v in values]
    xs, ys = _scaled(at, _LEFT + 12, _WIDTH - 24), _scaled(up, _HEIGHT - _BOTTOM - 8, 12)
    dots = "".join(
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#3465a4">'
        f"<title>{html.escape(f'{value}: {height:g}')}</title></circle>"
        for x, y, value, height in zip(xs, ys, values, up, strict=True)
    )
    frame = f'<path d="M{_LEFT} 4V{_HEIGHT - _BOTTOM}H{_WIDTH - 10}" fill="none" stroke="#999"/>'
    below = _labels(
        dict(zip(xs, values, strict=True)), lambda x: f'x="{x:.1f}" y="{_HEIGHT - 18}" text-anchor="middle"'
    )
    beside = _labels(
        {y: _shown(value) for y, value in zip(ys, up, strict=True)},
        lambda y: f'x="{_LEFT - 6}" y="{y:.1f}" dy=".35em" text-anchor="end"',
    )
    axis = (
        f'<text x="{(_LEFT + _WIDTH) // 2}" y="{_HEIGHT - 3}" font-size="12" text-anchor="middle">'
        f"{html.escape(name)}</text>"
    )
    svg = f'<svg width="{_WIDTH}" height="{_HEIGHT}" font-size="11">{frame}{dots}{below}{beside}{axis}</svg>'
    return f"<figure><figcaption>{html.escape(metric)}</figcaption>{svg}</figure>"


def _labels(texts: Mapping[float, str], place: Callable[[float], str]) -> str:
    """Label the values of an axis: all of them if they are few, else the first and the last."""
    where = sorted(texts)
    shown = where if len(where) <= _FEW else [where[0], where[-1]]
    return "".join(f'<text {place(at)} fill="#555">{html.escape(texts[at])}</text>' for at in shown)


def _shown(value: Any) -> str:
    return f"{value:.4g}" if _is_number(value) else str(value)


def _scaled(values: list[float], start: float, end: float) -> list[float]:
    if not values:
        return []
    low, span = min(values), (max(values) - min(values)) or 1.0
    return [start + (value - low) / span * (end - start) for value in values]
