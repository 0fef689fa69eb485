"""How close two rows must lie to be told from rows that are only alike.

Belongs here: the largest distance of near duplicates, from the distances between rows of one table. Does not belong
here: what is compared (each task's `likeness`), or finding the twins.
"""

import numpy as np

ASKED = 2_000
"""Rows whose nearest neighbours are measured, drawn at random."""
SMALLEST = 1e-5
"""Rounding: equal rows may lie so far apart."""


def within(values: np.ndarray, metric: str, most: float) -> float:
    """The largest distance of near duplicates: `most`, or less where rows ordinarily lie as close.

    Ordinary are distances to the nearest other row above Tukey's lower fence, the first quartile less 1.5 times the
    distance between the quartiles (Tukey 1977). Where the fence is below zero, a quarter of the rows lie as close as
    copies do, and only equal rows can be told.

    values: ``[n, d]``; rows with NaN are left out.
    """
    from sklearn.neighbors import NearestNeighbors

    known = values[~np.isnan(values).any(axis=1)]
    if len(known) < 3:
        return most
    asked = known[np.random.default_rng(0).permutation(len(known))[:ASKED]]
    found = NearestNeighbors(n_neighbors=2, algorithm="brute", metric=metric).fit(known).kneighbors(asked)
    first, third = np.quantile(np.asarray(found[0])[:, 1], [0.25, 0.75])
    return float(np.clip(first - 1.5 * (third - first), SMALLEST, most))
