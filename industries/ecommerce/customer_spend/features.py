"""What a customer's orders said on the day of the question, and what the customer spent afterwards.

Belongs here: from orders to one row a customer, cut in time. Does not belong here: the meaning of the columns for
learning (`use_case.yaml`), or anything fitted. Purchases of one customer on one day are one order.
"""

from datetime import date

import polars as pl

TODAY = date(1997, 10, 1)
"""The day of the question: what happens on it or later is the answer, and no feature. The data end 273 days later."""


def assemble(members: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """One row a customer who ordered before `TODAY`: the orders until then, and `future_spend` since."""
    orders = _orders(members["orders"])
    before, after = orders.filter(pl.col("date") < TODAY), orders.filter(pl.col("date") >= TODAY)
    spent = after.group_by("customer_id").agg(future_spend=pl.sum("dollars"))
    known = _customers(before).join(spent, on="customer_id", how="left")
    return known.with_columns(pl.col("future_spend").fill_null(0)).sort("customer_id")


def features(frame: pl.LazyFrame) -> pl.LazyFrame:
    """Ratios: how much an order is worth, and whether the silence is longer than this customer's usual one."""
    silence, known_for = pl.col("days_since_last"), pl.col("days_since_first")
    return frame.with_columns(
        mean_order=pl.col("spend") / pl.col("orders"),
        orders_per_day=pl.col("orders") / known_for,
        spend_per_day=pl.col("spend") / known_for,
        active_share=1 - silence / known_for,
        silence_in_gaps=silence / pl.col("gap_mean"),
    )


def _orders(purchases: pl.LazyFrame) -> pl.LazyFrame:
    """A row per customer and day, in that order."""
    return (
        purchases.with_columns(date=pl.col("date").cast(pl.String).str.to_date("%Y%m%d"))
        .group_by("customer_id", "date")
        .agg(cds=pl.sum("number_of_cds"), dollars=pl.sum("dollar_value"))
        .sort("customer_id", "date")
    )


def _customers(orders: pl.LazyFrame) -> pl.LazyFrame:
    days_ago = (pl.lit(TODAY) - pl.col("date")).dt.total_days()
    return orders.group_by("customer_id").agg(
        days_since_first=days_ago.max(),
        days_since_last=days_ago.min(),
        orders=pl.len(),
        orders_90d=(days_ago <= 90).sum(),
        cds=pl.sum("cds"),
        spend=pl.sum("dollars"),
        spend_90d=pl.col("dollars").filter(days_ago <= 90).sum(),
        largest_order=pl.max("dollars"),
        gap_mean=pl.col("date").diff().dt.total_days().mean(),
    )
