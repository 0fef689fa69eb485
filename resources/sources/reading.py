"""From the bytes of one file to a table.

Belongs here: which format a file has, and what is done in every format alike. Does not belong here: a single format
(`formats`), which files there are (`source`), or what the columns mean (`resources.contracts`).
"""

import difflib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import PurePosixPath

import polars as pl

from catalogue.definition import Reading
from resources.sources import dialect, notation
from resources.sources.archives import unpacked
from resources.sources.errors import SourceError
from resources.sources.formats import csv_file, excel_file, json_file, parquet_file, pickle_file
from resources.sources.formats.csv_place import Place
from resources.sources.notation import DetectedNotation, read_date

FORMATS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".txt": "csv",
    ".parquet": "parquet",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".xlsx": "excel",
    ".xls": "excel",
    ".pickle": "pickle",
    ".pkl": "pickle",
}
_READERS: dict[str, Callable[[bytes, Reading, str], pl.DataFrame]] = {
    "csv": csv_file.read,
    "parquet": parquet_file.read,
    "json": json_file.read,
    "jsonl": json_file.read_lines,
    "excel": excel_file.read,
    "pickle": pickle_file.read,
}


def read_table(content: bytes, name: str, reading: Reading, where: str, *, pinned: bool) -> pl.DataFrame:
    """The table in `content`, a file called `name`; `where` opens every message.

    CSV types are inferred from every row; text that is an ISO 8601 date throughout becomes a date. A pickle can run
    code: it is read only if its digest was `pinned`, and then only as a pandas DataFrame. `bytes` is no format of a
    table: see `stacking`.

    Raises SourceError: empty, damaged, not in the format or the encoding it claims, ragged, or with column names that
    are missing or not unique.
    """
    if not content:
        raise SourceError(f"{where}: empty (0 bytes); deliver it again")
    content, name = unpacked(content, name, where)
    file_format = _format(name, reading, where)
    if file_format == "pickle" and not pinned:
        raise SourceError(f"{where}: a pickle can run code, so only one with a pinned sha256 is read; deliver Parquet")
    with _polars_named(where):
        table = _renamed(_READERS[file_format](content, reading, where), reading, where)
        table = table.with_columns([*_declared_dates(table, file_format, Place(content, reading, where))])
    if table.is_empty():
        raise SourceError(f"{where}: empty, no row below the header; deliver it again")
    return table


def detect_reading(content: bytes, name: str, where: str) -> DetectedNotation:
    """The options a definition should name to read a file, detected from all of it, and what could be otherwise.

    Raises SourceError: as `read_table`.
    """
    if not content:
        raise SourceError(f"{where}: empty (0 bytes); deliver it again")
    content, name = unpacked(content, name, where)
    file_format = _format(name, Reading(), where)
    if file_format == "pickle":
        raise SourceError(f"{where}: a pickle can run code, so it is not read; write it as Parquet")
    layout = dialect.detect(content) if file_format == "csv" else {}
    if file_format == "excel":
        layout["repair_header"] = True
    reading = Reading.model_validate(layout)
    with _polars_named(where):
        if file_format == "csv":
            text = csv_file.fields(content, reading, where, typed=False)
            found = notation.detect(_renamed(text, reading, where))
            return DetectedNotation(layout | found.options, found.doubts)
        found = notation.detect(_READERS[file_format](content, reading, where))
    dates = {name: value for name, value in found.options.items() if name == "date_format"}
    return DetectedNotation(layout | dates, found.doubts)


@contextmanager
def _polars_named(where: str) -> Iterator[None]:
    """Says at which file polars failed."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        raise SourceError(f"{where}: {str(error).splitlines()[0]}") from error


def _format(name: str, reading: Reading, where: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    if not reading.format and suffix not in FORMATS:
        raise SourceError(f"{where}: no format goes with {suffix or 'no suffix'!r}; name one in `format`")
    return reading.format or FORMATS[suffix]


def _renamed(table: pl.DataFrame, reading: Reading, where: str) -> pl.DataFrame:
    if reading.columns is None:
        return table
    if len(reading.columns) != table.width:
        raise SourceError(f"{where}: has {table.width} columns, `columns` names {len(reading.columns)}")
    return table.rename(dict(zip(table.columns, reading.columns, strict=True)))


def _declared_dates(table: pl.DataFrame, file_format: str, place: Place) -> Iterator[pl.Series]:
    """The columns of `date_format` as dates or moments."""
    for name, written in place.reading.date_format.items():
        if name not in table.columns:
            near = difflib.get_close_matches(name, table.columns, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; it has {table.columns}"
            raise SourceError(f"{place.where}: has no column {name!r}, which `date_format` names{hint}")
        if table.schema[name].is_temporal():
            continue
        text = table[name].cast(pl.String)
        formats = [written] if isinstance(written, str) else written
        read = read_date(text, formats)
        misfits = (read.is_null() & text.is_not_null()).arg_true()
        if len(misfits):
            row = int(misfits[0])
            at = place.at(row) if file_format == "csv" else f"{place.where}: row {row + 1}"
            raise SourceError(
                f"{at}, column {name!r}: {text[row]!r} is no date written {' or '.join(formats)} ({len(misfits):,} "
                f"such values); add its format to `date_format`, or the value to `null_values`"
            )
        yield read
