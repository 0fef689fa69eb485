"""Great Expectations' rules about single rows, judged in polars: what is predicted may be one row that waits.

Belongs here: a function a rule, which gives Great Expectations' own verdict on the types it takes, and which rules look
at single rows. Does not belong here: Great Expectations itself, which judges what has no form here (`expectations`).

Missing is what pandas calls so: null and NaN. It breaks no rule but the one that forbids it.
"""

from collections.abc import Callable, Iterable
from functools import reduce
from inspect import signature
from operator import ge, gt, le, lt
from typing import Any

import polars as pl

from catalogue.definition import ContractRule
from resources.contracts.moments import moment, zone

EXACT = 2**53
"""Up to here float64 holds every integer."""
TEXT = (pl.String, pl.Categorical, pl.Enum)


class NoForm(Exception):
    """This rule on these types is Great Expectations' to judge."""


def broken(frame: pl.DataFrame, rule: ContractRule) -> pl.Series:
    """bool ``[n]``: the rows of `frame` that break the rule.

    Raises
    ------
    NoForm: there is none here for the rule, its arguments or the types of its columns.
    """
    judge = FORMS.get(rule.expectation)
    arguments = {name: value for name, value in rule.arguments.items() if name not in ("meta", "mostly")}
    try:
        bound = signature(judge).bind(frame, **arguments) if judge else None
    except TypeError:
        bound = None
    if judge is None or bound is None:
        raise NoForm
    return judge(*bound.args, **bound.kwargs)


def _null(frame: pl.DataFrame, column: str) -> pl.Series:
    return ~_missing(frame[column])


def _not_null(frame: pl.DataFrame, column: str) -> pl.Series:
    return _missing(frame[column])


def _between(
    frame: pl.DataFrame,
    column: str,
    min_value: Any = None,
    max_value: Any = None,
    strict_min: bool | None = None,
    strict_max: bool | None = None,
) -> pl.Series:
    given = [bound for bound in (min_value, max_value) if bound is not None]
    values, bounds = _comparable(frame[column], given)
    if not bounds or sorted(bounds) != bounds or values.dtype == pl.String:
        raise NoForm
    limits, holds = pl.Series(bounds, dtype=values.dtype), []
    if min_value is not None:
        holds.append((gt if strict_min else ge)(values, limits[:1]))
    if max_value is not None:
        holds.append((lt if strict_max else le)(values, limits[-1:]))
    return _unless(reduce(lambda one, other: one & other, holds), missing=_missing(frame[column]))


def _in_set(frame: pl.DataFrame, column: str, value_set: list[Any] | None) -> pl.Series:
    return _unless(_is_in(frame[column], value_set), missing=_missing(frame[column]))


def _not_in_set(frame: pl.DataFrame, column: str, value_set: list[Any] | None) -> pl.Series:
    return _unless(~_is_in(frame[column], value_set), missing=_missing(frame[column]))


def _lengths_between(
    frame: pl.DataFrame,
    column: str,
    min_value: int | None = None,
    max_value: int | None = None,
    strict_min: bool | None = None,
    strict_max: bool | None = None,
) -> pl.Series:
    lengths = _text(frame[column]).str.len_chars().cast(pl.Int64).to_frame("length")
    return _between(lengths, "length", min_value, max_value, strict_min, strict_max)


def _lengths_equal(frame: pl.DataFrame, column: str, value: int) -> pl.Series:
    return _lengths_between(frame, column, value, value)


def _matches(frame: pl.DataFrame, column: str, regex: str) -> pl.Series:
    return _unless(_found(frame[column], regex), missing=_missing(frame[column]))


def _not_matches(frame: pl.DataFrame, column: str, regex: str) -> pl.Series:
    return _unless(~_found(frame[column], regex), missing=_missing(frame[column]))


def _matches_list(frame: pl.DataFrame, column: str, regex_list: list[str], match_on: str = "any") -> pl.Series:
    found = pl.DataFrame([_found(frame[column], regex).alias(str(at)) for at, regex in enumerate(regex_list)])
    together = {"any": pl.any_horizontal, "all": pl.all_horizontal}.get(match_on)
    if not regex_list or together is None:
        raise NoForm
    return _unless(found.select(together(pl.all())).to_series(), missing=_missing(frame[column]))


