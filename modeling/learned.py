"""Which rows a model has learned from, known without keeping them.

Belongs here: the digest of a row. Does not belong here: what follows from having seen one
(`modeling.evaluation.challenge`).
"""

import numpy as np
import polars as pl
from polars import selectors as cs

from industries.definition import UseCase


def digests(frame: pl.DataFrame, use_case: UseCase) -> np.ndarray:
    """uint64 ``[n]``: alike where rows hold the same values, identifiers aside, in whatever delivery they come.

    Whole numbers are digested as floats: a gap elsewhere in the column must not make another row of it.
    """
    from pandas.util import hash_pandas_object

    told = frame.drop(use_case.columns.identifier, strict=False)
    plain = told.with_columns(
        (cs.numeric() | cs.boolean()).cast(pl.Float64),
        cs.nested().map_elements(str, return_dtype=pl.String),
    )
    return np.asarray(hash_pandas_object(plain.select(sorted(plain.columns)).to_pandas(), index=False))
