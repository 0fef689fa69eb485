"""Which settings give the highest yield: a tiny use case of the task optimisation."""

import numpy as np
import polars as pl

CONTENT = {
    "title": "Which settings give the highest yield?",
    "task": "optimisation",
    "source": {"files": {"path": "*.parquet"}, "licence": "CC0", "citation": "made by the test"},
    "target": "yield",
    "settings": {"factors": ["base", "halide", "heat", "additive"], "trials": 12, "repeats": 3},
    "columns": {"group": "additive"},
    "split": {"by": "group", "valid": 0.25, "test": 0.25},
    "metric": "r2",
    "parameters": {
        "lightgbm": {"trials": 1, "min_data_in_leaf": 5},
        "mlp": {"epochs": 30},
        "tabm": {"k": 2, "width": 8, "epochs": 30},
    },
}


def frame(seed: int = 0) -> pl.DataFrame:
    """A full grid of 480 experiments with 8 additives; strong bases and heat help, bulky additives hinder."""
    draw = np.random.default_rng(seed)
    strength = pl.DataFrame({"base": ["weak", "fair", "strong"], "by_base": [0.1, 0.3, 0.5]})
    ease = pl.DataFrame({"halide": ["Cl", "Br", "I", "F"], "by_halide": [0.1, 0.2, 0.25, 0.0]})
    heat = pl.DataFrame({"heat": [20.0, 40.0, 60.0, 80.0, 100.0]})
    additive = pl.DataFrame({"additive": [f"A{number}" for number in range(8)], "bulk": draw.uniform(0, 1, 8)})
    grid = strength.join(ease, how="cross").join(heat, how="cross").join(additive, how="cross")
    noise = pl.Series(draw.normal(0, 0.02, grid.height))
    outcome = pl.col("by_base") + pl.col("by_halide") + pl.col("heat") / 1000 - 0.1 * pl.col("bulk") + noise
    return grid.select("base", "halide", "heat", "additive", "bulk", outcome.alias("yield")).sample(
        fraction=1, shuffle=True, seed=seed
    )
