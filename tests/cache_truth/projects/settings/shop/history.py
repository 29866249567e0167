import csv
from collections import namedtuple
from statistics import mean, pstdev

from .settings import ROOT, settings

Sale = namedtuple("Sale", "week product amount price")


def parsed(row):
    amount = float(row["amount"])
    if amount < 0 and settings.cleaning.drop_returns:
        return None
    return Sale(int(row["week"]), row["product"].strip(), amount, float(row.get("price") or 1))


def load_history(name):
    with open(ROOT / name, newline="") as file:
        rows = [parsed(row) for row in csv.DictReader(file)]
    return [tuple(row) for row in rows if row is not None]


def outliers_removed(rows, limit=2.5):
    """Drop what is further from its product's mean than `limit` deviations."""
    by_product = {}
    for _, product, amount, _ in rows:
        by_product.setdefault(product, []).append(amount)
    bounds = {}
    for product, amounts in by_product.items():
        middle, spread = mean(amounts), pstdev(amounts) or 1.0
        bounds[product] = (middle - limit * spread, middle + limit * spread)
    return [row for row in rows if bounds[row[1]][0] <= row[2] <= bounds[row[1]][1]]
