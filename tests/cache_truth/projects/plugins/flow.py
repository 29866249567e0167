"""Checks orders by rules that are found as plug-ins: one module a rule, in a package that is searched."""

from zencache import pipeline, step


@step
def orders(folder: str = "data") -> list:
    """Read all files of a folder, each with the source that knows its suffix."""
    from checks.sources import read_folder

    return read_folder(folder)


@step
def findings(rows: list, strict: bool = False) -> list:
    """Apply each rule to each order."""
    from checks.engine import Engine

    engine = Engine.discover(strict=strict)
    return engine.run(rows)


@step
def totals(rows: list, found: list) -> dict:
    """Count the findings by severity, and the money of orders without any."""
    from checks.engine import summed

    return summed(rows, found)


@pipeline
def checking():
    rows = orders()
    totals(rows, findings(rows))


def build():
    return checking()
