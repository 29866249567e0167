"""Writes the lines of the table: the measure, its reference, and whether the goal is met."""

from __future__ import annotations

from dataclasses import astuple, dataclass, replace

SHORT, LONG = 0.1, 100
"""Seconds or ratios from which milliseconds, or fractions, are not shown."""
HEAD = ("work", "zencache", "beside", "compared", "goal", "met?")


@dataclass(frozen=True)
class Figure:
    """One line."""

    work: str
    ours: str
    beside: str = ""
    compared: str = ""
    goal: str = ""
    met: bool | None = None
    """None if there is no goal."""

    @property
    def cells(self) -> tuple[str, ...]:
        *texts, met = astuple(self)
        return (*texts, "" if met is None else "yes" if met else "no")

    def without_goal(self) -> Figure:
        return replace(self, goal="", met=None)


def alone(work: str, ours: float, unit: str, at_most: float) -> Figure:
    """A value with a limit, both in seconds or bytes."""
    return Figure(work, amount(ours, unit), goal=f"≤ {amount(at_most, unit)}", met=ours <= at_most)


def difference(work: str, ours: float, beside: tuple[str, float], unit: str, at_most: float) -> Figure:
    """A value beside a reference, and the limit of their difference, all in seconds or bytes."""
    what, reference = beside
    more = ours - reference
    return Figure(
        work,
        amount(ours, unit),
        f"{amount(reference, unit)} {what}",
        f"{'-' if more < 0 else '+'}{amount(abs(more), unit)}",
        f"≤ +{amount(at_most, unit)}",
        more <= at_most,
    )


def ratio(work: str, ours: float, beside: tuple[str, float], unit: str, at_most: float) -> Figure:
    """A value beside a reference, and the limit of their ratio."""
    what, reference = beside
    times = ours / reference
    reference_text = f"{amount(reference, unit)} {what}"
    return Figure(
        work, amount(ours, unit), reference_text, f"{times:.2f} x", f"≤ {at_most:g} x", times <= at_most
    )


def speed(work: str, ours: float, beside: tuple[str, float], at_least: float) -> Figure:
    """Seconds beside a reference's: the speedup, and the least speedup of the goal."""
    what, reference = beside
    times = reference / ours
    faster = f"{times:,.0f} x" if times >= LONG else f"{times:.2f} x"
    return Figure(
        work,
        amount(ours, "s"),
        f"{amount(reference, 's')} {what}",
        f"{faster} as fast",
        f"≥ {at_least:g} x as fast",
        times >= at_least,
    )


def amount(value: float, unit: str) -> str:
    """Write seconds or bytes with the prefix that fits.

    >>> amount(0.01234, "s"), amount(1234.0, "s"), amount(64e6, "B"), amount(512, "B")
    ('12.3 ms', '1,234 s', '64 MB', '512 B')
    """
    if unit == "s":
        return f"{value * 1000:.3g} ms" if value < SHORT else f"{value:,.{0 if value >= LONG else 2}f} s"
    for size, prefix in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g} {prefix}{unit}"
    return f"{value:.0f} {unit}"


def table(figures: list[Figure]) -> str:
    """Write the lines as a Markdown table with aligned columns."""
    lines = [HEAD, *(figure.cells for figure in figures)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, tuple("-" * width for width in widths))
    return "\n".join(
        f"| {' | '.join(cell.ljust(width) for cell, width in zip(line, widths, strict=True))} |"
        for line in lines
    )
