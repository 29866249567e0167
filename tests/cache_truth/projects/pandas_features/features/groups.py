"""Groups; imported when a step needs it."""

import pandas as pd

from features.units import miles

try:
    import features.local as local
except ImportError:
    local = None


def rms(values):
    return values.rms()


AGGREGATES = {
    "rides": ("id", "count"),
    "km": ("km", "sum"),
    "speed": ("speed", rms),
    "best": ("score", "max"),
    "hills": ("hills", lambda values: values.mean()),
}


def daily(frame, aggregates=AGGREGATES):
    table = frame.groupby(["day", "zone"], sort=True).agg(**aggregates)
    table["share"] = table["km"].share()
    table["miles"] = miles(table["km"])
    if local is not None:
        table["bonus"] = local.bonus(table)
    return with_total(table.reset_index())


def with_total(table):
    total = table.select_dtypes("number").sum().to_dict()
    last = pd.DataFrame([{"day": table["day"].max(), "zone": "all", **total}])
    return pd.concat([table, last], ignore_index=True)
