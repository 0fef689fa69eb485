"""Delivered rows in the types that a model learned from.

Text files and JSON know few types, and guess them from the rows at hand: a single row without a colour says nothing of
colours. Belongs here: giving columns their types back, and naming what has none. Does not belong here: judging values
(`resources.contracts`), or turning them into features (`features`).
"""

import polars as pl

from modeling.core.features import FeatureError

SHOWN, LENGTH = 3, 40


def typed(frame: pl.DataFrame, columns: pl.Schema) -> pl.DataFrame:
    """`frame` with those of its columns that `columns` names, in its types; as it is where `columns` names none.

    Numbers among numbers stay as they are where the type would lose of them. Moments are read as ISO 8601, bytes as
    base64.

    Raises
    ------
    FeatureError: values are not of their column's type; the message names column, rows from 0, and values.
    """
    if not columns:
        return frame
    return frame.select(_typed(frame[name], columns[name]) for name in frame.columns if name in columns)


def _typed(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    if values.null_count() == len(values):
        return values.clear().cast(pl.Null).cast(dtype).extend_constant(None, len(values))
    if values.dtype == dtype or (dtype in (pl.Categorical, pl.Enum) and values.dtype == pl.String):
        return values
    cast = _cast(values, dtype)
    if values.dtype.is_numeric() and dtype.is_numeric():
        return cast if cast.equals(values, null_equal=True) else values
    lost = (cast.is_null() & values.is_not_null()).arg_true()
    if len(lost):
        first = ", ".join(f"row {row}: {str(values[row])[:LENGTH]!r}" for row in lost.head(SHOWN))
        raise FeatureError(f"column {values.name!r}: {len(lost):,} of {len(values):,} values are no {dtype}: {first}")
    return cast


def _cast(values: pl.Series, dtype: pl.DataType) -> pl.Series:
    """As `dtype`; null where that can't be."""
    if values.dtype == pl.String and isinstance(dtype, pl.Date | pl.Datetime):
        zone = getattr(dtype, "time_zone", None)
        return values.str.to_datetime(strict=False, time_zone=zone).cast(dtype)
    if values.dtype == pl.String and dtype == pl.Binary:
        return values.str.decode("base64", strict=False)
    try:
        return values.cast(dtype, strict=False)
    except pl.exceptions.PolarsError:
        return values.clear().cast(pl.Null).cast(dtype).extend_constant(None, len(values))
