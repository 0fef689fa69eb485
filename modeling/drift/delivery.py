"""Which rows of a snapshot are new.

Belongs here: telling a delivery from what was there before. Does not belong here: comparing them (`comparison`).
"""

from typing import Literal

import numpy as np
import polars as pl

from modeling.core.hashing import row_hashes
from modeling.drift.reference import Reference

KEPT = 0.9
"""Rows are appended where at least this share of the former ones is still there; else the table was replaced."""

Kind = Literal["append", "replace"]


def delivered(frame: pl.DataFrame, reference: Reference) -> tuple[Kind, np.ndarray]:
    """How the rows came, and which are new, ``[n]``: those the reference's snapshot did not hold, or all.

    Equal rows are counted: of three where there were two, one is new. Where rows repeat, one that is there again can't
    be distinguished from one that was there before; then every former row must be there for the others to count as
    appended.
    """
    known = reference.hashes
    columns = reference.profile.columns
    if not len(known) or not set(columns) <= set(frame.columns):
        return "replace", np.ones(frame.height, dtype=bool)
    new = _surplus(row_hashes(frame.select(columns)), known)
    repeats = len(np.unique(known)) < len(known)
    kept = (len(new) - new.sum()) / len(known)
    if kept >= (1 if repeats else KEPT):
        return "append", new
    return "replace", np.ones(frame.height, dtype=bool)


def _surplus(hashes: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Which ``[n]`` of `hashes` go beyond as many equal ones in `known`."""
    former = pl.DataFrame({"hash": known}).group_by("hash").len("former")
    place = pl.int_range(pl.len()).over("hash")
    rows = pl.DataFrame({"hash": hashes}).with_columns(place=place)
    joined = rows.join(former, on="hash", how="left", maintain_order="left")
    return joined.select(pl.col("place") >= pl.col("former").fill_null(0)).to_series().to_numpy()
