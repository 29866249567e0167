"""Prices a basket: a package in `src`, relative and late imports, star imports, and modules with `__getattr__`."""

from zencache import pipeline, step

from shopkit import stages


@step
def basket(path: str = "data/basket.csv") -> list:
    """Read the basket."""
    from shopkit.reading import read_basket

    return read_basket(path)


@step
def priced(lines: list, country: str = "de") -> list:
    """Price each line: what is needed is imported here."""
    import shopkit

    table = shopkit.prices  # made by the package's `__getattr__`
    try:
        from shopkit.helpers.fast import rounded
    except ImportError:
        from shopkit.helpers.slow import rounded
    if country == "de":
        from shopkit.helpers import german as rules
    else:
        from shopkit.helpers import other as rules
    return [(name, count, rounded(rules.gross(table[name]) * count)) for name, count in lines]


@step
def discounted(lines: list, code: str = "spring") -> list:
    """Apply the discounts of a code."""
    return stages.discount(lines, code)


@step
def bill(lines: list) -> str:
    """Write the bill."""
    with stages.writing() as writer:
        for name, count, amount in lines:
            writer.line(name, count, amount)
    return writer.text


@pipeline
def shopping():
    bill(discounted(priced(basket())))


def build():
    return shopping()
