"""By what a task compares rows that could be near duplicates.

Belongs here: the two ways in which rows can be alike. Does not belong here: how texts, images or molecules are compared
(each problem's own `likeness`), or finding the twins (`twins`).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl


@dataclass(frozen=True)
class Keys:
    """Rows are twins where they share a key.

    Attributes
    ----------
    values: ``[n]``; a null has no twin.
    by: what was compared, in words: "letters and digits of the text".
    """

    values: pl.Series
    by: str


@dataclass(frozen=True)
class Vectors:
    """Rows are twins where their vectors lie close together.

    Attributes
    ----------
    values: ``[n, d]`` numbers; a row with NaN has no twin.
    metric: a distance of scikit-learn's `NearestNeighbors`, such as "hamming" or "cosine".
    within: the largest distance of twins.
    by: what was compared, in words: "perceptual hashes within 4 of 64 bits".
    """

    values: np.ndarray
    metric: str
    within: float
    by: str


Likeness = Keys | Vectors
