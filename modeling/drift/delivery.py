"""Which rows of a snapshot are new.

Belongs here: telling a delivery from what was there before. Does not belong here: comparing them (`comparison`).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
import polars.selectors as cs

from modeling.core.hashing import row_hashes
from modeling.core.row_digests import repeat
from modeling.drift.reference import Reference

KEPT = 0.9
"""Rows are appended where at least this share of the former ones is still there; else the table was replaced."""

Kind = Literal["append", "replace"]


@dataclass(frozen=True)
class Delivery:
    """The rows of a snapshot beside those that a reference's snapshot held.

    Attributes
    ----------
    kind: whether rows were added, or the table was replaced.
    new: bool ``[n]``: the rows that the reference's snapshot did not hold.
    unknown: why that can't be told, and all rows are taken for new; empty where it can.
    """

    kind: Kind
    new: np.ndarray
    unknown: str = ""


def delivered(frame: pl.DataFrame, reference: Reference) -> Delivery:
    """How the rows came, and which are new.

    Equal rows are counted: of three where there were two, one is new. Where rows are equal by chance, one that is there
    again can't be distinguished from one that was there before: what is left over would be a choice of rare rows. Then
    the others are new only if every former row is there.
    """
    columns = reference.profile.columns
    gone = [name for name in columns if name not in frame.columns]
    if gone or not len(reference.hashes):
        return _replaced(frame, f"the columns {gone}, by which rows are known, are gone" if gone else "none were kept")
    new = _surplus(row_hashes(frame.select(cs.by_name(*columns))), reference.hashes)
    kept = (len(new) - new.sum()) / len(reference.hashes)
    if kept < 1 and repeat(reference.hashes):
        return _replaced(frame, "rows hold the same values by chance")
    return Delivery("append" if kept >= KEPT else "replace", new)


def _replaced(frame: pl.DataFrame, why: str) -> Delivery:
    unknown = f"which rows are new can't be told, so that all are compared: {why}"
    return Delivery("replace", np.ones(frame.height, dtype=bool), unknown)


def _surplus(hashes: np.ndarray, known: np.ndarray) -> np.ndarray:
    """Which ``[n]`` of `hashes` go beyond as many equal ones in `known`."""
    former = pl.DataFrame({"hash": known}).group_by("hash").len("former")
    place = pl.int_range(pl.len()).over("hash")
    rows = pl.DataFrame({"hash": hashes}).with_columns(place=place)
    joined = rows.join(former, on="hash", how="left", maintain_order="left")
    return joined.select(pl.col("place") >= pl.col("former").fill_null(0)).to_series().to_numpy()
