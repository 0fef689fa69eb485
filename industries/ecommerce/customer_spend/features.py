"""What a customer's orders said on the day of the question, and what the customer spent afterwards.

Belongs here: from orders to one row a customer, cut in time. Does not belong here: the meaning of the columns for
learning (`use_case.yaml`), or anything fitted.
"""

from datetime import date

import polars as pl

from ..shared import customers, orders, ratios

TODAY = date(1997, 10, 1)
"""The day of the question: what happens on it or later is the answer, and no feature. The data end 273 days later."""


def assemble(members: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """One row a customer who ordered before `TODAY`: the orders until then, and `future_spend` since."""
    all_orders = orders(members["orders"])
    before, after = all_orders.filter(pl.col("date") < TODAY), all_orders.filter(pl.col("date") >= TODAY)
    spent = after.group_by("customer_id").agg(future_spend=pl.sum("dollars"))
    known = customers(before, TODAY, 90).join(spent, on="customer_id", how="left")
    return known.with_columns(pl.col("future_spend").fill_null(0)).sort("customer_id")


def features(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Ratios, and what a day brought."""
    known_for = pl.col("days_since_first")
    return ratios(frame, orders_per_day=pl.col("orders") / known_for, spend_per_day=pl.col("spend") / known_for)
