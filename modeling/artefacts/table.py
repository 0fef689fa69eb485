"""Raw tables as folders: one Parquet file.

Belongs here: the file of a snapshot, or of quarantined rows. Does not belong here: rows shaped for learners (`rows`).
"""

from pathlib import Path

import polars as pl

TABLE = "table.parquet"


def save(frame: pl.DataFrame, folder: Path) -> None:
    """Write `TABLE` into an existing `folder`."""
    frame.write_parquet(folder / TABLE)


def load(folder: Path) -> pl.DataFrame:
    """The table that `save` wrote."""
    return pl.read_parquet(folder / TABLE)
