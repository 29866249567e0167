from checks.base import Limit, Rule


class HighAmount(Limit):
    name = "high amount"
    highest = 40
    priority = 10


class HighPrice(Limit):
    name = "high price"
    field = "price"
    highest = 9.5
    severity = "error"


class NoAmount(Rule):
    name = "no amount"
    severity = "error"

    def broken(self, order):
        return "it orders nothing" if order["amount"] <= 0 else None
