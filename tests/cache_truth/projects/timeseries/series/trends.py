from dataclasses import dataclass
from functools import total_ordering

from series.kinds import Kind, Strength

LIMITS = [(1.5, Strength.STRONG), (0.5, Strength.PLAIN)]


@total_ordering
@dataclass(frozen=True, eq=False)
class Trend:
    """A stretch in one direction."""

    start: int
    length: int
    slope: float

    @property
    def kind(self):
        return Kind.of(self.slope)

    @property
    def strength(self):
        return next((strength for limit, strength in LIMITS if abs(self.slope) >= limit), Strength.WEAK)

    def __eq__(self, other):
        return abs(self.slope) == abs(other.slope)

    def __lt__(self, other):
        return abs(self.slope) < abs(other.slope)

    def __hash__(self):
        return hash(abs(self.slope))

    def __bool__(self):
        return self.slope > 0

    def __radd__(self, total):
        return total + self.slope * self.length

    def __str__(self):
        return f"{self.start:02}+{self.length}: {self.slope:+.2f}"


def detect(series, least=1.0, shortest=2):
    """Cut where the direction changes, and keep what is long and steep enough."""
    points = series.points
    begin = 0
    for n in range(1, len(points)):
        last = n == len(points) - 1
        turn = not last and (points[n].value - points[n - 1].value) * (points[n + 1].value - points[n].value) < 0
        if not (turn or last):
            continue
        span = points[n].hour - points[begin].hour
        change = points[n].value - points[begin].value
        if span >= shortest and abs(change) >= least:
            yield Trend(points[begin].hour, span, round(change / span, 4))
        begin = n
