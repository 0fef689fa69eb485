"""Numbers in a CSV file that are written with a decimal comma or with marks between thousands.

Belongs here: columns of text as numbers, and refusing a notation that the file contradicts. Does not belong here: the
notations themselves (`sources.notation`).
"""

import polars as pl
from polars import selectors as cs

from resources.sources.errors import SourceError
from resources.sources.formats.csv_place import Place
from resources.sources.notation import NOTATIONS, Notation


def with_numbers(table: pl.DataFrame, notation: Notation, place: Place) -> pl.DataFrame:
    """The columns whose every value is a number in the notation as numbers, those of true and false as such."""
    typed = table.with_columns([_typed(column, notation, place) for column in table.iter_columns()])
    if notation.decimal_comma and typed.select(cs.float()).is_empty():
        _check_decimal_comma(typed.select(cs.string()), place)
    return typed


def _typed(text: pl.Series, notation: Notation, place: Place) -> pl.Series:
    known = text.drop_nulls()
    if known.is_empty():
        return text
    if known.is_in(["true", "false"]).all():
        return text == "true"
    numbers = text.str.contains(notation.pattern)
    if numbers.all():
        return notation.read(text)
    if 2 * (numbers.sum() or 0) > len(known):
        _check_misfits(text, numbers, place)
    return text


def _check_misfits(text: pl.Series, numbers: pl.Series, place: Place) -> None:
    """Raise SourceError where all values of a column but some are numbers, and those are in another notation."""
    misfits = text.filter(~numbers)
    other = next((one for one in NOTATIONS if misfits.drop_nulls().str.contains(one.pattern).all()), None)
    if other is not None:
        row = int((~numbers).arg_true()[0])
        options = ", ".join(f"{name}: {value!r}" for name, value in other.options.items()) or "neither"
        raise SourceError(
            f"{place.at(row)}, column {text.name!r}: {text[row]!r} is no number as `decimal_comma` and `thousands` "
            f"say; it is one with {options}"
        )


def _check_decimal_comma(table: pl.DataFrame, place: Place) -> None:
    """Raise SourceError where no column has a decimal comma and one has decimal points."""
    for column in table.iter_columns():
        if column.count() and column.str.contains(r"^\s*[+-]?\d*\.\d+\s*$").all():
            row = int(column.is_not_null().arg_true()[0])
            raise SourceError(
                f"{place.at(row)}, column {column.name!r}: {column[row]!r} is written with a decimal point, and no "
                f"column has a decimal comma; take `decimal_comma` out"
            )
