"""Excel.

Belongs here: which sheets are read, which of their rows are the table, and the table as lines of text, which are read
as those of a CSV file are. Does not belong here: the cells themselves (`workbook`).
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import polars as pl

from catalogue.definition import Reading
from catalogue.visible import listed
from resources.sources import dialect
from resources.sources.errors import SourceError
from resources.sources.formats import csv_file
from resources.sources.formats.csv_place import count_of, sides_not_read
from resources.sources.formats.workbook import Sheet, Workbook
from resources.sources.notation import Notation
from resources.sources.remarks import ReadTable

EVERY = "*"


@dataclass(frozen=True)
class Cut:
    """What of a sheet is its table: the header's rows, those below it, and where in the sheet each stands (from 0)."""

    sheet: Sheet
    header: pl.DataFrame
    body: pl.DataFrame
    rows: pl.Series
    blank: int
    footer: int


class SheetPlace(NamedTuple):
    """What a message about a workbook is made of."""

    content: bytes
    reading: Reading
    where: str

    @property
    def advice(self) -> str:
        """Nothing: sheets need no separator."""
        return ""

    def line(self, number: int) -> str:
        """Opens a message about a row, numbered from 1 in what was read."""
        first = _cuts(Workbook(self.content, self.where), self.reading, self.where)[0]
        return f"{self.where}: sheet {first.sheet.name!r}, row {number + self.reading.skip_before_header}"

    def at(self, row: int) -> str:
        """Opens a message about a row of the table, numbered from 0."""
        for cut in _cuts(Workbook(self.content, self.where), self.reading, self.where):
            if row < len(cut.rows):
                return f"{self.where}: sheet {cut.sheet.name!r}, row {cut.rows[row] + 1:,}"
            row -= len(cut.rows)
        raise IndexError(row)


def read(content: bytes, reading: Reading, where: str) -> ReadTable:
    """The table of a sheet, or of several. Raises SourceError: as `sources.reading.read_table`."""
    book = Workbook(content, where)
    cuts = _cuts(book, reading, where)
    lines = _lines(cuts, Notation.of(reading))
    table, changed = csv_file.typed(lines, _of_lines(reading), SheetPlace(content, reading, where))
    return ReadTable(table, (*_remarks(book, cuts, reading), *changed))


def fields(content: bytes, reading: Reading, where: str) -> pl.DataFrame:
    """The table of text, but for columns of cells with decimals, which are numbers however texts write them."""
    cuts = _cuts(Workbook(content, where), reading, where)
    place = SheetPlace(content, reading, where)
    table = csv_file.fields(_lines(cuts, Notation()), _of_lines(reading), place, infer=False).table
    places = [
        place for place, name in enumerate(cuts[0].body.columns, start=-reading.index) if _are_numbers(cuts, name)
    ]
    return table.with_columns(table.to_series(place).cast(pl.Float64, strict=False) for place in places if place >= 0)


