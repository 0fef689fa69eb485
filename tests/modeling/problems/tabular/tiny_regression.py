"""How worn a part is: a tiny use case of the task regression."""

import numpy as np
import polars as pl

CONTENT = {
    "title": "How worn is it?",
    "task": "regression",
    "source": {"files": {"path": "*.parquet"}, "licence": "CC0", "citation": "made by the test"},
    "target": "wear",
    "columns": {"identifier": ["id"]},
    "split": {"by": "random", "valid": 0.25, "test": 0.25},
    "parameters": {"lightgbm": {"trials": 1}, "mlp": {"epochs": 30}, "tabm": {"k": 2, "width": 8, "epochs": 30}},
}


def frame(seed: int = 0) -> pl.DataFrame:
    """400 parts; the hot ones from old machines are worn."""
    draw = np.random.default_rng(seed)
    heat = draw.normal(60, 15, 400)
    machine = draw.choice(["old", "new", "newest"], 400)
    wear = (heat - 60) / 15 + 1.2 * (machine == "old") + draw.normal(0, 0.3, 400)
    return pl.DataFrame({"id": np.arange(400), "heat": heat, "machine": machine, "wear": wear})
