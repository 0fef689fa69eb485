"""Columns that say the same as an earlier one.

Belongs here: finding them in training rows. Does not belong here: leaving them out (`features`), or columns that say
what the target says (`leakage`).
"""

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator

import numpy as np
import polars as pl
import polars.selectors as cs

PROBED_ROWS = 50
"""Compared first: most columns differ within a few rows."""
TOLERANCE = 1e-9


def copies(features: pl.DataFrame, categorical: list[str]) -> dict[str, str]:
    """Column -> which earlier one it repeats, and how: equal, other names for the same levels, or a linear function."""
    found: dict[str, str] = {}
    for names, form in ((categorical, _levels), (_numeric(features, categorical), _numbers)):
        distinct = _Distinct(features.height)
        for name in names:
            values = form(features[name])
            if values is None:
                continue
            if (original := distinct.original(name, values)) is not None:
                found[name] = _in_words(features[original], features[name], name in categorical)
    return found


class _Distinct:
    """Columns of `rows` numbers that do not repeat each other. Equal ones have equal projections on one direction, so
    a column is compared only with those whose projection is as near as the tolerance allows: columns cost no pairs."""

    def __init__(self, rows: int) -> None:
        self._direction = np.random.default_rng(0).uniform(-1, 1, rows)
        self._values: list[np.ndarray] = []
        self._names: list[str] = []
        self._projections: list[tuple[float, int]] = []

    def original(self, name: str, values: np.ndarray) -> str | None:
        """The earliest column that holds the same `values` ``[n]``; without one they are kept as those of `name`."""
        known = np.nan_to_num(values)
        projection = float(known @ self._direction)
        apart = 2 * TOLERANCE * (len(values) + np.abs(known).sum())
        for place in self._near(projection, apart):
            if _same(self._values[place], values):
                return self._names[place]
        insort(self._projections, (projection, len(self._names)))
        self._names.append(name)
        self._values.append(values)
        return None

    def _near(self, projection: float, apart: float) -> Iterator[int]:
        first = bisect_left(self._projections, (projection - apart, 0))
        last = bisect_right(self._projections, (projection + apart, len(self._names)))
        return iter(sorted(place for _, place in self._projections[first:last]))


def _numeric(features: pl.DataFrame, categorical: list[str]) -> list[str]:
    types = features.drop(cs.by_name(*categorical)).schema
    return [name for name, dtype in types.items() if dtype.is_numeric() or dtype == pl.Boolean]


def _levels(column: pl.Series) -> np.ndarray | None:
    """The number of each value in the order of first appearance ``[n]``; None where values hardly repeat."""
    if 2 * column.n_unique() > len(column):
        return None
    first = column.to_frame("value").with_row_index("at").select(pl.col("at").min().over("value"))["at"]
    return pl.select(pl.when(column.is_not_null()).then(first.rank("dense"))).to_series().cast(pl.Float64).to_numpy()


def _numbers(column: pl.Series) -> np.ndarray | None:
    """Values ``[n]`` with mean 0 and deviation 1, the first that differs from the mean above it; a gap is NaN."""
    values = column.cast(pl.Float64).fill_null(np.nan).to_numpy()
    known = np.isfinite(values)
    deviation = values[known].std() if known.any() else 0.0
    if not np.isfinite(deviation) or deviation <= 0:
        return None
    scaled = (values - values[known].mean()) / deviation
    return np.where(known, scaled * np.sign(scaled[known][np.abs(scaled[known]) > TOLERANCE][0]), np.nan)


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    def alike(rows: slice) -> bool:
        return np.allclose(one[rows], other[rows], rtol=TOLERANCE, atol=TOLERANCE, equal_nan=True)

    return alike(slice(PROBED_ROWS)) and alike(slice(None))


def _in_words(original: pl.Series, copy: pl.Series, is_categorical: bool) -> str:
    if original.dtype == copy.dtype and original.equals(copy.alias(original.name), null_equal=True):
        return f"equal to {original.name!r} in all training rows"
    how = "other names for the levels" if is_categorical else "a linear function"
    return f"{how} of {original.name!r} in all training rows"