def layout(content: bytes, where: str, given: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """The options of a `Reading` that say where in a workbook the table is, beside those that a person has given,
    and what could be otherwise.

    Raises SourceError: several sheets hold tables, and their columns differ.
    """
    book = Workbook(content, where)
    sheets = _named(book, given["sheet"], where) if "sheet" in given else _with_tables(book, where)
    found = [dialect.detect_rows(*_ends(sheet)) for sheet in sheets]
    options = found[0] | given
    if len(sheets) > 1:
        options = {"sheet": EVERY, "footer": next((one["footer"] for one in found if "footer" in one), None)} | options
        _cuts(book, Reading.model_validate(options), where)
    elif len(book.names) > 1:
        options["sheet"] = sheets[0].name
    return {name: value for name, value in options.items() if value is not None}, []


def _ends(sheet: Sheet) -> tuple[list[list[str]], list[list[str]]]:
    """The first and the last rows, where layout shows."""
    filled = sheet.cells.fill_null("")
    return [list(row) for row in filled.head(dialect.LOOKED_AT).rows()], [
        list(row) for row in filled.tail(dialect.FOOTER_LINES).rows()
    ]


def _cuts(book: Workbook, reading: Reading, where: str) -> list[Cut]:
    """The tables of the sheets that are read, all with one header."""
    sheets = _with_tables(book, where) if reading.sheet in (None, EVERY) else _named(book, reading.sheet, where)
    cuts = [_cut(sheet, reading) for sheet in sheets]
    if not any(len(cut.rows) for cut in cuts):
        raise SourceError(f"{where}: empty, no row below the header; deliver it again")
    if reading.sheet is None and len(cuts) > 1:
        raise SourceError(f"{where}: {_choice(cuts)}")
    for cut in cuts[1:]:
        if reading.header and not _names(cut).equals(_names(cuts[0]), null_equal=True):
            raise SourceError(f"{where}: sheet {cut.sheet.name!r} does not fit {cuts[0].sheet.name!r}: {_choice(cuts)}")
    return cuts


def _names(cut: Cut) -> pl.DataFrame:
    return cut.header.rename({name: str(place) for place, name in enumerate(cut.header.columns)})


def _choice(cuts: list[Cut]) -> str:
    tables = ", ".join(f"{cut.sheet.name!r} ({len(cut.rows):,} rows)" for cut in cuts)
    return (
        f"several sheets hold a table, {tables}; name one, with `sheet:` in use_case.yaml or --sheet of `sectorforge "
        f"new`, or list those that have the same columns, as `sheet: [Jan, Feb]`"
    )


def _named(book: Workbook, wanted: str | list[str], where: str) -> list[Sheet]:
    names = [wanted] if isinstance(wanted, str) else wanted
    for name in names:
        if name not in book.names:
            raise SourceError(f"{where}: has no sheet {name!r}, it has {book.names}")
    return [book.sheet(name) for name in names]


def _with_tables(book: Workbook, where: str) -> list[Sheet]:
    """The visible sheets that hold a table; the only one with cells where none looks like one."""
    visible = [sheet for sheet in map(book.sheet, book.names) if sheet.visible and sheet.cells.height]
    tables = [sheet for sheet in visible if dialect.is_table(_ends(sheet)[0])]
    if not tables and len(visible) != 1:
        raise SourceError(f"{where}: no visible sheet holds a table; name one of {book.names} as `sheet`")
    return tables or visible


def _cut(sheet: Sheet, reading: Reading) -> Cut:
    above, lines = reading.skip_before_header, reading.header_lines if reading.header else 0
    first = above + lines + reading.skip_after_header
    cells = sheet.cells.with_row_index("row")
    footer = _footer(sheet.cells[first:], reading.footer)
    body = cells[first : sheet.cells.height - footer]
    filled = body.filter(pl.any_horizontal(pl.col(sheet.cells.columns).is_not_null()))
    header = sheet.cells[above : above + lines]
    return Cut(sheet, header, filled.drop("row"), filled["row"], body.height - filled.height, footer)


def _footer(body: pl.DataFrame, footer: str | None) -> int:
    """How many rows at the end are a footer, which begins with this text in its first cell that has any."""
    if footer is None:
        return 0
    last = body.tail(dialect.FOOTER_LINES).select(pl.coalesce(pl.all())).to_series()
    begins = last.str.strip_chars_start().str.starts_with(footer).arg_true()
    return len(last) - int(begins[0]) if len(begins) else 0


def _lines(cuts: list[Cut], notation: Notation) -> bytes:
    """The tables as one CSV file, in which numbers in cells are written in the notation that texts have."""
    text = io.BytesIO()
    for part in (cuts[0].header, *(_in_notation(cut, notation) for cut in cuts)):
        part.write_csv(text, include_header=False)
    return text.getvalue().rstrip(b"\n")


def _in_notation(cut: Cut, notation: Notation) -> pl.DataFrame:
    if not notation.decimal_comma:
        return cut.body
    decimals = [column for column in cut.body.iter_columns() if _are_decimals([cut], column.name)]
    return cut.body.with_columns(
        pl.when(_numbers_of(cut, column.name).is_not_null())
        .then(column.str.replace(".", ",", literal=True))
        .otherwise(column)
        .alias(column.name)
        for column in decimals
    )


def _are_numbers(cuts: list[Cut], column: str) -> bool:
    """Whether a column has cells with decimals, and no text."""
    texts = (cut.body[column].is_not_null() & _numbers_of(cut, column).is_null() for cut in cuts)
    return _are_decimals(cuts, column) and not any(one.any() for one in texts)


def _are_decimals(cuts: list[Cut], column: str) -> bool:
    return all(
        _numbers_of(cut, column).drop_nulls().len() > 0 and cut.sheet.holds_numbers(column) for cut in cuts
    ) and any((_numbers_of(cut, column) % 1 != 0).any() for cut in cuts)


def _numbers_of(cut: Cut, column: str) -> pl.Series:
    return cut.sheet.numbers[column].gather(cut.rows)


def _of_lines(reading: Reading) -> Reading:
    """How the lines are to be read that were made of a workbook."""
    return reading.model_copy(
        update={"separator": ",", "quote": '"', "skip_before_header": 0, "skip_after_header": 0, "footer": None}
    )


def _remarks(book: Workbook, cuts: list[Cut], reading: Reading) -> Iterator[str]:
    """What of the workbook is not read, or looks otherwise than it is."""
    read = [cut.sheet.name for cut in cuts]
    if left := [name for name in book.names if name not in read]:
        yield f"sheet{'s' if len(left) > 1 else ''} {listed(left)} not read"
    yield from sides_not_read(reading)
    if footer := sum(cut.footer for cut in cuts):
        yield f"{count_of(footer, 'row')} at the end not read, from {reading.footer!r} on"
    if blank := sum(cut.blank for cut in cuts):
        yield f"{count_of(blank, 'blank row')} not read"
    if hidden := sum(cut.sheet.oddities.hidden_rows for cut in cuts):
        yield f"{count_of(hidden, 'row')} hidden in the sheet, as by a filter, but read"
    if hours := max(cut.sheet.oddities.hours for cut in cuts):
        yield f"{count_of(hours, 'column')} of times read as hours"
    errors = [f"{cut.sheet.name}!{cell}" for cut in cuts for cell in cut.sheet.oddities.errors]
    if errors:
        yield f"{count_of(len(errors), 'cell')} with an error, the first in {errors[0]}, read as missing"
