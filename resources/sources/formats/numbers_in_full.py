"""Numbers of files that type their values: decimals, and integers of more digits than a machine's.

Belongs here: giving them a type that everything after reads, and saying where that costs a digit. Does not belong here:
numbers that are written as text (`sources.notation`).
"""

from collections.abc import Iterator

import polars as pl
from polars import selectors as cs

from resources.sources.remarks import ReadTable


def with_usual_numbers(table: pl.DataFrame) -> ReadTable:
    """Decimals as floats, or as integers where they have no decimals; longer integers as text, whole."""
    odd = table.select(cs.decimal() | cs.by_dtype(pl.Int128))
    usual = [_usual(column) for column in odd.iter_columns()]
    said = (remark for old, new in zip(odd.iter_columns(), usual, strict=True) for remark in _remarks(old, new))
    return ReadTable(table.with_columns(usual), tuple(said))


def _usual(column: pl.Series) -> pl.Series:
    if isinstance(column.dtype, pl.Decimal) and column.dtype.scale:
        return column.cast(pl.Float64)
    whole = column.cast(pl.Int64, strict=False)
    return whole if whole.null_count() == column.null_count() else column.cast(pl.String)


def _remarks(old: pl.Series, new: pl.Series) -> Iterator[str]:
    if new.dtype == pl.String:
        yield f"{new.name!r} has whole numbers with more digits than a number keeps: read as text, or some would be one"
    if new.dtype == pl.Float64 and (rounded := int((new.cast(old.dtype) != old).sum())):
        yield f"{rounded:,} values of {new.name!r} with more digits than a number keeps: rounded"
