"""Numbers in the columns of a CSV file that no key names.

Belongs here: columns of text as numbers, and refusing a notation that the file contradicts. Does not belong here: the
notations themselves (`sources.notation`), or columns that `numbers` names (`sources.declared_numbers`).
"""

import polars as pl
from polars import selectors as cs

from resources.sources.errors import SourceError
from resources.sources.formats.csv_place import AnyPlace
from resources.sources.notation import INFINITE, NOTATIONS, Notation
from resources.sources.notation.number_remarks import infinite, padded
from resources.sources.remarks import ReadTable


def with_numbers(table: pl.DataFrame, notation: Notation, place: AnyPlace) -> ReadTable:
    """The columns whose every value is a number in the notation as numbers, those of true and false as such; those that
    `numbers` or `date_format` names stay text."""
    names = dict(zip(table.columns, place.reading.columns or table.columns, strict=False))
    texts = table.select(cs.string())
    declared = place.reading.numbers.keys() | place.reading.date_format.keys()
    texts = texts.select(cs.by_name(*(name for name in texts.columns if names.get(name) not in declared)))
    is_number, is_any = pl.all().str.contains(notation.pattern), f"{notation.pattern}|{INFINITE}"
    numbers = texts.select(cs.by_name(*_where(texts, pl.all().str.contains(is_any).all() & is_number.any())))
    truths = _where(texts, pl.all().is_in(["true", "false"]).all() & pl.all().is_not_null().any())
    typed = table.with_columns(notation.read(numbers)).with_columns(cs.by_name(*truths) == "true")
    if not notation.is_plain:
        for column in texts.drop(cs.by_name(*numbers.columns, *truths)).iter_columns():
            _check_misfits(column, column.str.contains(is_any), place)
    if notation.decimal_comma and not place.reading.numbers and typed.select(cs.float()).is_empty():
        _check_decimal_comma(typed.select(cs.string()), place)
    signs = {name: int((numbers[name].is_not_null() & typed[name].is_null()).sum()) for name in numbers.columns}
    return ReadTable(typed, (*padded(numbers), *infinite(signs)))


def _where(texts: pl.DataFrame, condition: pl.Expr) -> list[str]:
    """The columns that meet a condition."""
    return [column.name for column in texts.select(condition).iter_columns() if column[0]]


def _check_misfits(text: pl.Series, numbers: pl.Series, place: AnyPlace) -> None:
    """Raise SourceError where most values of a column are numbers, and the others are in another notation."""
    if 2 * (numbers.sum() or 0) <= text.count():
        return
    misfits = text.filter(~numbers)
    other = next((one for one in NOTATIONS if misfits.drop_nulls().str.contains(one.pattern).all()), None)
    if other is not None:
        row = int((~numbers).arg_true()[0])
        options = ", ".join(f"{name}: {value!r}" for name, value in other.options.items()) or "neither"
        raise SourceError(
            f"{place.at(row)}, column {text.name!r}: {text[row]!r} is no number as `decimal_comma` and `thousands` "
            f"say; it is one with {options}"
        )


def _check_decimal_comma(table: pl.DataFrame, place: AnyPlace) -> None:
    """Raise SourceError where no column has a decimal comma and one has decimal points."""
    for column in table.iter_columns():
        if column.count() and column.str.contains(r"^\s*[+-]?\d*\.\d+\s*$").all():
            row = int(column.is_not_null().arg_true()[0])
            raise SourceError(
                f"{place.at(row)}, column {column.name!r}: {column[row]!r} is written with a decimal point, and no "
                f"column has a decimal comma; take `decimal_comma` out"
            )
