"""Which rows a model has learned from, known without keeping them.

Belongs here: what makes a row the same row in another delivery. Does not belong here: the hash of a row (`hashing`), or
what follows from having seen one (`modeling.evaluation.challenge`).
"""

import numpy as np
import polars as pl

from catalogue.definition import UseCase
from modeling.core.hashing import row_hashes


def digests(frame: pl.DataFrame, use_case: UseCase) -> np.ndarray:
    """uint64 ``[n]``: alike where rows hold the same values, identifiers aside, in whatever delivery they come."""
    compared = frame.drop(use_case.columns.identifier, strict=False)
    return row_hashes(compared.select(sorted(compared.columns)))
