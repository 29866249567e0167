"""pandas DataFrames and Series as Parquet artifacts of zencache."""
