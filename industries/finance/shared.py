"""What use cases of finance share.

Belongs here: functions that two or more `features.py` of it call. Does not belong here: what one alone needs.
"""

import polars as pl

EVERY = 10
"""One of so many training documents of a class becomes a validation row."""


def two_halves(members: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Test documents as published; training documents that repeat neither a test document nor an earlier one."""
    folded = pl.col("Text").str.to_lowercase().str.replace_all(r"[^\p{L}\p{N}]+", "")
    train, test = (members[name].with_columns(folded=folded) for name in ("train", "test"))
    unseen = train.unique("folded", keep="first", maintain_order=True).join(
        test, "folded", "anti", maintain_order="left"
    )
    number = pl.int_range(pl.len()).over("Category")
    chosen = pl.when(number % EVERY == EVERY - 1).then(pl.lit("valid")).otherwise(pl.lit("train"))
    stacked = pl.concat([unseen.with_columns(role=chosen), test.with_columns(role=pl.lit("test"))])
    return stacked.drop("folded").with_row_index("document")
