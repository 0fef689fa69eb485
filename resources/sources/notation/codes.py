"""Digits that are a name and no number: `01234`, `12E5`, identifiers longer than a number keeps.

Belongs here: telling them from numbers by how they are written. Does not belong here: how numbers are written
(`numbers`), or what a column means by its name (`modeling.proposal`).
"""

import re
from collections.abc import Iterator

import polars as pl

LEADING_ZERO = r"^\s*0\d+\s*$"
POWER = r"^\s*\d+[eE]\d+\s*$"
"""As codes are written; programs write a sign into the exponent (`1e+05`), people a decimal point into the column."""
LONG = r"^\s*[+-]?\d{17,}\s*$"
SIXTEEN = r"^\s*[+-]?\d{16}\s*$"
"""As many digits as a float has of some numbers only."""
LONG_DECIMALS = r"^\s*[+-]?\d{15,}[.,]\d+\s*$"
ROUNDED = r"^\s*[+-]?\d(\.\d+)?E\+(1[1-9]|[23]\d)\s*$"
"""What Excel leaves of a number of twelve digits or more."""
ANYWHERE = re.compile(rb"(?<![\w.+-])(0\d|\d+[eE]\d|\d{16}|\d{15}[.,]\d\d|\d(\.\d+)?E\+[123]\d)")
"""A file in which nothing looks like this holds none of them."""


def why_text(written: pl.Series, dtype: pl.DataType) -> str:
    """Why a column that could be read as numbers of `dtype` must stay as it is `written`, with how many of its values
    say so: else two that differ would become one. Empty where numbers keep them all apart."""
    has_decimals = written.str.contains(r"[.,]|[eE][+-]").any()
    zeros = 0 if has_decimals else int(written.str.contains(LEADING_ZERO).sum())
    powers = 0 if has_decimals else int(written.str.contains(POWER).sum())
    long = 0 if dtype.is_integer() and dtype != pl.Int128 else _longer_than_a_float(written)
    if zeros:
        return f"{_values(zeros, written)} with leading zeros: read as text, or 01234 and 1234 would be one"
    if powers:
        return f"{_values(powers, written)} written like 12E5: read as text, or 12E5 and 120E4 would be one"
    if long:
        return f"{_values(long, written)} with more digits than a number keeps: read as text, or some would be one"
    return ""


def lost_digits(written: pl.Series) -> Iterator[str]:
    """The remark on a column whose last digits were lost before it came here, or are lost now."""
    rounded = written.filter(written.str.contains(ROUNDED))
    if len(rounded):
        yield (
            f"{_values(len(rounded), written)} rounded before they came here, as Excel does, to such as "
            f"{rounded[0].strip()!r}: what differed may read alike; export the column as text"
        )
    yield from rounded_together(written.filter(written.str.contains(LONG_DECIMALS)))


def rounded_together(long: pl.Series) -> Iterator[str]:
    """The remark on numbers of many digits that are read as floats, where some that differ are then one."""
    plain = long.str.strip_chars().str.replace(",", ".", literal=True)
    if plain.cast(pl.Float64).n_unique() < plain.n_unique():
        yield f"{_values(len(long), long)} with more digits than a number keeps: rounded, so some that differ are one"


def _longer_than_a_float(written: pl.Series) -> int:
    """How many whole numbers have more digits than a float, or others than it keeps of them."""
    sixteen = written.filter(written.str.contains(SIXTEEN)).str.strip_chars()
    changed = sixteen.cast(pl.Int64) != sixteen.cast(pl.Float64).cast(pl.Int64)
    return int(written.str.contains(LONG).sum()) + int(changed.sum())


def _values(number: int, column: pl.Series) -> str:
    return f"{number:,} value{'' if number == 1 else 's'} of {column.name!r}"
