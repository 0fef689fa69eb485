"""Parquet.

Belongs here: the table, unless it is larger than any may be.
"""

import polars as pl

from catalogue.definition import Reading
from resources.sources.errors import SourceError
from resources.sources.formats.numbers_in_full import with_usual_numbers
from resources.sources.remarks import ReadTable

MOST_CELLS = 2**31
"""In a Parquet file: a few bytes of it can stand for any number of equal rows."""


def read(content: bytes, reading: Reading, where: str) -> ReadTable:
    """The table of a Parquet file. Raises SourceError: as `sources.reading.read_table`."""
    table = pl.scan_parquet(content)
    rows, columns = table.select(pl.len()).collect().item(), len(table.collect_schema())
    if rows * columns > MOST_CELLS:
        raise SourceError(
            f"{where}: {rows:,} rows of {columns:,} columns are more than a table may have; split the file"
        )
    return with_usual_numbers(table.collect())
