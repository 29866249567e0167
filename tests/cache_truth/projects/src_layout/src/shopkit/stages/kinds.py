from ..helpers.slow import rounded


def by_percent(line, rule):
    name, count, amount = line
    return name, count, rounded(amount * (100 - float(rule["amount"])) / 100)


def by_count(line, rule):
    """The n-th is free."""
    name, count, amount = line
    free = count // int(rule["amount"])
    return name, count, rounded(amount * (count - free) / count)


def __getattr__(name):
    if name.startswith("by_"):
        return lambda line, rule: line
    raise AttributeError(name)
