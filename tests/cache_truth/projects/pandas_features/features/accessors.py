import numpy as np
import pandas as pd
from pandas.api.extensions import register_dataframe_accessor, register_series_accessor

from features.units import km_per_h

NEEDED = {"id", "start", "minutes", "km", "station"}


@register_dataframe_accessor("rides")
class Rides:
    """What can be asked of a table of rides."""

    def __init__(self, frame):
        missing = NEEDED - set(frame.columns)
        if missing:
            raise AttributeError(f"no rides: {sorted(missing)} are missing")
        self._frame = frame

    @property
    def speed(self):
        return km_per_h(self._frame["km"], self._frame["minutes"])

    def cleaned(self, shortest=1, fastest=45):
        frame = self._frame.drop_duplicates("id", keep="last")
        frame = frame[frame["minutes"] >= shortest]
        return frame[frame.rides.speed < fastest].reset_index(drop=True)

    def with_stations(self, stations):
        joined = self._frame.merge(stations, on="station", how="left", validate="m:1")
        return joined.fillna({"hills": 0, "zone": "none"})


@register_series_accessor("robust")
class Robust:
    """Statistics that an outlier does not move."""

    scale = 1.4826

    def __init__(self, series):
        self._series = series

    @property
    def middle(self):
        return self._series.median()

    @property
    def spread(self):
        return self.scale * (self._series - self.middle).abs().median()

    def score(self, limit=3.0):
        spread = self.spread or 1.0
        return ((self._series - self.middle) / spread).clip(-limit, limit)


def share(self, of=None):
    """The share of each value in the whole."""
    return self / (self.sum() if of is None else of)


pd.Series.share = share
pd.Series.rms = lambda self: float(np.sqrt(np.mean(np.square(self))))
