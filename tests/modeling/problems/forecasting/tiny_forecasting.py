"""Four shops' sales by the hour for twelve days, with a daily rhythm and a level that drifts."""

from datetime import datetime
from typing import Any

import numpy as np
import polars as pl

CONTENT: dict[str, Any] = {
    "title": "What will each shop sell in the next six hours?",
    "task": "forecasting",
    "source": {"files": {"path": "*.parquet"}, "licence": "CC0", "citation": "made by the test"},
    "target": "sold",
    "columns": {"group": "shop", "time": "hour"},
    "split": {"by": "time", "valid": 0.2, "test": 0.2},
    "settings": {"frequency": "1h", "horizon": 6, "seasons": [24], "every": 3},
    "parameters": {
        "ets_lightgbm": {"trials": 1, "rounds": 40, "min_data_in_leaf": 20},
        "ets_tabm": {"epochs": 2, "k": 2, "width": 16, "embedding": 4, "bins": 8},
    },
}


def frame(seed: int = 0) -> pl.DataFrame:
    """A row a shop and hour: `shop`, `hour`, `sold`."""
    draw = np.random.default_rng(seed)
    first, last = datetime(2024, 3, 4), datetime(2024, 3, 15, 23)
    hours = pl.datetime_range(first, last, "1h", eager=True)
    rhythm = 1 + np.sin(2 * np.pi * np.arange(len(hours)) / 24)
    shops = []
    for shop, size in {"north": 10.0, "south": 40.0, "east": 5.0, "west": 80.0}.items():
        level = size * np.exp(np.cumsum(draw.normal(0, 0.005, len(hours))))
        sold = level * rhythm + draw.normal(0, 0.3 * size, len(hours))
        shops.append(pl.DataFrame({"shop": shop, "hour": hours, "sold": sold}))
    return pl.concat(shops)
