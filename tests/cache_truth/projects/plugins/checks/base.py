from abc import ABC, abstractmethod

from checks.registry import RULES

SEVERITIES = ("note", "warning", "error")


class Rule(ABC):
    """A rule; a subclass registers itself under its name."""

    name = ""
    severity = "warning"
    priority = 50

    def __init_subclass__(cls, **options):
        super().__init_subclass__(**options)
        if cls.name:
            RULES[cls.name] = cls

    def __init__(self, strict=False):
        self.strict = strict
        self.seen = 0

    @abstractmethod
    def broken(self, order):
        """Say what is wrong with an order, or None."""

    def check(self, order):
        self.seen += 1
        words = self.broken(order)
        if words is None:
            return None
        return {"rule": self.name, "order": order["id"], "severity": self.level, "words": words}

    @property
    def level(self):
        position = SEVERITIES.index(self.severity)
        return SEVERITIES[min(position + self.strict, len(SEVERITIES) - 1)]


class Limit(Rule):
    """A rule of a number that has a limit."""

    field = "amount"
    highest = 100

    def broken(self, order):
        value = order[self.field]
        if value > self.highest:
            return f"{self.field} {value} > {self.highest}"
        return None
