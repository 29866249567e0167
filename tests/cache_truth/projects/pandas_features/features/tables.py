from functools import lru_cache
from pathlib import Path

import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
PARSERS = {"start": pd.to_datetime, "minutes": pd.to_numeric, "km": pd.to_numeric}


def read(path):
    frame = pd.read_csv(ROOT / path, dtype=str)
    frame.columns = frame.columns.str.strip().str.lower()
    for column, parser in PARSERS.items():
        frame[column] = parser(frame[column])
    return frame.sort_values("start", kind="stable", ignore_index=True)


@lru_cache(maxsize=None)
def stations(name="data/stations.json"):
    frame = pd.read_json(ROOT / name, orient="records")
    return frame.rename(columns={"name": "station"})
