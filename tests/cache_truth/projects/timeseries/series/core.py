from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar, Generic, TypeVar

from series.kinds import Quality, Unit

T = TypeVar("T")


class Shown:
    """Mixin: a format for each name of a method."""

    def __format__(self, spec):
        return getattr(self, f"as_{spec}")() if spec else str(self)


class Statistics:
    """Mixin: statistics of what can be iterated."""

    digits: ClassVar[int] = 6

    @property
    def mean(self):
        values = list(self)
        return round(sum(values) / len(values), self.digits) if values else 0.0

    @property
    def spread(self):
        middle = self.mean
        values = list(self)
        return round((sum((v - middle) ** 2 for v in values) / max(1, len(values) - 1)) ** 0.5, self.digits)


class Window(Sequence, Generic[T]):
    """A view of some neighbours."""

    def __init__(self, items: Sequence[T], center: int, width: int) -> None:
        half = width // 2
        self.items = items[max(0, center - half) : center + half + 1]

    def __getitem__(self, index):
        return self.items[index]

    def __len__(self) -> int:
        return len(self.items)

    def median(self) -> T:
        return sorted(self.items)[len(self) // 2]


@dataclass(frozen=True)
class Point:
    hour: int
    value: float
    quality: Quality = Quality.GOOD

    def __add__(self, change):
        return replace(self, value=self.value + change)

    def __post_init__(self):
        if self.hour < 0:
            object.__setattr__(self, "hour", 0)


@dataclass
class Series(Statistics, Shown):
    """Points in time."""

    name: str
    points: list[Point] = field(default_factory=list)
    unit: Unit = Unit.CELSIUS
    notes: dict = field(default_factory=dict, compare=False)

    def __iter__(self) -> Iterator[float]:
        return (point.value for point in self.points)

    def __len__(self):
        return len(self.points)

    def __getitem__(self, index):
        return self.points[index].value

    def to(self, unit):
        values = [replace(p, value=round(unit.from_celsius(self.unit.to_celsius(p.value)), 4)) for p in self.points]
        return replace(self, points=values, unit=unit)

    def filled(self, limit=1):
        """Fill gaps of up to `limit` hours by straight lines."""
        points = []
        for point in self.points:
            if points and 1 < point.hour - points[-1].hour <= limit + 1:
                last, gap = points[-1], point.hour - points[-1].hour
                for n in range(1, gap):
                    value = last.value + (point.value - last.value) * n / gap
                    points.append(Point(last.hour + n, round(value, 4), Quality.GUESSED))
            points.append(point)
        return replace(self, points=points, notes={"filled": len(points) - len(self.points)})

    def windows(self, width):
        values = list(self)
        return [Window(values, center, width) for center in range(len(values))]

    def as_short(self):
        guessed = sum(bool(p.quality & Quality.GUESSED) for p in self.points)
        return f"{self.name}: {len(self)} points, {guessed} guessed, spread {self.spread}"
