"""What a card payment's row leaves to be said.

Belongs here: removing repeated rows, and the hour. Does not belong here: the meaning of the columns for learning
(`use_case.yaml`), or anything fitted.
"""

import polars as pl


def assemble(members: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """The payments, in their order, each once, with the hour of the day counted from the first.

    Rows alike in every column are one payment recorded twice.
    """
    hour = (pl.col("Time") // 3600).cast(pl.Int64) % 24
    return members["payments"].unique(maintain_order=True).with_columns(hour=hour)
