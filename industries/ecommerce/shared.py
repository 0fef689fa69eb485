"""What use cases of ecommerce share: a customer's orders, as they stood on the day of a question.

Belongs here: functions that two or more `features.py` of it call. Does not belong here: what one alone needs.
"""

from datetime import date

import polars as pl

GAP = pl.col("date").diff().dt.total_days()
"""Days between an order of a customer and the one before."""


def orders(purchases: pl.LazyFrame) -> pl.LazyFrame:
    """A row per customer and day, in that order: purchases of one customer on one day are one order."""
    return (
        purchases.with_columns(date=pl.col("date").cast(pl.String).str.to_date("%Y%m%d"))
        .group_by("customer_id", "date")
        .agg(cds=pl.sum("number_of_cds"), dollars=pl.sum("dollar_value"))
        .sort("customer_id", "date")
    )


def customers(history: pl.LazyFrame, today: date, recent: int, **more: pl.Expr) -> pl.LazyFrame:
    """A row per customer: a history that ends before `today`, the last `recent` days counted apart."""
    days_ago = (pl.lit(today) - pl.col("date")).dt.total_days()
    return history.group_by("customer_id").agg(
        days_since_first=days_ago.max(),
        days_since_last=days_ago.min(),
        orders=pl.len(),
        **{f"orders_{recent}d": (days_ago <= recent).sum()},
        cds=pl.sum("cds"),
        spend=pl.sum("dollars"),
        spend_90d=pl.col("dollars").filter(days_ago <= 90).sum(),
        largest_order=pl.max("dollars"),
        gap_mean=GAP.mean(),
        **more,
    )


def ratios(frame: pl.LazyFrame, **more: pl.Expr) -> pl.LazyFrame:
    """How much an order is worth, and whether the silence is longer than this customer's usual one."""
    silence = pl.col("days_since_last")
    return frame.with_columns(
        mean_order=pl.col("spend") / pl.col("orders"),
        **more,
        active_share=1 - silence / pl.col("days_since_first"),
        silence_in_gaps=silence / pl.col("gap_mean"),
    )
