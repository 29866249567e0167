from . import paths
from .helpers import *  # noqa: F403

ALIASES = {"loaf": "bread"}


def read_basket(name):
    lines = {}
    for line in paths.data(name).read_text().splitlines():
        if line.startswith("#"):
            continue
        product, count = split(line)  # noqa: F405
        product = ALIASES.get(product, product)
        lines[product] = lines.get(product, 0) + whole(count)  # noqa: F405
    return [(product, count) for product, count in lines.items() if count > least]  # noqa: F405
