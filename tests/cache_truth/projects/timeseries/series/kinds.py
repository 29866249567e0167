from enum import Enum, Flag, IntEnum, auto


class Unit(Enum):
    """Units of temperature, with the factor and the offset from degrees Celsius."""

    CELSIUS = ("°C".encode("ascii", "ignore").decode(), 1.0, 0.0)
    KELVIN = ("K", 1.0, 273.15)
    FAHRENHEIT = ("F", 1.8, 32.0)

    def __init__(self, symbol, factor, offset):
        self.symbol = symbol
        self.factor = factor
        self.offset = offset

    def from_celsius(self, value):
        return value * self.factor + self.offset

    def to_celsius(self, value):
        return (value - self.offset) / self.factor

    @classmethod
    def _missing_(cls, value):
        return next((unit for unit in cls if unit.symbol == value), None)


class Kind(Enum):
    UP = 1
    FLAT = 0
    DOWN = -1

    @property
    def arrow(self):
        return {Kind.UP: "/", Kind.FLAT: "-", Kind.DOWN: "\\"}[self]

    @classmethod
    def of(cls, slope, flat=0.05):
        if abs(slope) < flat:
            return cls.FLAT
        return cls.UP if slope > 0 else cls.DOWN


class Strength(IntEnum):
    WEAK = 1
    PLAIN = 2
    STRONG = 3


class Quality(Flag):
    GOOD = 0
    GUESSED = auto()
    LATE = auto()
    BROKEN = auto()

    @property
    def usable(self):
        return not self & Quality.BROKEN
