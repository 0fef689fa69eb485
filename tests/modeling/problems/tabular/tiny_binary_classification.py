"""Will a part break: a tiny use case of the task binary_classification."""

import polars as pl

from . import tiny_regression

CONTENT = {
    **tiny_regression.CONTENT,
    "title": "Will it break?",
    "task": "binary_classification",
    "target": "broken",
}


def frame(seed: int = 0) -> pl.DataFrame:
    """Parts; the most worn half is broken."""
    return tiny_regression.frame(seed).select("id", "heat", "machine", broken=(pl.col("wear") > 0.4).cast(pl.Int64))
