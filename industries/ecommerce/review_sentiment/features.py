"""Which sentence belongs to which review, and whether people found it favourable.

Belongs here: from the published ratings to rows with an answer. Does not belong here: the meaning of the columns for
learning (`use_case.yaml`), or anything fitted.
"""

import polars as pl


def assemble(members: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """The sentences with a rating above or below zero; the snippet `12_3` is the third of review `12`."""
    rated = members["snippets"].filter(pl.col("rating") != 0)
    return rated.with_columns(
        review=pl.col("snippet").str.split("_").list.first(),
        favourable=(pl.col("rating") > 0).cast(pl.Int8),
    )
