"""The rows of a database as a table that keeps their types.

Belongs here: types as the driver names them or as the values show them. Does not belong here: connecting
(`database_connection`), or what is selected (`database`).
"""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import polars as pl

from resources.sources.errors import SourceError

TYPES = {
    "bool": pl.Boolean(),
    "int2": pl.Int16(),
    "int4": pl.Int32(),
    "int8": pl.Int64(),
    "float4": pl.Float32(),
    "float8": pl.Float64(),
    "text": pl.String(),
    "varchar": pl.String(),
    "bpchar": pl.String(),
    "uuid": pl.String(),
    "bytea": pl.Binary(),
    "date": pl.Date(),
    "time": pl.Time(),
    "timestamp": pl.Datetime("us"),
    "timestamptz": pl.Datetime("us", "UTC"),
    "interval": pl.Duration("us"),
}
"""By PostgreSQL's names. Other databases' drivers name no types that could be relied on: their values decide."""
WITH_LARGEST = {*TYPES, "numeric"} - {"bool", "uuid", "bytea"}
"""Of PostgreSQL's types those that every version of it has a `max` of."""


def declared(description: Sequence[Any], where: str) -> dict[str, pl.DataType | None]:
    """The type of every column by its name, None where the values decide.

    description: of a cursor (PEP 249).

    Raises SourceError: two columns of one name, or a column of arrays.
    """
    types: dict[str, pl.DataType | None] = {}
    for column in description:
        name, kind = column[0], getattr(column, "type_display", "")
        if name in types:
            raise SourceError(f"{where}: the query has two columns {name!r}: name one of them otherwise, with `as`")
        if kind.endswith("[]"):
            raise SourceError(f"{where}: column {name!r} holds arrays, which no feature can be: unnest or cast it")
        types[name] = _decimal(column) if kind.startswith("numeric(") else TYPES.get(kind.partition("(")[0])
    return types


def with_largest(description: Sequence[Any]) -> dict[str, bool]:
    """Of every column by its name, whether the database knows which of its values is the largest.

    description: of a cursor (PEP 249).
    """
    kinds = {column[0]: getattr(column, "type_display", "").partition("(")[0] for column in description}
    return {name: not kind or kind in WITH_LARGEST for name, kind in kinds.items()}


def _decimal(column: Any) -> pl.DataType | None:
    fits = column.precision <= 38 and 0 <= column.scale <= column.precision
    return pl.Decimal(column.precision, column.scale) if fits else None


def table_of(rows: Sequence[Sequence[Any]], types: dict[str, pl.DataType | None], where: str) -> pl.DataFrame:
    """A batch of rows, each with a value for every column of `types`.

    Raises SourceError: a column holds values of several types, or of one that no table has.
    """
    columns = zip(types.items(), zip(*rows, strict=True), strict=True)
    return pl.DataFrame([_series(name, dtype, values, where) for (name, dtype), values in columns])


def _series(name: str, dtype: pl.DataType | None, values: Sequence[Any], where: str) -> pl.Series:
    first = next((value for value in values if value is not None), None)
    if isinstance(first, UUID):
        values = [value and str(value) for value in values]
    if isinstance(first, Decimal) and not all(value is None or value.is_finite() for value in values):
        raise SourceError(f"{where}: the decimals of column {name!r} are not all finite: cast it to a float")
    try:
        series = pl.Series(name, values, dtype=dtype)
    except (TypeError, OverflowError, pl.exceptions.PolarsError):
        series = pl.Series(name, values, strict=False)  # SQLite's numbers may be integers and floats
        if not series.dtype.is_numeric():
            raise SourceError(f"{where}: column {name!r} holds values of several types: cast it to one") from None
    if series.dtype.is_nested() or series.dtype == pl.Object:
        raise SourceError(f"{where}: column {name!r} holds {type(first).__name__}, which no feature can be: cast it")
    return series
