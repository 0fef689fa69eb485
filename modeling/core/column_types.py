"""Delivered rows in the types that a model learned from.

Text files and JSON know few types, and guess them from the rows at hand: a single row without a colour says nothing of
colours. Belongs here: giving columns their types back, and naming what has none. Does not belong here: which columns
there must be (`expected_columns`), judging values (`resources.contracts`), or turning them into features (`features`).
"""

from dataclasses import dataclass

import polars as pl

from modeling.core.features import FeatureError

SHOWN, LENGTH = 3, 40
UNREADABLE = pl.Schema({"row": pl.Int64, "rule": pl.String, "column": pl.String, "value": pl.String})


@dataclass(frozen=True)
class Typed:
    """Rows in the types a model learned from.

    Attributes
    ----------
    frame: all rows; a value that could not be read is null.
    unreadable: a line for each such value: `row` (its number, from 0), `rule` (what it should be), `column`, `value`.
    """

    frame: pl.DataFrame
    unreadable: pl.DataFrame


def typed(frame: pl.DataFrame, columns: pl.Schema) -> Typed:
    """`frame` with those of its columns that `columns` names, in its types; as it is where `columns` names none.

    Numbers among numbers stay as they are where the type would lose of them. Moments are read as ISO 8601, bytes as
    base64.

    Raises
    ------
    FeatureError: none of several values of a column is of its type; the message names column, rows and values.
    """
    if not columns:
        return Typed(frame, UNREADABLE.to_frame())
    delivered = [frame[name] for name in frame.columns if name in columns]
    cast = [_typed(values, columns[values.name]) for values in delivered]
    pairs = zip(delivered, cast, strict=True)
    lost = [_lost(before, after) for before, after in pairs if after.null_count() > before.null_count()]
    return Typed(pl.DataFrame(cast), pl.concat([UNREADABLE.to_frame(), *lost]))


def _typed(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    if values.null_count() == len(values):
        return _nothing(values, dtype)
    if values.dtype == dtype or (dtype in (pl.Categorical, pl.Enum) and values.dtype == pl.String):
        return values
    cast = _cast(values, dtype)
    if values.dtype.is_numeric() and dtype.is_numeric():
        return cast if cast.equals(values, null_equal=True) else values
    return cast


def _lost(before: pl.Series, after: pl.Series) -> pl.DataFrame:
    """The values that are null only since they have their type."""
    rows = (after.is_null() & before.is_not_null()).arg_true()
    there = before.count()
    wanted = _called(after.dtype)
    if len(rows) > 1 and len(rows) == there:
        first = ", ".join(f"row {row + 1}: {str(before[row])[:LENGTH]!r}" for row in rows.head(SHOWN))
        raise FeatureError(f"column {before.name!r}: none of its {there:,} values is {wanted}, as in training: {first}")
    values = [str(before[row])[:LENGTH] for row in rows]
    same = pl.lit(f"not {wanted}, as in training").alias("rule"), pl.lit(before.name).alias("column")
    found = pl.DataFrame({"row": rows, "value": values}, schema_overrides=UNREADABLE)
    return found.with_columns(*same).select(UNREADABLE.names())


def _called(dtype: pl.DataType) -> str:
    if dtype.is_integer():
        return "a whole number"
    if dtype.is_numeric():
        return "a number"
    if isinstance(dtype, pl.Datetime) and dtype.time_zone:
        return "a moment with its offset"
    names = {pl.Date: "a date", pl.Datetime: "a moment", pl.Boolean: "true or false", pl.Binary: "base64"}
    return names.get(dtype.base_type(), f"of type {dtype}")


def _cast(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    """As `dtype`; null where that can't be."""
    if values.dtype == pl.String and isinstance(dtype, pl.Date | pl.Datetime):
        zone = getattr(dtype, "time_zone", None)
        return values.str.to_datetime(strict=False, time_zone=zone).cast(dtype)
    if isinstance(values.dtype, pl.Datetime) and getattr(dtype, "time_zone", None) and not values.dtype.time_zone:
        return _nothing(values, dtype)
    if values.dtype == pl.String and dtype == pl.Binary:
        return values.str.decode("base64", strict=False)
    if values.dtype == pl.String and dtype.is_integer():
        return _integers(values, dtype)
    try:
        return values.cast(dtype, strict=False)
    except pl.exceptions.PolarsError:
        return _nothing(values, dtype)


def _nothing(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    """As many without any value."""
    return values.clear().cast(pl.Null).cast(dtype).extend_constant(None, len(values))


def _integers(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    """Text beside which something else stands: `12.0` is 12, and one `12.5` makes a column of fractions of all."""
    whole, fractions = values.cast(dtype, strict=False), values.cast(pl.Float64, strict=False)
    from_fractions = fractions.cast(dtype, strict=False)
    read = pl.select(pl.coalesce(whole, from_fractions)).to_series().alias(values.name)
    return fractions if (from_fractions != fractions).any() else read
