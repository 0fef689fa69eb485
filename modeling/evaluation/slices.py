"""Does the champion serve every group alike?

Belongs here: cutting test rows into readable groups and scoring each that is large enough. Does not belong here: which
columns to cut by (the use case says), or whether a gap is too large (`gates`).
"""

from collections.abc import Iterator

import numpy as np
import polars as pl

from modeling.core.intervals import scored
from modeling.core.record import Slice
from modeling.core.table import Rows
from modeling.core.task import Metric

MINIMUM_ROWS = 50
MINIMUM_OF_EACH_CLASS = 10
MOST_LEVELS = 12
RESAMPLES = 200
_MOST_DISTINCT_NUMBERS = 8
_MISSING, _OTHER = "missing", "other"


def slices(test: Rows, predicted: np.ndarray, metric: Metric, *, binary: bool) -> list[Slice]:
    """The metric on each level of each column of `test.slices`, with clustered intervals; a level with too few rows, or
    with too few of either class of a binary task, says so instead."""
    return [
        _slice(column.name, level, test, member, predicted, metric, binary)
        for column in test.slices
        for level, member in levels(column)
    ]


def levels(column: pl.Series) -> Iterator[tuple[str, np.ndarray]]:
    """The names of a column's groups and their rows (bool ``[n]``): quarters of equal count of a number with more than
    eight values (`30 to 41`), else the values, the rarest of more than twelve together as `other`."""
    if column.dtype.is_float():
        column = column.fill_nan(None)
    by_size = column.dtype.is_numeric() and column.drop_nulls().n_unique() > _MOST_DISTINCT_NUMBERS
    names = _quarters(column) if by_size else _values(column)
    order = pl.DataFrame({"name": names, "value": column}).drop_nulls().group_by("name").agg(pl.min("value"))
    ordered = order.sort("value")["name"].to_list()
    for name in sorted(ordered, key=_OTHER.__eq__):
        yield name, (names == name).fill_null(False).to_numpy()
    if names.null_count():
        yield _MISSING, names.is_null().to_numpy()


def _quarters(column: pl.Series) -> pl.Series:
    values = column.cast(pl.Float64)
    edges = np.unique(np.quantile(values.drop_nulls(), [0.25, 0.5, 0.75], method="inverted_cdf"))
    quarter = pl.Series(np.searchsorted(edges, values.to_numpy()))
    known = pl.DataFrame({"quarter": quarter, "value": values}).drop_nulls().group_by("quarter")
    spans = known.agg(low=pl.min("value"), high=pl.max("value")).rows()
    span = {number: _span(low, high) for number, low, high in spans}
    names = quarter.replace_strict(span, default=None, return_dtype=pl.String)
    return pl.select(pl.when(values.is_not_null()).then(names)).to_series()


def _span(low: float, high: float) -> str:
    return _number(low) if low == high else f"{_number(low)} to {_number(high)}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value.is_integer() or abs(value) >= 1000 else f"{value:.4g}"


def _values(column: pl.Series) -> pl.Series:
    is_float = column.dtype.is_float()
    names = column.map_elements(_number, return_dtype=pl.String) if is_float else column.cast(pl.String)
    counts = names.drop_nulls().value_counts(sort=True)
    if len(counts) <= MOST_LEVELS:
        return names
    common = counts.head(MOST_LEVELS - 1)[names.name]
    return pl.select(
        pl.when(names.is_null() | names.is_in(common.implode())).then(names).otherwise(pl.lit(_OTHER))
    ).to_series()


def _slice(
    column: str, level: str, test: Rows, member: np.ndarray, predicted: np.ndarray, metric: Metric, binary: bool
) -> Slice:
    target = test.table.target[member]
    positives = int((target == 1).sum()) if binary else None
    found = Slice(column=column, level=level, rows=len(target), positives=positives)
    note = _too_few(len(target), positives)
    if note:
        return found.model_copy(update={"note": note})
    group = None if test.group is None else test.group[member]
    of_slice = scored({metric.name: metric}, target, {level: predicted[member]}, group, RESAMPLES)
    measured = of_slice.intervals(level).get(metric.name)
    return found.model_copy(
        update={"metric": measured, "note": "" if measured else f"{metric.title} is undefined here"}
    )


def _too_few(rows: int, positives: int | None) -> str:
    if rows < MINIMUM_ROWS:
        return f"not scored: {rows:,} rows, fewer than {MINIMUM_ROWS}"
    if positives is not None and min(positives, rows - positives) < MINIMUM_OF_EACH_CLASS:
        return f"not scored: {positives:,} events in {rows:,} rows, fewer than {MINIMUM_OF_EACH_CLASS} of one class"
    return ""
