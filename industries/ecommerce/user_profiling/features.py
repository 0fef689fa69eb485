"""What a customer's orders said on the day of the question.

Belongs here: from orders to one row a customer, cut in time. Does not belong here: the meaning of the columns for
learning (`use_case.yaml`), or anything fitted.
"""

from datetime import date

import polars as pl

from ..shared import GAP, customers, orders, ratios

TODAY = date(1997, 10, 1)
"""The day of the question: what happens on it or later is the answer, and no feature."""


def assemble(members: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """One row a customer who ordered before `TODAY`: the orders until then, and `buys_again`."""
    all_orders = orders(members["orders"])
    before, after = all_orders.filter(pl.col("date") < TODAY), all_orders.filter(pl.col("date") >= TODAY)
    returned = pl.col("customer_id").is_in(after.select("customer_id").collect()["customer_id"].implode())
    return (
        customers(before, TODAY, 180, gap_longest=GAP.max())
        .with_columns(buys_again=returned.cast(pl.Int8))
        .sort("customer_id")
    )


def features(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Ratios, and how long the customer was active."""
    return ratios(
        frame,
        price_per_cd=pl.col("spend") / pl.col("cds"),
        days_active=pl.col("days_since_first") - pl.col("days_since_last"),
    )
