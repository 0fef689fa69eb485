"""When a pump fails: a tiny use case of the task survival."""

import numpy as np
import polars as pl

CONTENT = {
    "title": "When does it fail?",
    "task": "survival",
    "source": {"files": {"path": "*.parquet"}, "licence": "CC0", "citation": "made by the test"},
    "target": "days",
    "settings": {"event": "failed", "horizon": 80},
    "columns": {"identifier": ["id"]},
    "split": {"by": "random", "valid": 0.25, "test": 0.25},
    "parameters": {"lightgbm": {"trials": 1, "min_data_in_leaf": 10}, "mlp": {"batch": 200, "epochs": 20}},
}


def frame(seed: int = 0) -> pl.DataFrame:
    """600 pumps, half of them still running when observation ends; hot ones and old ones fail sooner."""
    draw = np.random.default_rng(seed)
    heat = draw.normal(60, 15, 600)
    machine = draw.choice(["old", "new", "newest"], 600)
    risk = (heat - 60) / 10 + 1.2 * (machine == "old")
    fails, ends = draw.exponential(60 * np.exp(-risk)), draw.uniform(10, 100, 600)
    return pl.DataFrame(
        {
            "id": np.arange(600),
            "heat": heat,
            "machine": machine,
            "days": np.minimum(fails, ends).clip(0.1),
            "failed": (fails <= ends).astype(int),
        }
    )
