"""Finds trends and gaps in measurements: dataclasses, enums, generics, descriptors, mixins and hierarchies."""

from zencache import pipeline, step

from series.core import Series
from series.filters import Chain, Median, Smooth
from series.kinds import Unit
from series.reading import read
from series.trends import Trend, detect

CHAIN = Chain(Median(width=3), Smooth(alpha=0.6))


@step
def measured(path: str = "data/station.txt", unit: str = "celsius") -> Series:
    """Read the series, in the unit that is wanted."""
    return read(path).to(Unit[unit.upper()])


@step
def filtered(series: Series) -> Series:
    """Filter noise out."""
    return CHAIN.apply(series.filled(limit=2))


@step
def trends(series: Series, least: float = 0.8) -> list:
    """Cut the series into trends."""
    return list(detect(series, least=least))


@step
def told(series: Series, found: list) -> str:
    """Tell what was found; the objects come from earlier steps."""
    lines = [format(series, "short")]
    for trend in found:
        lines.append(f"{trend} {trend.kind.arrow} {trend.strength.name.lower()}")
    if found:
        steepest = max(found)
        lines.append(f"steepest: {steepest.start}, {steepest.length} long, up: {bool(steepest)}")
    lines.append(f"mean {series.mean:.3f} {series.unit.symbol}, last {series[-1]:.2f}, sum {sum(found, 0.0):.3f}")
    return "\n".join(lines)


@pipeline
def station():
    series = filtered(measured())
    told(series, trends(series))


def build():
    return station()
