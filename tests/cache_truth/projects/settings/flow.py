"""Forecasts the weekly demand of a shop: a settings module, its files, and overrides by the environment."""

from zencache import pipeline, step

from shop import report, weekly
from shop.forecast import forecast_all
from shop.history import load_history, outliers_removed
from shop.settings import settings


@step
def history() -> list:
    """Read the sales, and take out what the settings call an outlier."""
    rows = load_history(settings.paths.sales)
    return outliers_removed(rows, limit=settings.cleaning.limit)


@step
def weeks(rows: list) -> dict:
    """Sum up the sales by product and week."""
    table = weekly.totals(rows, first=settings.calendar["first_week"])
    if settings.cleaning.fill_gaps:
        table = weekly.filled(table)
    return table


@step
def forecast(table: dict, horizon: int = 3) -> dict:
    """Forecast each product with the method that the settings choose."""
    return forecast_all(table, horizon, settings.model)


@step
def summary(table: dict, forecasts: dict) -> str:
    """Write the page."""
    return report.page(table, forecasts, title=settings.get("report.title", "Demand"))


@pipeline
def demand():
    rows = history()
    table = weeks(rows)
    summary(table, forecast(table))


def build():
    return demand()
