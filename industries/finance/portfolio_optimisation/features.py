"""Closing prices, a row a day and stock.

Belongs here: from a column a stock to a row. Does not belong here: what prices say of a stock (the task does that), or
anything fitted.
"""

import polars as pl


def assemble(members: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """`date`, `stock`, `close`, in that order."""
    prices = members["prices"].rename({"Date": "date"})
    long = prices.unpivot(index="date", variable_name="stock", value_name="close")
    return long.with_columns(pl.col("close").cast(pl.Float64)).sort("date", "stock")
