from pathlib import Path

from series.core import Point, Series
from series.kinds import Quality, Unit

FLAGS = {"*": Quality.LATE, "!": Quality.BROKEN, "?": Quality.GUESSED | Quality.LATE}
COMMENT = "#"


def read(path):
    """Read a station's file: a header, and lines of hour, value and flags."""
    name, symbol, *lines = (Path(__file__).resolve().parent.parent / path).read_text().splitlines()
    points = []
    for line in lines:
        if not line.strip() or line.startswith(COMMENT):
            continue
        hour, value, *flags = line.split()
        quality = Quality.GOOD
        for flag in flags:
            quality |= FLAGS.get(flag, Quality.GOOD)
        if quality.usable:
            points.append(Point(int(hour), float(value), quality))
    return Series(name.strip(), points, Unit(symbol.strip()))