def _not_matches_list(frame: pl.DataFrame, column: str, regex_list: list[str]) -> pl.Series:
    return ~_matches_list(frame, column, regex_list) & ~_missing(frame[column])


def _greater(
    frame: pl.DataFrame,
    column_A: str,
    column_B: str,
    or_equal: bool | None = None,
    ignore_row_if: str = "both_values_are_missing",
) -> pl.Series:
    one, other = _pair(frame[column_A], frame[column_B])
    return _unless((ge if or_equal else gt)(one, other), missing=_ignored(frame, [column_A, column_B], ignore_row_if))


def _equal(
    frame: pl.DataFrame,
    column_A: str,
    column_B: str,
    ignore_row_if: str = "both_values_are_missing",
) -> pl.Series:
    one, other = _pair(frame[column_A], frame[column_B])
    return _unless(one == other, missing=_ignored(frame, [column_A, column_B], ignore_row_if))


def _sum_equals(
    frame: pl.DataFrame, column_list: list[str], sum_total: float, ignore_row_if: str = "all_values_are_missing"
) -> pl.Series:
    addends = [frame[name] for name in column_list]
    if not _is_number(sum_total) or not all(one.dtype.is_integer() or one.dtype.is_float() for one in addends):
        raise NoForm
    exact = pl.DataFrame([_floats(one).alias(str(place)) for place, one in enumerate(addends)])
    holds = exact.select(pl.sum_horizontal(pl.all(), ignore_nulls=False) == sum_total).to_series()
    return _unless(holds, missing=_ignored(frame, column_list, ignore_row_if))


FORMS: dict[str, Callable[..., pl.Series]] = {
    "expect_column_values_to_be_null": _null,
    "expect_column_values_to_not_be_null": _not_null,
    "expect_column_values_to_be_between": _between,
    "expect_column_values_to_be_in_set": _in_set,
    "expect_column_values_to_not_be_in_set": _not_in_set,
    "expect_column_value_lengths_to_be_between": _lengths_between,
    "expect_column_value_lengths_to_equal": _lengths_equal,
    "expect_column_values_to_match_regex": _matches,
    "expect_column_values_to_not_match_regex": _not_matches,
    "expect_column_values_to_match_regex_list": _matches_list,
    "expect_column_values_to_not_match_regex_list": _not_matches_list,
    "expect_column_pair_values_a_to_be_greater_than_b": _greater,
    "expect_column_pair_values_to_be_equal": _equal,
    "expect_multicolumn_sum_to_equal": _sum_equals,
}
WITHOUT_FORM = frozenset(
    f"expect_{name}"
    for name in (
        "column_pair_values_to_be_in_set",
        "column_values_to_be_dateutil_parseable",
        "column_values_to_be_json_parseable",
        "column_values_to_match_json_schema",
        "column_values_to_match_strftime_format",
        "multicolumn_values_to_be_equal",
        "select_column_values_to_be_unique_within_record",
    )
)
"""Rules about single rows that Great Expectations always judges."""
OF_OTHER_ROWS = frozenset(
    f"expect_{name}"
    for name in (
        "column_value_z_scores_to_be_less_than",
        "column_values_to_be_decreasing",
        "column_values_to_be_increasing",
        "column_values_to_be_unique",
        "column_values_to_not_be_outliers",
        "compound_columns_to_be_unique",
    )
)
"""Rules that a row breaks or keeps by what stands in the others."""
OF_TABLES = frozenset(
    f"expect_{name}"
    for name in (
        "column_distinct_values_to_be_in_set",
        "column_distinct_values_to_contain_set",
        "column_distinct_values_to_equal_set",
        "column_kl_divergence_to_be_less_than",
        "column_max_to_be_between",
        "column_mean_to_be_between",
        "column_median_to_be_between",
        "column_min_to_be_between",
        "column_most_common_value_to_be_in_set",
        "column_proportion_of_non_null_values_to_be_between",
        "column_proportion_of_unique_values_to_be_between",
        "column_quantile_values_to_be_between",
        "column_stdev_to_be_between",
        "column_sum_to_be_between",
        "column_to_exist",
        "column_unique_value_count_to_be_between",
        "table_column_count_to_be_between",
        "table_column_count_to_equal",
        "table_columns_to_match_ordered_list",
        "table_columns_to_match_set",
        "table_row_count_to_be_between",
        "table_row_count_to_equal",
    )
)
"""Great Expectations' other rules."""
KNOWN = FORMS.keys() | WITHOUT_FORM | OF_OTHER_ROWS | OF_TABLES


