"""Numbers in a table of whatever format.

Belongs here: reading the columns that `numbers` names, saying which value is none, where, and what to write; gaps for
what is infinite. Does not belong here: what a number is (`notation.numbers`), or numbers in a CSV file that no key
names (`formats.csv_numbers`).
"""

import difflib
from collections.abc import Callable

import polars as pl
from polars import selectors as cs

from catalogue.definition import Numbers, Reading
from resources.sources.errors import SourceError
from resources.sources.notation import NOTATIONS, Notation, notation_of, read_numbers
from resources.sources.notation.number_remarks import changes
from resources.sources.notation.number_remarks import infinite as said_of_infinite
from resources.sources.remarks import ReadTable
from resources.sources.unread_values import costs_rows_only, unread_as_text


def declared_numbers(table: pl.DataFrame, reading: Reading, at: Callable[[int], str], where: str) -> ReadTable:
    """The table with the columns of text among those of `numbers` as numbers.

    at: opens a message about a row, numbered from 0; `where` opens one about the file.

    Raises SourceError: the table lacks a column, or one holds something else.
    """
    columns, remarks = [], []
    for name, numbers in reading.numbers.items():
        _check_column(name, table, where)
        if table.schema[name] == pl.String:
            text = table[name].set(table[name].is_in(reading.null_values).fill_null(value=False), None)
            read = read_numbers(text, numbers, notation_of(name, reading))
            remarks.extend(changes(text, numbers, read.values))
            if read.misfits.any() and not (reading.row_by_row and costs_rows_only(read.misfits, text)):
                raise _misfit(text, numbers, notation_of(name, reading), read.misfits, at)
            columns.append(unread_as_text(read.values, text, read.misfits) if read.misfits.any() else read.values)
    return ReadTable(table.with_columns(columns), tuple(remarks))


def finite(table: pl.DataFrame) -> ReadTable:
    """The table with what is infinite missing."""
    counts = table.select(cs.float().is_infinite().sum())
    infinite = {column.name: column[0] for column in counts.iter_columns()}
    known = [table[name].set(table[name].is_infinite(), None) for name in infinite if infinite[name]]
    return ReadTable(table.with_columns(known), tuple(said_of_infinite(infinite)))


def _check_column(name: str, table: pl.DataFrame, where: str) -> None:
    if name not in table.columns:
        near = difflib.get_close_matches(name, table.columns, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else f"; it has {table.columns}"
        raise SourceError(f"{where}: has no column {name!r}, which `numbers` names{hint}")
    dtype = table.schema[name]
    if not (dtype.is_numeric() or dtype in (pl.String, pl.Null)):
        raise SourceError(f"{where}: column {name!r}, which `numbers` names, is {dtype}: take it out there")


def _misfit(
    text: pl.Series, numbers: Numbers, notation: Notation, misfits: pl.Series, at: Callable[[int], str]
) -> SourceError:
    row = int(misfits.arg_true()[0])
    remedy = _remedy(text.filter(misfits), numbers, notation)
    return SourceError(
        f"{at(row)}, column {text.name!r}: {text[row]!r} is no number as `numbers` says "
        f"({misfits.sum():,} such values); {remedy}"
    )


def _remedy(misfits: pl.Series, numbers: Numbers, notation: Notation) -> str:
    """What to write where all misfits are numbers in another way, else what to do about them."""
    for other in NOTATIONS:
        if not read_numbers(misfits, numbers, other).misfits.any():
            options = ", ".join(f"{name}: {value!r}" for name, value in other.options.items())
            return f"it is one with {options or 'a decimal point and no mark between thousands'}: deliver one notation"
    limits = numbers.model_copy(update={"censored": "limit"})
    if not read_numbers(misfits, limits, notation).misfits.any():
        return "write `censored: limit` to read it as the limit, or `censored: missing` as a gap"
    if numbers.units and not read_numbers(misfits, numbers.model_copy(update={"unit": None}), notation).misfits.any():
        names = " or ".join(map(repr, numbers.units))
        return f"it lacks {names}, without which a share looks like a percentage: deliver it alike"
    return "mend it, or add it to the column's `null_values` there"
