"""What was read of a file, compared with what was meant.

Belongs here: the rule. Each value is what was meant, or what else it may mean where that is said of its column; a
column that is text holds what stands in the file, and where numbers or dates were meant that is said too. Does not
belong here: making files (`tables`).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

import polars as pl

from catalogue.definition import Files
from modeling.core.spellings import alike
from modeling.proposal import unread_dates
from modeling.proposal.facts import ColumnFacts
from resources.sources.reading import detect_reading, read_table
from tests.resources.sources.fuzzing.columns import Cell, Column, Truth
from tests.resources.sources.fuzzing.tables import Table


class AsRead(NamedTuple):
    """A table as the project reads it by what it found, and all that is said of it."""

    table: pl.DataFrame
    said: list[str]


def as_read(content: bytes, name: str, given: Mapping[str, Any]) -> AsRead:
    """What `sectorforge new` would read of a file, and say of reading it."""
    found = detect_reading(content, name, "the file", given)
    reading = Files.model_validate({"path": "*", **found.options})
    table, remarks = read_table(content, name, reading, "the file", pinned=False)
    facts = map(ColumnFacts.of, table.iter_columns())
    undated = [unread_dates.doubt(one, ordered=True) for one in facts if unread_dates.looks_like_dates(one)]
    return AsRead(table, [*found.doubts, *remarks, *undated, *alike(table)])


def read_as_written(content: bytes, name: str, encoding: str) -> AsRead:
    """The same, in the `encoding` of the file where that is not the one that was taken, but one that was named."""
    read = as_read(content, name, {})
    if any(f"write `encoding: {encoding}`" in said for said in read.said):
        return as_read(content, name, {"encoding": encoding})
    return read


def differences(table: Table, read: AsRead) -> Iterator[str]:
    """What was not read as it was meant, and not said either."""
    if read.table.shape != (len(table.rows), len(table.columns)):
        yield f"the table is {read.table.shape}, not {(len(table.rows), len(table.columns))}: {read.table}"
        return
    yield from _of_names(table.names, read)
    for column, values in zip(table.columns, read.table.iter_columns(), strict=True):
        said = [one for one in read.said if repr(values.name) in one and " renamed: " not in one]
        yield from (
            f"{column.kind}, column {values.name!r}: {what}; said: {said}" for what in _of(column, values, said)
        )


def _of_names(names: Sequence[str], read: AsRead) -> Iterator[str]:
    renamed = " ".join(said for said in read.said if " renamed: " in said)
    for name, new in zip(names, read.table.columns, strict=True):
        if name and new != name and f"{name!r} is {new!r}" not in renamed:
            yield f"the column {name!r} is called {new!r}"


def _of(column: Column, values: pl.Series, said: Sequence[str]) -> Iterator[str]:
    if values.dtype == pl.String and not column.holds_text:
        yield from _of_text(column.cells, values, said)
        return
    if any(cell.aloud for cell in column.cells) and not said:
        yield "nothing is said of it"
    others = any(re.search("as well|is read as", one) for one in said) and all(
        _is(value, other) for value, other in _with_others(column.cells, values)
    )
    for cell, value in zip(column.cells, values, strict=True):
        if _is(value, cell.truth) or (others and cell.others):
            continue
        if value is None and any(repr(cell.written.strip()) in one or repr(cell.written) in one for one in said):
            continue
        if cell.truth is None and cell.others and value in cell.others and said:
            continue
        yield f"{cell.written!r} is {_shown(cell.truth)}, and was read as {value!r}"
    written = {cell.written: value for cell, value in zip(column.cells, values, strict=True) if value is not None}
    meant_by = {cell.written: cell.truth for cell in column.cells}
    if len(set(written.values())) < len({str(meant_by[text]) for text in written}) and not said:
        yield "values that differ are one"


def _with_others(cells: Sequence[Cell], values: pl.Series) -> Iterator[tuple[Any, Truth]]:
    return ((value, cell.others[0]) for cell, value in zip(cells, values, strict=True) if cell.others)


def _of_text(cells: Sequence[Cell], values: pl.Series, said: Sequence[str]) -> Iterator[str]:
    """Of numbers or dates that were left as text."""
    if not any(re.search(r"\btext\b|not read", one) for one in said):
        yield f"{cells[0].written!r} and the others are text, unsaid"
    for cell, value in zip(cells, values, strict=True):
        if value != cell.written and not (value is None and cell.truth is None):
            yield f"{cell.written!r} was read as {value!r}"


def _is(value: Any, truth: Truth) -> bool:
    match truth, value:
        case None, None:
            return True
        case Decimal(), bool():
            return False
        case Decimal(), int():
            return value == truth
        case Decimal(), float():
            return value == float(truth)
        case datetime(), datetime():
            return value == truth
        case datetime(), date():
            return value == truth.date() and truth.time() == datetime.min.time()
        case str(), bool():
            return truth.lower() == str(value).lower()
        case str(), str():
            return value == truth
        case str(), int():
            return str(value) == truth
    return False


def _shown(truth: Truth) -> str:
    return str(truth) if isinstance(truth, Decimal) else repr(truth)
