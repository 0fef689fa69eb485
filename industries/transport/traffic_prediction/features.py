"""What the loops in the road counted, hour by hour.

Belongs here: from quarter hours to hours. Does not belong here: anything fitted, or how the future is forecast.
"""

import polars as pl

QUARTERS = 4


def assemble(members: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """One row a detector and hour: `vehicles`, null where a quarter of the hour is missing."""
    hours = members["counts"].group_by("detector", hour=pl.col("timestamp").dt.truncate("1h"))
    counted = hours.agg(quarters=pl.len(), vehicles=pl.sum("total").cast(pl.Int64))
    complete = pl.when(pl.col("quarters") == QUARTERS).then("vehicles")
    return counted.with_columns(vehicles=complete).sort("detector", "hour")
