"""Features; importing this package chooses how pandas prints."""

import pandas as pd

pd.set_option("display.precision", 3)
pd.options.display.max_columns = 20
pd.options.mode.chained_assignment = None
