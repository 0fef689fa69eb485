"""The sheets of an Excel workbook, cell by cell.

Belongs here: opening a workbook, unless reading it takes more memory than any needs, and each cell as text, exactly as
it is stored. Does not belong here: which sheets are read, and what of them is the table (`excel_file`). fastexcel is
imported where it is used: loading the definitions reads no file.
"""

import functools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree

import polars as pl

from resources.sources.archives import ZIP_START, parts
from resources.sources.errors import SourceError

if TYPE_CHECKING:
    from fastexcel import ExcelReader

MOST_CELLS = 2**27
FAR_RIGHT = re.compile(rb"""\br=["']([E-Z][A-Z]|[A-Z]{3})\d+["']""")
"""The column of a cell from the 131st on: with fewer columns, no number of rows is too large."""
ROW = re.compile(rb"""\brow\b[^>]*?\br=["'](\d{1,7})["']""")
HIDDEN_ROW = re.compile(rb"""<(?:\w+:)?row\b[^>]*?\bhidden=["'](?:1|true)["']""")
ERROR_CELL = re.compile(rb"""<(?:\w+:)?c\b(?=[^>]*\bt=["']e["'])[^>]*?\br=["']([A-Z]+\d+)["']""")
DAY_ZERO = datetime(1899, 12, 31)
"""What a cell with a time of day, or a number of hours, and no date counts from."""
LAST_OF_HOURS = datetime(1905, 1, 1)
MOMENT = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True)
class Oddities:
    """What a person sees of a sheet and its cells don't say: rows that are hidden, cells with an error, and columns
    that show times without a date."""

    hidden_rows: int = 0
    errors: tuple[str, ...] = ()
    hours: int = 0


@dataclass(frozen=True)
class Sheet:
    """A sheet from its first row on; `cells` are text, null where empty, `numbers` those that hold a number."""

    name: str
    visible: bool
    cells: pl.DataFrame
    numbers: pl.DataFrame
    oddities: Oddities

    def holds_numbers(self, column: str) -> bool:
        """Whether a column's cells are numbers, rather than texts that look like some."""
        cells, numbers = self.cells[column], self.numbers[column]
        return bool((_written(numbers) == cells).filter(numbers.is_not_null()).all())


class Workbook:
    """A workbook whose sheets are loaded one by one."""

    def __init__(self, content: bytes, where: str) -> None:
        import fastexcel

        self._oddities = _oddities(content, where)
        with _named(where):
            self._book: ExcelReader = fastexcel.read_excel(content)
        self._where = where
        self.names: list[str] = self._book.sheet_names

    @functools.cache  # noqa: B019 (a workbook lives as long as its file is read)
    def sheet(self, name: str) -> Sheet:
        """A sheet. Raises SourceError: it can't be read."""
        with _named(self._where):
            loaded = self._book.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
            cells = loaded.to_polars()
            numbers = self._book.load_sheet(name, header_row=None, skip_rows=0, dtypes="float").to_polars()
        hours = [column for cell in cells.iter_columns() if (column := _hours(cell)) is not None]
        cells = cells.with_columns(_written(column).fill_null(cells[column.name]) for column in hours)
        numbers = numbers.with_columns(numbers[column.name].fill_null(column) for column in hours)
        exact = [_exact(column, numbers[column.name]) for column in cells.iter_columns()]
        known = replace(self._oddities.get(name, Oddities()), hours=len(hours))
        return Sheet(name, loaded.visible == "visible", pl.DataFrame(exact), numbers, known)


@contextmanager
def _named(where: str) -> Iterator[None]:
    import fastexcel

    try:
        yield
    except fastexcel.FastExcelError as error:
        raise SourceError(f"{where}: {str(error).splitlines()[0]}") from error


def _exact(cells: pl.Series, numbers: pl.Series) -> pl.Series:
    """Text with each digit of a number, which fastexcel cuts after nine decimals, and days without midnight."""
    cut = (
        cells.is_not_null() & numbers.is_not_null() & (cells.cast(pl.Float64, strict=False) != numbers).fill_null(True)
    )
    days = cells.str.strip_suffix(" 00:00:00") if _are_days(_moments(cells).drop_nulls()) else cells
    return pl.select(pl.when(cut).then(_written(numbers)).otherwise(days).alias(cells.name)).to_series()


def _written(numbers: pl.Series) -> pl.Series:
    """Numbers as cells write them: no decimals where they are whole, and the sign of a power."""
    return numbers.cast(pl.String).str.replace(r"\.0$", "").str.replace(r"e(\d)", "e+$1")


def _moments(cells: pl.Series) -> pl.Series:
    return cells.str.to_datetime(MOMENT, strict=False)


def _hours(cells: pl.Series) -> pl.Series | None:
    """The hours of a column of times of day or of lengths of time, which have no date."""
    moments = _moments(cells)
    known = moments.drop_nulls()
    if known.is_empty() or not (known.is_between(DAY_ZERO, LAST_OF_HOURS).all()):
        return None
    return ((moments - DAY_ZERO).dt.total_milliseconds() / 3_600_000).alias(cells.name)


def _are_days(moments: pl.Series) -> bool:
    return bool((moments.dt.truncate("1d") == moments).all())


def _oddities(content: bytes, where: str) -> dict[str, Oddities]:
    """What the file says of each sheet. Raises SourceError: reading it takes more memory than any table needs. A
    workbook is a zip archive, and a cell far down and one far right are read with all that lies between them."""
    if not content.startswith(ZIP_START):
        return {}
    found, about = dict[str, Oddities](), dict[str, bytes]()
    for path, part in parts(content, where):
        if path.startswith("xl/worksheets/") and path.endswith(".xml"):
            _check_size(part, f"{where}: {path}")
            found[path] = Oddities(len(HIDDEN_ROW.findall(part)), tuple(map(bytes.decode, ERROR_CELL.findall(part))))
        if path in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
            about[path] = part
    paths = _paths(*about.values()) if len(about) > 1 else {}
    return {name: found[path] for name, path in paths.items() if path in found}


def _paths(*about: bytes) -> dict[str, str]:
    """Where in the archive each sheet lies; nothing where the file says it in no way that is known."""
    try:
        elements = [element for part in about for element in ElementTree.fromstring(part).iter()]
    except ElementTree.ParseError:
        return {}
    targets = {element.get("Id"): element.get("Target", "") for element in elements if element.get("Target")}
    sheets = [element for element in elements if element.tag.endswith("}sheet")]
    ids = {
        sheet.get("name", ""): [value for key, value in sheet.attrib.items() if key.endswith("}id")] for sheet in sheets
    }
    return {name: "xl/" + targets.get(id[0], "").removeprefix("/xl/") for name, id in ids.items() if id}


def _check_size(part: bytes, where: str) -> None:
    far_right = FAR_RIGHT.findall(part)
    if far_right:
        columns = max(map(_column_number, far_right))
        rows = max(map(int, ROW.findall(part)), default=1)
        if rows * columns > MOST_CELLS:
            raise SourceError(f"{where} has cells as far as row {rows:,} and column {columns:,}; deliver CSV")


def _column_number(letters: bytes) -> int:
    return functools.reduce(lambda number, letter: 26 * number + letter - ord("A") + 1, letters, 0)
