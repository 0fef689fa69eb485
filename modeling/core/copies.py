"""Columns that say the same as an earlier one.

Belongs here: finding them in training rows. Does not belong here: leaving them out (`features`), or columns that say
what the target says (`leakage`).
"""

import numpy as np
import polars as pl

PROBED_ROWS = 50
"""Compared first: most columns differ within a few rows."""
TOLERANCE = 1e-9


def copies(features: pl.DataFrame, categorical: list[str]) -> dict[str, str]:
    """Column -> which earlier one it repeats, and how: equal, other names for the same levels, or a linear function."""
    found: dict[str, str] = {}
    for names, form in ((categorical, _levels), (_numeric(features, categorical), _numbers)):
        kept: dict[str, np.ndarray] = {}
        for name in names:
            values = form(features[name])
            original = next((other for other in kept if values is not None and _same(kept[other], values)), None)
            if original is not None:
                found[name] = _in_words(features[original], features[name], name in categorical)
            elif values is not None:
                kept[name] = values
    return found


def _numeric(features: pl.DataFrame, categorical: list[str]) -> list[str]:
    types = features.drop(categorical).schema
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