def about_one_row(rule: ContractRule) -> bool:
    """Whether each row breaks or keeps the rule by itself; with a share in `mostly` the table does."""
    return rule.expectation in FORMS.keys() | WITHOUT_FORM and rule.arguments.get("mostly", 1) == 1


def _missing(values: pl.Series) -> pl.Series:
    return values.is_null() | values.is_nan().fill_null(value=False) if values.dtype.is_float() else values.is_null()


def _unless(holds: pl.Series, missing: pl.Series) -> pl.Series:
    """The rows where nothing is missing and the rule does not hold."""
    return ~holds.fill_null(value=False) & ~missing


def _ignored(frame: pl.DataFrame, columns: list[str], ignore_row_if: str) -> pl.Series:
    missing = pl.DataFrame([_missing(frame[name]).alias(str(at)) for at, name in enumerate(columns)])
    match ignore_row_if:
        case "both_values_are_missing" | "all_values_are_missing":
            return missing.select(pl.all_horizontal(pl.all())).to_series()
        case "either_value_is_missing" | "any_value_is_missing":
            return missing.select(pl.any_horizontal(pl.all())).to_series()
        case "neither" | "never":
            return pl.repeat(value=False, n=frame.height, eager=True)
    raise NoForm


def _comparable(values: pl.Series, others: Iterable[Any]) -> tuple[pl.Series, list[Any]]:
    """A column and values to compare it with, in types that compare as pandas' do."""
    others, dtype = list(others), values.dtype
    if dtype.is_integer() and all(map(_is_number, others)):
        whole = all(isinstance(other, int) or other.is_integer() for other in others)
        return (values.cast(pl.Int128), [int(other) for other in others]) if whole else (_floats(values), others)
    if (dtype.is_float() or dtype.is_decimal()) and all(map(_is_number, others)):
        return values.cast(pl.Float64), [float(other) for other in others]
    if isinstance(dtype, pl.Date | pl.Datetime):
        moments = [moment(other, dtype) for other in others]
        if all(moments):
            return values.cast(pl.Datetime("us", zone(dtype))), moments
    if dtype in TEXT and all(isinstance(other, str) for other in others):
        return values.cast(pl.String), others
    raise NoForm


def _is_in(values: pl.Series, value_set: list[Any] | None) -> pl.Series:
    if value_set is None or isinstance(values.dtype, pl.Date | pl.Datetime):
        raise NoForm
    column, wanted = _comparable(values, value_set)
    return column.is_in(pl.Series(wanted, dtype=column.dtype).implode())


def _pair(one: pl.Series, other: pl.Series) -> tuple[pl.Series, pl.Series]:
    kinds = one.dtype, other.dtype
    if all(kind.is_integer() for kind in kinds):
        return one.cast(pl.Int128), other.cast(pl.Int128)
    if all(kind.is_integer() or kind.is_float() for kind in kinds):
        return _floats(one).fill_nan(None), _floats(other).fill_nan(None)
    if all(isinstance(kind, pl.Date | pl.Datetime) for kind in kinds) and zone(kinds[0]) == zone(kinds[1]):
        common = pl.Datetime("us", zone(kinds[0]))
        return one.cast(common), other.cast(common)
    raise NoForm


def _floats(values: pl.Series) -> pl.Series:
    """Raises NoForm: an integer that float64 does not hold."""
    if values.dtype.is_integer() and not values.cast(pl.Int128).is_between(-EXACT, EXACT).all():
        raise NoForm
    return values.cast(pl.Float64)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == value


def _text(values: pl.Series) -> pl.Series:
    if values.dtype not in TEXT:
        raise NoForm
    return values.cast(pl.String)


def _found(values: pl.Series, regex: str) -> pl.Series:
    """By pandas, as Great Expectations does: what a pattern means differs from library to library."""
    found = _text(values).to_pandas().astype(str).str.contains(regex)
    return pl.Series(found.to_numpy(dtype=bool, na_value=False))
