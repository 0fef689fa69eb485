"""Does the champion serve every group alike?

Belongs here: cutting test rows into readable groups, scoring each that is large enough, the largest gap between two,
and scores within clusters. Does not belong here: which columns to cut by (the use case says), or whether a gap is too
large (`gates`).

Source: the largest of many studentised differences, resampled together (Westfall & Young 1993; Romano & Wolf 2005).
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np
import polars as pl

from modeling.core.intervals import DEFINED, DOMINANT, FEWEST_CLUSTERS, TAIL, clusters, resampled, sampling, scored
from modeling.core.metrics import Prepared, prepared
from modeling.core.record import Interval, Slice, SliceGap, WithinCluster
from modeling.core.table import Rows
from modeling.core.task import Metric, Units

MINIMUM_ROWS = 50
MINIMUM_OF_EACH_CLASS = 10
MOST_LEVELS = 12
RESAMPLES = 200
GAP_RESAMPLES = 500
_MOST_DISTINCT_NUMBERS = 8
_MISSING, _OTHER = "missing", "other"


def slices(test: Rows, predicted: np.ndarray, metric: Metric, *, binary: bool) -> list[Slice]:
    """The metric on each level of each column of `test.slices`, with clustered intervals; a level with too few rows, or
    with too few of either class of a binary task, says so instead."""
    return [
        scored_part(column.name, level, test, member, predicted, metric, binary)
        for column in test.slices
        for level, member in levels(column)
    ]


def largest_gap(test: Rows, predicted: np.ndarray, metric: Metric, found: Sequence[Slice]) -> SliceGap | None:
    """The largest gap between two levels of a column, of those scored among the slices `found`; None without a pair.

    In a resample the difference of every pair is off by some number of its standard errors. Intervals as wide as the
    pair that is off most stays below in 95 % of the resamples hold for all pairs at once, and so for the largest gap:
    it lies between the largest of their low ends and the largest of their high ends.
    """
    known = [part for part in found if part.metric is not None]
    pairs = [pair for pair in combinations(range(len(known)), 2) if known[pair[0]].column == known[pair[1]].column]
    if not pairs:
        return None
    one, other = np.array(pairs).T
    members = _members(test, known)
    draws = _resampled(members, test, predicted, metric)
    value = np.array([part.metric.value for part in known if part.metric])
    difference = value[one] - value[other]
    widening = _widening(members, test.group)
    side = _simultaneous(draws[:, one] - draws[:, other] - difference, np.maximum(widening[one], widening[other]))
    widest = int(np.abs(difference).argmax())
    ends = known[one[widest]], known[other[widest]]
    better, worse = ends if (difference[widest] > 0) == metric.greater_is_better else ends[::-1]
    return SliceGap(
        column=better.column,
        better=better.level,
        worse=worse.level,
        gap=Interval(
            value=float(np.abs(difference[widest])),
            low=None if side is None else float(np.max(np.abs(difference) - side).clip(0)),
            high=None if side is None else float(np.max(np.abs(difference) + side)),
        ),
        pairs=len(pairs),
    )


def _members(test: Rows, parts: Sequence[Slice]) -> list[np.ndarray]:
    """The positions of each slice's rows."""
    members = {(column.name, level): member for column in test.slices for level, member in levels(column)}
    return [np.flatnonzero(members[part.column, part.level]) for part in parts]


def _resampled(members: Sequence[np.ndarray], test: Rows, predicted: np.ndarray, metric: Metric) -> np.ndarray:
    """Scores ``[resamples, slices]`` of the same resamples of the test rows."""

    def score(member: np.ndarray) -> Prepared:
        of_member = prepared(metric, test.table.target[member], predicted[member])
        return lambda weight: of_member(weight[member])

    return resampled([score(member) for member in members], test.group, len(test), GAP_RESAMPLES)


def _widening(members: Sequence[np.ndarray], group: np.ndarray | None) -> np.ndarray:
    """``[slices]``: for the few clusters each has; infinite for a single one, which says nothing of others."""
    of_members = (sampling(clusters(len(member), None if group is None else group[member])) for member in members)
    return np.array([of.widening if of.clusters > 1 else np.inf for of in of_members])


def _simultaneous(errors: np.ndarray, widening: np.ndarray) -> np.ndarray | None:
    """``[pairs]``: half the width of 95 % intervals that hold at once, from resampled errors ``[resamples, pairs]``;
    None where too few resamples define all of them, or a pair's width is infinite."""
    defined = errors[np.isfinite(errors).all(axis=1)]
    if not len(defined) or len(defined) < DEFINED * len(errors) or np.isinf(widening).any():
        return None
    deviation = defined.std(axis=0)
    off = np.divide(np.abs(defined), deviation, out=np.zeros_like(defined), where=deviation > 0)
    return np.quantile(off.max(axis=1), 1 - 2 * TAIL) * widening * deviation


def within_clusters(units: Units, answers: np.ndarray, metric: Metric, names: Sequence[str]) -> list[WithinCluster]:
    """The score of the answers ``[u, …]`` within a cluster, from units drawn alone: of the one that holds more than
    half of the units, and of every cluster where fewer than ten are too few to decide.

    names: of each unit's cluster.
    """
    if units.group is None:
        return []
    cluster = clusters(len(units), units.group)
    count = np.bincount(cluster)
    shown = range(len(count)) if len(count) < FEWEST_CLUSTERS else np.flatnonzero(count > DOMINANT * len(units))
    return [_within(units, answers, metric, cluster == one, names) for one in shown]


def _within(
    units: Units, answers: np.ndarray, metric: Metric, member: np.ndarray, names: Sequence[str]
) -> WithinCluster:
    name = names[int(member.argmax())]
    measured = scored({metric.name: metric}, units.truth[member], {name: answers[member]}, None).intervals(name)
    return WithinCluster(
        cluster=name, units=int(member.sum()), share=float(member.mean()), metric=measured.get(metric.name)
    )


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
    counts = names.alias("level").drop_nulls().value_counts(sort=True)
    if len(counts) <= MOST_LEVELS:
        return names
    common = counts.head(MOST_LEVELS - 1)["level"]
    return pl.select(
        pl.when(names.is_null() | names.is_in(common.implode())).then(names).otherwise(pl.lit(_OTHER))
    ).to_series()


def scored_part(
    column: str, level: str, test: Rows, member: np.ndarray, predicted: np.ndarray, metric: Metric, binary: bool
) -> Slice:
    """The metric on the test rows that are `member` ``[n]``, or why there are too few."""
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
