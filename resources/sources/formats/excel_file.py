"""Excel.

Belongs here: the table of one sheet, unless reading it takes more memory than any needs. fastexcel is imported where it
is used: loading the definitions reads no file.
"""

import functools
import re
from collections.abc import Sequence

import polars as pl

from catalogue.definition import Reading
from resources.sources.archives import ZIP_START, parts
from resources.sources.errors import SourceError
from resources.sources.formats.header import check_names, repaired

MOST_CELLS = 2**27
FAR_RIGHT = re.compile(rb"""\br=["']([E-Z][A-Z]|[A-Z]{3})\d+["']""")
"""The column of a cell from the 131st on: with fewer columns, no number of rows is too large."""
ROW = re.compile(rb"""\brow\b[^>]*?\br=["'](\d{1,7})["']""")


def read(content: bytes, reading: Reading, where: str) -> pl.DataFrame:
    """The table of a sheet. Raises SourceError: as `sources.reading.read_table`."""
    import fastexcel

    _check_workbook(content, where)
    try:
        book = fastexcel.read_excel(content)
    except fastexcel.FastExcelError as error:
        raise SourceError(f"{where}: {str(error).splitlines()[0]}") from error
    sheet = reading.sheet or book.sheet_names[0]
    if sheet not in book.sheet_names:
        raise SourceError(f"{where}: has no sheet {sheet!r}, it has {book.sheet_names}")
    names: Sequence[str | None] = ()
    if reading.header and reading.columns is None:
        header = book.load_sheet(sheet, header_row=None, n_rows=1, dtypes="string").to_polars()
        names = next(header.iter_rows(), ())
    if not reading.repair_header:
        check_names(names, where)
    table = pl.read_excel(
        content, sheet_name=sheet, has_header=reading.header, infer_schema_length=None, raise_if_empty=False
    )
    if reading.repair_header and names:
        table.columns = repaired(names)
    return table


def _check_workbook(content: bytes, where: str) -> None:
    """Raise SourceError where reading takes more memory than any table needs: a workbook is a zip archive, and a cell
    far down and one far right are read with all that lies between them."""
    if not content.startswith(ZIP_START):
        return
    for path, part in parts(content, where):
        far_right = FAR_RIGHT.findall(part) if path.startswith("xl/worksheets/") else []
        if far_right:
            columns = max(map(_column_number, far_right))
            rows = max(map(int, ROW.findall(part)), default=1)
            if rows * columns > MOST_CELLS:
                raise SourceError(
                    f"{where}: {path} has cells as far as row {rows:,} and column {columns:,}; deliver CSV"
                )


def _column_number(letters: bytes) -> int:
    return functools.reduce(lambda number, letter: 26 * number + letter - ord("A") + 1, letters, 0)
