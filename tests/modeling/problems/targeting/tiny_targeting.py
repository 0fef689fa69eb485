"""Two counters that show offers at random or by habit; each visitor likes one kind of offer."""

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import polars as pl

OFFERS = 4

CONTENT: dict[str, Any] = {
    "title": "What should be offered?",
    "task": "targeting",
    "source": {"files": {"path": "*.parquet"}, "licence": "CC0", "citation": "made by the test"},
    "target": "click",
    "columns": {"time": "moment"},
    "settings": {
        "action": "offer",
        "propensity": "probability",
        "pool": "counter",
        "logger": "policy",
        "production": "habit",
        "judged_on": "random",
        "action_features": ["price"],
        "per_action": {"liking": "liking_{action}"},
        "sharpness": 2,
    },
    "split": {"by": "time", "valid": 0.25, "test": 0.35},
    "parameters": {
        "lightgbm": {"trials": 1, "rounds": 40, "min_data_in_leaf": 10, "num_leaves": 7},
        "mlp": {"hidden": [16], "batch": 64, "epochs": 5, "learning_rate": 0.01},
    },
}


def frame(seed: int = 0, rows: int = 1500) -> pl.DataFrame:
    """Impressions of one day; a visitor who likes the offer clicks six times in ten, else once."""
    draw = np.random.default_rng(seed)
    random = draw.random(rows) < 0.6
    habit = np.array([0.7, 0.1, 0.1, 0.1])
    offer = np.where(random, draw.integers(OFFERS, size=rows), draw.choice(OFFERS, rows, p=habit))
    liked = draw.integers(OFFERS, size=rows)
    columns = {f"liking_{number}": (liked == number).astype(float) for number in range(OFFERS)}
    counter = np.where(draw.random(rows) < 0.5, "east", "west")
    return pl.DataFrame(
        {
            "moment": [datetime(2024, 5, 1) + timedelta(seconds=20 * row) for row in range(rows)],
            "counter": counter,
            "policy": np.where(random, "random", "habit"),
            "offer": offer,
            "price": offer + 10 * (counter == "east"),
            "probability": np.where(random, 1 / OFFERS, habit[offer]),
            "age": draw.integers(18, 80, rows),
            **columns,
            "click": (draw.random(rows) < np.where(liked == offer, 0.6, 0.1)).astype(int),
        }
    )
