"""Six stocks on the business days of six years; two rise when the others don't."""

from datetime import date
from typing import Any

import numpy as np
import polars as pl

CONTENT: dict[str, Any] = {
    "title": "Which of six stocks should be held?",
    "task": "portfolio",
    "source": {"files": {"path": "*.parquet"}, "licence": "CC0", "citation": "made by the test"},
    "target": "close",
    "columns": {"group": "stock", "time": "date"},
    "split": {"by": "time", "valid_from": date(2018, 7, 1), "test_from": date(2019, 7, 1)},
    "settings": {"lookback": 120, "most": 0.6},
    "learners": ["minimum_variance", "ridge", "lightgbm"],
    "parameters": {"lightgbm": {"trials": 1, "rounds": 20, "min_data_in_leaf": 10}},
}


def frame(seed: int = 0) -> pl.DataFrame:
    """A row a day and stock: `date`, `stock`, `close`; the drift of a stock lasts for months, so momentum tells."""
    draw = np.random.default_rng(seed)
    days = pl.date_range(date(2015, 1, 1), date(2020, 6, 30), eager=True)
    days = days.filter(days.dt.weekday() <= 5)
    drift = np.repeat(draw.normal(0.0005, 0.002, (len(days) // 120 + 1, 6)), 120, axis=0)[: len(days)]
    prices = 50 * np.exp(np.cumsum(drift + draw.normal(0, 0.01, drift.shape), axis=0))
    wide = pl.DataFrame(prices, schema=list("abcdef")).insert_column(0, days.alias("date"))
    return wide.unpivot(index="date", variable_name="stock", value_name="close").sort("date", "stock")
