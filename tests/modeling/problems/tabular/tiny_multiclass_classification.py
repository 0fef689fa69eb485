"""In which state is a part: a tiny use case of the task multiclass_classification."""

import polars as pl

from . import tiny_regression

CONTENT = {
    **tiny_regression.CONTENT,
    "title": "In which state is it?",
    "task": "multiclass_classification",
    "target": "state",
}


def frame(seed: int = 0) -> pl.DataFrame:
    """Parts, by how worn they are."""
    state = pl.when(pl.col("wear") < -0.3).then(pl.lit("good")).when(pl.col("wear") < 1).then(pl.lit("worn"))
    return tiny_regression.frame(seed).select("id", "heat", "machine", state=state.otherwise(pl.lit("broken")))
