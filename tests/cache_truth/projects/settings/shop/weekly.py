from collections import defaultdict

from .settings import ROOT, settings


def holidays():
    path = ROOT / settings.paths.holidays
    if not path.is_file():
        return frozenset()
    lines = path.read_text().splitlines()
    return frozenset(int(line.split()[0]) for line in lines if line and not line.startswith("#"))


def totals(rows, first=0):
    """Amounts by product and week; a holiday's sales count for the week before."""
    free = holidays()
    table = defaultdict(lambda: defaultdict(float))
    for week, product, amount, price in rows:
        if week < first:
            continue
        if week in free and week > first:
            week -= 1
        table[product][week] += amount * (price if settings.get("report.money") else 1)
    return {product: dict(sorted(weeks.items())) for product, weeks in sorted(table.items())}


def filled(table, value=0.0):
    last = max((max(weeks) for weeks in table.values() if weeks), default=0)
    begin = min((min(weeks) for weeks in table.values() if weeks), default=0)
    span = range(begin, min(last, settings.calendar["weeks"]) + 1)
    return {product: {week: weeks.get(week, value) for week in span} for product, weeks in table.items()}
