import json
from configparser import ConfigParser

from .paths import data

CURRENCY = "EUR"
FACTOR = 1.1


def load_prices():
    raw = json.loads(data("prices.json").read_text())
    return {name: price * FACTOR for name, price in raw.items()}


def load_discounts():
    parser = ConfigParser()
    parser.read(data("discounts.ini"))
    return {section: dict(parser[section]) for section in parser.sections()}
