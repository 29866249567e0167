from pathlib import Path

import numpy as np
import pandas as pd

HERE = Path(__file__).parent.parent
TYPES = {"plan": "category", "town": str, "age": float, "calls": int, "joined": str}
PARTS = 0.7


def load(path):
    frame = pd.read_csv(HERE / path, dtype=TYPES)
    frame = frame.assign(months=months_since(frame["joined"]), busy=frame["calls"] > frame["calls"].median())
    return frame.drop(columns="joined").sort_values(["months", "age"], kind="stable").reset_index(drop=True)


def months_since(column, until="2024-06-01"):
    end = pd.Timestamp(until)
    dates = pd.to_datetime(column)
    return (end.year - dates.dt.year) * 12 + end.month - dates.dt.month


def add_noise(frame, seed=0, scale=0.05):
    """Blur ages a little, as the customers' privacy demands."""
    rng = np.random.default_rng(seed)
    blurred = frame["age"] * (1 + scale * rng.standard_normal(len(frame)))
    return frame.assign(age=blurred.round(2))


def split(frame, part=PARTS):
    """Split by order: every row counts once."""
    order = np.random.RandomState(3).permutation(len(frame))
    size = int(len(frame) * part)
    return frame.iloc[order[:size]], frame.iloc[order[size:]]
