import re

from checks.base import Rule
from checks.registry import guarded

NAME = re.compile(r"^[A-Z][a-z]+( [A-Z][a-z]+)*$")
BLOCKED = {"Eve", "Mallory"}


class Blocked(Rule):
    name = "blocked customer"
    severity = "error"
    priority = 1

    def broken(self, order):
        first = order["customer"].split()[0]
        return f"{first} is blocked" if first in BLOCKED else None


class Spelling(Rule):
    name = "spelling"
    severity = "note"

    def broken(self, order):
        if NAME.match(order["customer"]):
            return None
        return f"odd name {order['customer']!r}"


class Loyal(Rule):
    name = "loyal customer"
    severity = "note"

    @guarded(default=None)
    def broken(self, order):
        years = int(order["since"])
        return "give a discount" if years >= 5 else None
