"""Tables, and the files that people make of them.

Belongs here: a strategy for tables, what a CSV file has around one, and writing the same table as CSV, Excel and JSON.
Does not belong here: what stands in a column (`columns`).
"""

import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from hypothesis import strategies as st

from tests.resources.sources.fuzzing.columns import KINDS, NOTATIONS, Cell, Column, Draw, columns
from tests.resources.sources.test_excel import DATE, book

FEWEST_ROWS, MOST_ROWS = 14, 24
MOST_OTHERS = 2
NAMES = (
    *("value", "price", "Preis", "größe", "a b", "x.y", "Amount [kg]", "price", "2019", "n°", "column_2", "Region"),
    *(" b", "^all$", "*", "a;b", "a,b", 'the "best"', "straße", "Straße"),
)
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "cp1252")
SEPARATORS = (",", ";", "\t", "|")
LINE_ENDS = ("\n", "\r\n", "\r")
TITLES = ("Report of the north", "All amounts in thousands", "")
FOOTERS = ("Total", "Source: our own count", "* estimated")


@dataclass(frozen=True)
class Table:
    """Columns with their names as they stand in the file."""

    names: list[str]
    columns: list[Column]

    def _repr_pretty_(self, printer: Any, _: bool) -> None:
        """How hypothesis shows it: the truth beside each value."""
        rows = (" | ".join(f"{cell.written!r} is {cell.truth}" for cell in row) for row in self.rows)
        printer.text("\n".join([" | ".join(map(repr, self.names)), *rows]))

    @property
    def rows(self) -> list[list[Cell]]:
        """The cells, a list for each row."""
        return [list(row) for row in zip(*(column.cells for column in self.columns), strict=True)]

    def until(self, row: int) -> "Table":
        """The same up to this row, numbered from 0."""
        return replace(self, columns=[replace(one, cells=one.cells[: row + 1]) for one in self.columns])


@dataclass(frozen=True)
class Dress:
    """What a CSV file has around its table."""

    encoding: str
    separator: str
    line_end: str
    quoting: int
    titles: list[str]
    footer: str | None
    blank: int | None
    ends_in_separator: bool
    ends_in_line_end: bool


@st.composite
def tables(draw: Draw, kind: str) -> Table:
    """A table with a column of a kind. Its first one has no gaps, as every row of a file says something."""
    rows = draw(st.integers(FEWEST_ROWS, MOST_ROWS))
    notation = draw(st.sampled_from(NOTATIONS))
    drawn = [draw(KINDS[kind](rows, notation)), *draw(st.lists(columns(rows, notation), max_size=MOST_OTHERS))]
    names = draw(st.lists(st.sampled_from(NAMES), min_size=len(drawn), max_size=len(drawn)))
    key = Column("key", [Cell(f"r{n}", f"r{n}") for n in range(rows)], "key")
    if len(drawn) > 2 and draw(st.booleans()):
        names[draw(st.integers(0, len(drawn) - 1))] = ""
    named = [column.name or name for column, name in zip(drawn, names, strict=True)]
    return Table(["key", *named], [key, *drawn])


@st.composite
def dresses(draw: Draw, table: Table) -> Dress:
    """What may stand around a table, in an encoding that has all of its letters."""
    text = "".join([*table.names, *(cell.written for row in table.rows for cell in row)])
    encodings = [name for name in ENCODINGS if _encodes(name, text)]
    ends = [end for end in LINE_ENDS if end != "\r" or "\n" not in text]
    return Dress(
        encoding=draw(st.sampled_from(encodings)),
        separator=draw(st.sampled_from(SEPARATORS)),
        line_end=draw(st.sampled_from(ends)),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
        titles=draw(st.lists(st.sampled_from(TITLES), max_size=2)),
        footer=draw(st.none() | st.sampled_from(FOOTERS)),
        blank=draw(st.none() | st.integers(1, len(table.rows) - 1)),
        ends_in_separator=draw(st.booleans()),
        ends_in_line_end=draw(st.booleans()),
    )


def _encodes(encoding: str, text: str) -> bool:
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def as_csv(table: Table, dress: Dress, cut: Callable[[int, list[str]], list[str]] = lambda _, row: row) -> str:
    """The text of a CSV file, before it is encoded; what `cut` leaves of each row, numbered from 0."""
    text = io.StringIO(newline="")
    writer = csv.writer(
        text, delimiter=dress.separator, quoting=dress.quoting, lineterminator=dress.line_end, quotechar='"'
    )
    tail = [""] * dress.ends_in_separator
    text.write("".join(title + dress.line_end for title in dress.titles))
    writer.writerow([*table.names, *tail])
    for number, row in enumerate(table.rows):
        text.write(dress.line_end if number == dress.blank else "")
        writer.writerow(cut(number, [*(cell.written for cell in row), *tail]))
    text.write(dress.footer + dress.line_end if dress.footer else "")
    whole = text.getvalue()
    return whole if dress.ends_in_line_end else whole.removesuffix(dress.line_end)


def for_excel(table: Table) -> Table:
    """The same as a workbook has it: numbers and dates are typed, but for those of more digits than Excel has."""
    return _with(table, table.names, lambda _, cell: _typed(cell, cell.typed if _fits_excel(cell.typed) else None))


def _fits_excel(typed: Any) -> bool:
    return isinstance(typed, float) or (isinstance(typed, int) and typed < 10**15)


def as_excel(table: Table, dress: Dress) -> bytes:
    """A workbook. In one of two columns no note stands below: it would be a row that lacks its value."""
    rows = [[_of_sheet(cell) for cell in row] for row in table.rows]
    footer = [[dress.footer]] if dress.footer and len(table.columns) > 2 else []
    return book(sheet=[*([title] for title in dress.titles), [*table.names], *rows, *footer])


def _of_sheet(cell: Cell) -> Any:
    if cell.typed is None:
        return cell.written or None
    return (cell.typed, DATE) if isinstance(cell.truth, datetime) else cell.typed


def for_json(table: Table) -> Table:
    """The same as JSON has it: names are unique, numbers are typed, and only null is a gap among texts."""
    plain = [name.strip("^$") for name in table.names]
    names = [f"{name} {number}" if name in plain[:number] else name for number, name in enumerate(plain)]
    return _with(table, names, _of_json)


def _of_json(column: Column, cell: Cell) -> Cell:
    if cell.truth is None and column.holds_text:
        return replace(cell, truth=cell.written or None, others=())
    return _typed(cell, None if isinstance(cell.truth, datetime) else cell.typed)


def as_json(table: Table) -> str:
    """An array of objects, in which each number has all of its digits."""
    rows = (", ".join(map(_member, table.names, row)) for row in table.rows)
    return "[" + ",\n".join(f"{{{row}}}" for row in rows) + "]"


def _member(name: str, cell: Cell) -> str:
    value = json.dumps(cell.written, ensure_ascii=False) if cell.written else "null"
    return f"{json.dumps(name, ensure_ascii=False)}: {value if cell.typed is None else cell.truth}"


def _with(table: Table, names: list[str], change: Callable[[Column, Cell], Cell]) -> Table:
    columns = [replace(column, cells=[change(column, cell) for cell in column.cells]) for column in table.columns]
    return Table(names, columns)


def _typed(cell: Cell, typed: Any) -> Cell:
    """A cell of this type, or text; there is one way to read a type."""
    return replace(cell, typed=None) if typed is None else replace(cell, typed=typed, others=(), aloud=False)
