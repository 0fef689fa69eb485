"""Values and rows as numbers that name them.

Belongs here: hashes by which a row or a level is known again without keeping it. Does not belong here: the digest of a
whole table (`resources.store.versions`).
"""

from typing import Any, cast

import numpy as np
import polars as pl

_SPREAD = np.uint64(0x9E3779B97F4A7C15)


def hashed(values: pl.Series) -> np.ndarray:
    """uint64 ``[n]``: equal values share a number, whatever width their numbers were read with; null has one too."""
    from pandas import util

    hash_array = cast(Any, util).hash_array

    dtype = values.dtype
    if dtype.is_numeric() or dtype.is_temporal() or dtype in (pl.Boolean, pl.Null):
        return hash_array(values.to_physical().cast(pl.Float64).to_numpy())
    if dtype.is_nested():
        values = pl.Series([repr(value) for value in values.to_list()], dtype=pl.String)
    plain = values if values.dtype == pl.Binary else values.cast(pl.String)
    return hash_array(np.array(plain.to_list(), dtype=object))


def row_hashes(frame: pl.DataFrame) -> np.ndarray:
    """uint64 ``[n]``: equal rows share a number. The order of the columns counts, not their names."""
    rows = np.zeros(frame.height, dtype=np.uint64)
    for column in frame:
        rows = rows * _SPREAD + hashed(column)
    return rows


def signature() -> int:
    """What the hash makes of two fixed values: another number means that older hashes can't be compared."""
    return int(row_hashes(pl.DataFrame({"number": [1.5], "text": ["a"]}))[0])
