"""Which rows have a twin among rows of earlier roles.

Belongs here: finding equal and nearly equal rows by keys, by vectors, and by features. Does not belong here: what rows
are compared by (`likeness`), or what follows from twins (`findings`, `modeling.evaluation.without_twins`).

Of features: where rows are scattered with some density, the logarithms of the ratios of a row's successive distances to
its neighbours, times their rank, are independent exponentials of one mean, whatever the density and the dimension
(Rényi 1953; Levina and Bickel 2004 estimate the dimension from that mean). So a first gap that is too large for the
following ones (an F test) shows a neighbour that chance did not put there, without a bound on distances.
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from modeling.core.table import Table

MOST_REFERENCE, MOST_EXAMINED = 50_000, 10_000
"""Rows that are searched, and rows whose twins are looked for; of more, a sample."""
CHANCE = 1e-3
"""Share of rows without a twin that are taken for having one."""
NEIGHBOURS = 20
MOST_COPIES = 3
"""A row may be there so often and is still told from a crowd."""
NEAR = 0.02
"""Twins are this near in every continuous feature, as a share of the training rows that lie between them."""
SAME = 1e-6
"""Distances are known to about eight digits."""
FEW_VALUES, MODAL_SHARE = 20, 0.2
"""A numeric feature of fewer values, or of one value in more rows, is compared like a code."""


@dataclass(frozen=True)
class Twins:
    """Of ``n`` rows that were examined.

    Attributes
    ----------
    close: bool ``[n]``; a row nearly like it is in the reference.
    equal: bool ``[n]``; a row like it in everything that is compared is in the reference.
    partner: int64 ``[n]``; the position of the nearest row in the reference.
    """

    close: np.ndarray
    equal: np.ndarray
    partner: np.ndarray


def by_keys(reference: pl.Series, rows: pl.Series, own: np.ndarray | None = None) -> Twins:
    """Rows that share a key with one in the reference; a null shares none. `own` ``[n]``: where the rows themselves are
    in it, which are no twins of theirs."""
    among = reference.to_frame("key").with_row_index("at").drop_nulls()
    held = among.group_by("key").agg(pl.min("at"), count=pl.len())
    found = rows.to_frame("key").join(held, on="key", how="left", maintain_order="left")
    equal = found.select((pl.col("count") > (own is not None)).fill_null(False)).to_series().to_numpy()
    return Twins(equal, equal, found["at"].fill_null(0).cast(pl.Int64).to_numpy())


def by_vectors(
    reference: np.ndarray, rows: np.ndarray, metric: str, within: float, own: np.ndarray | None = None
) -> Twins:
    """Rows at most `within` of one in `reference` ``[m, d]``. `own` as for keys."""
    known, asked = (~np.isnan(values).any(axis=1) for values in (reference, rows))
    partner, nearest = np.zeros(len(rows), dtype=np.int64), np.full(len(rows), np.inf)
    if known.any() and asked.any():
        selves = None if own is None else (np.cumsum(known) - 1)[own[asked]]
        distance, at = _neighbours(reference[known], rows[asked], metric, selves)
        nearest[asked], partner[asked] = distance[:, 0], np.flatnonzero(known)[at[:, 0]]
    return Twins(nearest <= within, nearest == 0, partner)


def by_features(reference: Table, rows: Table, own: np.ndarray | None = None) -> Twins:
    """Rows nearly like one in `reference`: alike in every code, near in every continuous feature, and nearer than
    chance would have it. `own` as for keys."""
    scale = _Scale(reference)
    (ranks, codes), (ranks_of, codes_of) = scale.of(reference), scale.of(rows)
    placed, asked = np.hstack([ranks, scale.spread(codes)]), np.hstack([ranks_of, scale.spread(codes_of)])
    distance, at = _neighbours(placed, asked, "euclidean", own)
    partner = at[:, 0]
    apart = np.abs(ranks[partner] - ranks_of).max(axis=1, initial=0)
    alike = (codes[partner] == codes_of).all(axis=1) & np.isfinite(distance[:, 0])
    equal = alike & (apart < SAME)
    return Twins(alike & ~equal & (apart <= NEAR) & (_chance(distance) < CHANCE), equal, partner)


def _neighbours(
    reference: np.ndarray, rows: np.ndarray, metric: str, own: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray]:
    """Distances and positions ``[n, k]`` of the nearest rows, nearest first; the row itself is infinitely far."""
    from sklearn.neighbors import NearestNeighbors

    search = NearestNeighbors(n_neighbors=min(NEIGHBOURS, len(reference)), metric=metric).fit(reference)
    distance, at = search.kneighbors(rows)
    distance[distance < SAME] = 0
    if own is None:
        return distance, at
    distance = np.where(at == own[:, None], np.inf, distance)
    order = np.argsort(distance, axis=1, kind="stable")
    return np.take_along_axis(distance, order, axis=1), np.take_along_axis(at, order, axis=1)


def _chance(distance: np.ndarray) -> np.ndarray:
    """The probability ``[n]`` that chance puts the nearest of neighbours at `distance` ``[n, k]`` so near."""
    from scipy.stats import f as f_distribution

    count = distance.shape[1]
    with np.errstate(divide="ignore", invalid="ignore"):
        gaps = np.log(distance[:, 1:] / distance[:, :-1]) * np.arange(1, count)
    gaps = np.nan_to_num(gaps, nan=0.0, posinf=1e9)
    tried = range(min(MOST_COPIES, count - 3))
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = [np.nan_to_num(gaps[:, j] / gaps[:, j + 1 :].mean(axis=1)) for j in tried]
    chances = [f_distribution.sf(ratio, 2, 2 * (count - 2 - j)) for j, ratio in enumerate(ratios)]
    return len(chances) * np.min(chances, axis=0) if chances else np.ones(len(distance))


class _Scale:
    """Makes features comparable: continuous ones as their rank among the reference (0 to 1), others as codes."""

    def __init__(self, reference: Table) -> None:
        self._continuous = np.array([_is_continuous(column) for column in reference.numeric.T], dtype=bool)
        self._quantiles = [_quantiles(column) for column in reference.numeric[:, self._continuous].T]
        self._levels = [np.unique(column) for column in self._codes(reference).T]

    def of(self, table: Table) -> tuple[np.ndarray, np.ndarray]:
        """Ranks ``[n, p]``, a missing value in the middle, and codes ``[n, q]``, among them whether one is missing."""
        continuous = table.numeric[:, self._continuous]
        ranks = [np.interp(column, *edges) for column, edges in zip(continuous.T, self._quantiles, strict=True)]
        placed = np.where(np.isnan(continuous), 0.5, np.array(ranks).T.reshape(continuous.shape))
        return placed, self._codes(table)

    def spread(self, codes: np.ndarray) -> np.ndarray:
        """Codes ``[n, q]`` as points ``[n, 3 q]``: every level is a random one on the unit sphere."""
        columns = [np.empty((len(codes), 0))]
        varied = [(column, levels) for column, levels in zip(codes.T, self._levels, strict=True) if len(levels) > 1]
        for column, levels in varied:
            points = np.random.default_rng(len(columns)).normal(size=(len(levels) + 1, 3))
            points /= np.linalg.norm(points, axis=1, keepdims=True)
            place = np.searchsorted(levels, column).clip(max=len(levels) - 1)
            columns.append(points[np.where(levels[place] == column, place, len(levels))])
        return np.hstack(columns)

    def _codes(self, table: Table) -> np.ndarray:
        discrete = np.nan_to_num(table.numeric[:, ~self._continuous], nan=float(np.finfo(np.float32).min))
        missing = np.isnan(table.numeric[:, self._continuous])
        return np.hstack([discrete, missing, table.categorical]).astype(np.float32)


def _is_continuous(column: np.ndarray) -> bool:
    _, counts = np.unique(column[~np.isnan(column)], return_counts=True)
    return len(counts) > FEW_VALUES and counts.max() < MODAL_SHARE * len(column)


def _quantiles(column: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Values and the share of the rows up to each, at most a thousand."""
    known = column[~np.isnan(column)]
    shares = np.linspace(0, 1, min(1000, len(known)))
    values, first = np.unique(np.quantile(known, shares), return_index=True)
    return values, shares[first]
