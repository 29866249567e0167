import numpy as np
import pandas as pd

PARTS = {
    "hour": lambda times: times.dt.hour,
    "weekend": lambda times: times.dt.dayofweek >= 5,
    "season": lambda times: times.dt.month % 12 // 3,
}
PEAKS = ((7, 9), (16, 18))


def is_peak(hours):
    mask = np.zeros(len(hours), dtype=bool)
    for first, last in PEAKS:
        mask |= ((hours >= first) & (hours <= last)).to_numpy()
    return mask


def add_parts(frame, column, parts=None):
    """Add the parts of a time as columns."""
    frame = frame.copy()
    for name in parts or PARTS:
        frame[name] = PARTS[name](frame[column])
    frame["peak"] = is_peak(frame["hour"]) & ~frame["weekend"]
    frame["day"] = frame[column].dt.floor("D")
    frame["circle"] = np.round(np.sin(2 * np.pi * frame["hour"] / 24), 6)
    return frame


def quarters(frame, column="start"):
    return pd.PeriodIndex(frame[column], freq="Q").astype(str)
