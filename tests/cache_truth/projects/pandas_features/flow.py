"""Derives features of rides: pandas accessors, options set at import, and helper packages."""

import pandas as pd
from zencache import pipeline, step

import features.accessors  # noqa: F401 - registers `frame.rides` and `series.robust`
from features import calendar, tables


@step
def rides(path: str = "data/rides.csv") -> pd.DataFrame:
    """Read the rides, and clean them by the accessor."""
    frame = tables.read(path)
    return frame.rides.cleaned(shortest=2)


@step
def enriched(frame: pd.DataFrame) -> pd.DataFrame:
    """Add columns of the calendar and of the stations."""
    frame = calendar.add_parts(frame, "start")
    frame = frame.rides.with_stations(tables.stations())
    return frame.assign(speed=frame.rides.speed, score=frame["km"].robust.score())


@step
def by_day(frame: pd.DataFrame) -> pd.DataFrame:
    """Sum up by day and kind."""
    from features.groups import daily

    return daily(frame)


@step
def page(frame: pd.DataFrame) -> str:
    """Write the table as pandas prints it, with the options that the package sets."""
    return frame.round(3).to_string()


@pipeline
def ride_features():
    page(by_day(enriched(rides())))


def build():
    return ride_features()
