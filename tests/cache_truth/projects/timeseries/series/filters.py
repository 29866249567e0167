from abc import ABC, abstractmethod
from dataclasses import replace

from series.fields import Bounded, Odd


class Filter(ABC):
    """A function of series; a subclass says what becomes of the values."""

    registry: list = []

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        Filter.registry.append(cls.__name__)

    def __init__(self, **options):
        for name, value in options.items():
            setattr(self, name, value)

    @abstractmethod
    def values(self, series):
        """Give the new values."""

    def apply(self, series):
        values = self.values(series)
        points = [replace(point, value=round(value, 4)) for point, value in zip(series.points, values)]
        return self.noted(replace(series, points=points))

    def noted(self, series):
        return replace(series, notes={**series.notes, type(self).__name__: len(series)})

    def __or__(self, other):
        return Chain(self, other)


class Median(Filter):
    width = Odd(low=1, high=9, default=3)

    def values(self, series):
        return [window.median() for window in series.windows(self.width)]


class Smooth(Filter):
    alpha = Bounded(0.0, 1.0, default=0.5)

    def values(self, series):
        level = None
        for value in series:
            level = value if level is None else self.alpha * value + (1 - self.alpha) * level
            yield level


class Chain(Filter):
    """Filters one after the other."""

    def __init__(self, *filters):
        super().__init__(filters=filters)

    def values(self, series):
        raise TypeError("a chain applies its filters")

    def apply(self, series):
        for each in self.filters:
            series = each.apply(series)
        return series
