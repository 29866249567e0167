from datetime import date, timedelta

from checks.base import Rule

HOLIDAYS = [date(2024, 5, 1), date(2024, 5, 9)]
SPAN = timedelta(days=20)


def working_day(day):
    return day.weekday() < 5 and day not in HOLIDAYS


class Late(Rule):
    name = "late"

    def broken(self, order):
        ordered, shipped = (date.fromisoformat(order[key]) for key in ("ordered", "shipped"))
        days = sum(working_day(ordered + timedelta(days=n)) for n in range((shipped - ordered).days))
        if shipped - ordered > SPAN or days > 8:
            return f"shipped after {days} working days"
        return None
