"""Rows that are alike and labelled differently: no model is right about all of them.

Belongs here: finding and naming them. Does not belong here: what makes rows alike (`leakage.likeness`), or twins in two
roles (`leakage.duplicates`).
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from modeling.core.leakage import Keys

MOST_SHOWN = 3
"""Pairs of rows in a sentence."""


def contradictions(alike: Keys, labels: pl.Series, numbers: np.ndarray) -> Iterator[str]:
    """A sentence where rows of one key have several `labels` ``[n]``; `numbers` ``[n]`` are theirs in the snapshot."""
    rows = pl.DataFrame({"key": alike.values, "label": labels.cast(pl.String), "row": numbers}).drop_nulls()
    found = rows.filter(pl.col("label").n_unique().over("key") > 1)
    if not found.height:
        return
    labelled = found.unique(["key", "label"], keep="first", maintain_order=True)
    pairs = labelled.group_by("key", maintain_order=True).agg(pl.all().head(2)).head(MOST_SHOWN)
    shown = "; ".join(
        f"row {first:,} {one!r} and row {second:,} {other!r}"
        for (one, other), (first, second) in pairs.select("label", "row").iter_rows()
    )
    yield (
        f"{found.height:,} rows have other labels than rows that are alike ({alike.by}), and no model is right about "
        f"both: {shown}{'; …' if found['key'].n_unique() > MOST_SHOWN else ''}; correct the labels at their source, or "
        "quarantine what nobody can decide"
    )
