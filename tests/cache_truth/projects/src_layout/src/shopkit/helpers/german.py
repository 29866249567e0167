from ._tax import RATES, Tax

NORMAL = Tax("normal", RATES["normal"])


def gross(price):
    return NORMAL.add(price)
