"""How close two rows must lie to be told from rows that are only alike.

Belongs here: the largest distance of near duplicates, from the distances between rows of one table. Does not belong
here: what is compared (each task's `likeness`), or finding the twins.
"""

import numpy as np

ASKED = 2_000
"""Rows whose neighbours are measured, drawn at random."""
COPIES = 9
"""A row has at most as many copies: the next row is only alike."""
SMALLEST = 1e-5
"""Rounding: equal rows may lie so far apart."""


def within(values: np.ndarray, metric: str, most: float) -> float:
    """The largest distance of near duplicates: `most`, or less where rows ordinarily lie as close.

    Ordinary are distances to the tenth nearest row above Tukey's outer fence, the first quartile less three times the
    distance between the quartiles (Tukey 1977). Where the fence is below zero, a quarter of the rows lie in crowds as
    close as copies are, and only equal rows can be told.

    values: ``[n, d]``; rows with NaN are left out.
    """
    from sklearn.neighbors import NearestNeighbors

    known = values[~np.isnan(values).any(axis=1)]
    if len(known) < 3:
        return most
    asked = known[np.random.default_rng(0).permutation(len(known))[:ASKED]]
    search = NearestNeighbors(n_neighbors=min(COPIES + 2, len(known)), algorithm="brute", metric=metric).fit(known)
    tenth = np.asarray(search.kneighbors(asked)[0])[:, -1]
    first, third = np.quantile(tenth, [0.25, 0.75])
    return float(np.clip(first - 3 * (third - first), SMALLEST, most))
