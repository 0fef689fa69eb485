"""Which sentences of financial news people found positive, neutral or negative, and how far they agreed.

Belongs here: from the published files, each a part of the next, to rows with a level of agreement. Does not belong
here: the meaning of the columns for learning (`use_case.yaml`), or anything fitted.
"""

import polars as pl

LEVELS = {"All": "all", "75": "75 % or more", "66": "66 to 75 %", "50": "50 to 66 %"}
"""What stands in a file's name, the strictest first -> the agreement on sentences that no stricter one holds."""


def assemble(members: dict[str, pl.LazyFrame]) -> pl.LazyFrame:
    """Every sentence once, at the strictest level of agreement it reaches."""
    level = (
        pl.col("file")
        .str.extract(r"Sentences_(\w+)Agree")
        .replace_strict(LEVELS, return_dtype=pl.Enum(LEVELS.values()))
    )
    rated = members["sentences"].with_columns(agreement=level).drop("file").sort("agreement", maintain_order=True)
    once = rated.unique(["sentence", "sentiment"], keep="first", maintain_order=True)
    return once.with_columns(pl.col("agreement").cast(pl.String)).with_row_index("number")
