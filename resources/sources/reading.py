"""From the bytes of one file to a table.

Belongs here: which format a file has, and what is done in every format alike. Does not belong here: a single format
(`formats`), which files there are (`source`), or what the columns mean (`resources.contracts`).
"""

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

import polars as pl

from catalogue.definition import Reading
from resources.sources import notation
from resources.sources.archives import unpacked
from resources.sources.declared_numbers import declared_numbers, finite
from resources.sources.errors import SourceError
from resources.sources.formats import csv_file, excel_file, json_file, parquet_file, pickle_file
from resources.sources.formats.csv_place import AnyPlace, Place
from resources.sources.formats.excel_file import SheetPlace
from resources.sources.header import check_patterns
from resources.sources.notation import DetectedNotation, read_date
from resources.sources.notation.date_misfits import remedy
from resources.sources.remarks import ReadTable
from resources.sources.unread_values import costs_rows_only, unread_as_text

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
MOST_LEVELS = 16
"""Of lists and objects in a value: whatever goes through a type goes through its levels one in the other."""
MOST_CHARACTERS = 1000
"""Of a column's name: all that is said of a column quotes it."""
_OF_ANY = {"numbers", "decimal_comma", "thousands", "date_format", "null_values", "columns", "format", "path_column"}
_OF_TEXT = _OF_ANY | {
    *("header", "header_lines", "repair_header", "skip_before_header", "skip_after_header", "footer"),
    "index",
}
OPTIONS = {
    "csv": {*_OF_TEXT, "encoding", "separator", "quote"},
    "excel": {*_OF_TEXT, "sheet"},
    "json": {*_OF_ANY, "encoding"},
    "jsonl": {*_OF_ANY, "encoding"},
    "parquet": _OF_ANY,
    "pickle": _OF_ANY,
}
"""What can be said of a file of each format."""
NAMES = {
    "csv": "CSV",
    "excel": "Excel",
    "json": "JSON",
    "jsonl": "JSON lines",
    "parquet": "Parquet",
    "pickle": "a pickle",
}
_LAYOUTS = {"csv": csv_file.layout, "excel": excel_file.layout}
_FIELDS = {"csv": csv_file.text_fields, "excel": excel_file.fields}
_READERS: dict[str, Callable[[bytes, Reading, str], ReadTable]] = {
    "csv": csv_file.read,
    "parquet": parquet_file.read,
    "json": json_file.read,
    "jsonl": json_file.read_lines,
    "excel": excel_file.read,
    "pickle": pickle_file.read,
}


def read_table(content: bytes, name: str, reading: Reading, where: str, *, pinned: bool) -> ReadTable:
    """The table in `content`, a file called `name`, and what of it was not read or was changed; `where` opens every
    message.

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
    _check_options(reading, file_format, where)
    with _polars_named(where):
        table, remarks = _READERS[file_format](content, reading, where)
        table, place = _renamed(table, reading, where), _place(file_format, content, reading, where)
        table, changed = declared_numbers(table, reading, partial(_at, file_format, place), where)
        table, infinite = finite(table.with_columns([*_declared_dates(table, file_format, place)]))
    if table.is_empty():
        raise SourceError(f"{where}: empty, no row below the header; deliver it again")
    _check_names(table, where)
    _check_levels(table, where)
    return ReadTable(table, (*remarks, *changed, *infinite))


def detect_reading(
    content: bytes, name: str, where: str, given: Mapping[str, Any] = MappingProxyType({})
) -> DetectedNotation:
    """The options a definition should name to read a file, beside those `given` by a person, detected from all of it,
    and what could be otherwise.

    Raises SourceError: as `read_table`.
    """
    if not content:
        raise SourceError(f"{where}: empty (0 bytes); deliver it again")
    content, name = unpacked(content, name, where)
    file_format = _format(name, Reading.model_validate(given), where)
    if file_format == "pickle":
        raise SourceError(f"{where}: a pickle can run code, so it is not read; write it as Parquet")
    _check_options(Reading.model_validate(given), file_format, where)
    with _polars_named(where):
        if file_format in _LAYOUTS:
            layout, doubts = _LAYOUTS[file_format](content, where, dict(given))
            reading = Reading.model_validate(layout)
            table = _renamed(_FIELDS[file_format](content, reading, where), reading, where)
        else:
            layout, doubts = dict(given), []
            reading = Reading.model_validate(layout)
            table = _READERS[file_format](content, reading, where).table
        _check_names(table, where)
        separator = reading.separator if file_format == "csv" else ""
        found = notation.detect(table, separator=separator, is_csv=file_format in _FIELDS)
    options = {name: value for name, value in found.options.items() if name in OPTIONS[file_format]}
    return DetectedNotation(options | layout, doubts + found.doubts)


@contextmanager
def _polars_named(where: str) -> Iterator[None]:
    """Says at which file polars failed."""
    try:
        yield
    except pl.exceptions.PolarsError as error:
        raise SourceError(f"{where}: {str(error).splitlines()[0]}") from error


def places(content: bytes, name: str, reading: Reading, rows: Collection[int]) -> list[str]:
    """Where rows of the table in a file that was read, counted from 0, stand for who opens it: `line 3`."""
    content, name = unpacked(content, name, name)
    file_format = _format(name, reading, name)
    if file_format == "csv":
        return [f"line {line}" for line in Place(content, reading, name).lines(rows)]
    place = _place(file_format, content, reading, name)
    return [_at(file_format, place, row).removeprefix(f"{name}: ") for row in sorted(rows)]


def is_csv(name: str, reading: Reading) -> bool:
    """Whether a file of this name is plain CSV, in which a row stands in a line."""
    suffix = PurePosixPath(name).suffix.lower()
    return suffix not in (".gz", ".zip") and (reading.format or FORMATS.get(suffix)) == "csv"


def _format(name: str, reading: Reading, where: str) -> str:
    suffix = PurePosixPath(name).suffix.lower()
    if not reading.format and suffix not in FORMATS:
        raise SourceError(f"{where}: no format goes with {suffix or 'no suffix'!r}; name one in `format`")
    return reading.format or FORMATS[suffix]


def _check_options(reading: Reading, file_format: str, where: str) -> None:
    """Raise SourceError for an option that says nothing of a file of this format."""
    defaults = Reading()
    options = (name for name in Reading.model_fields if getattr(reading, name) != getattr(defaults, name))
    idle = [f"`{name}`" for name in options if name not in OPTIONS[file_format]]
    if idle:
        raise SourceError(f"{where}: {', '.join(idle)} can't be said of {NAMES[file_format]}; take it out")


def _renamed(table: pl.DataFrame, reading: Reading, where: str) -> pl.DataFrame:
    if reading.columns is None:
        return table
    if len(reading.columns) != table.width:
        raise SourceError(f"{where}: has {table.width} columns, `columns` names {len(reading.columns)}")
    return table.rename(dict(zip(table.columns, reading.columns, strict=True)))


def _check_names(table: pl.DataFrame, where: str) -> None:
    check_patterns(table.columns, where)
    for number, name in enumerate(table.columns, start=1):
        if len(name) > MOST_CHARACTERS:
            raise SourceError(
                f"{where}: the name of column {number}, {name[:20]!r}…, has {len(name):,} characters; shorten it to "
                f"{MOST_CHARACTERS:,} or fewer"
            )


def _check_levels(table: pl.DataFrame, where: str) -> None:
    for name, dtype in table.schema.items():
        if _levels(dtype) > MOST_LEVELS:
            raise SourceError(f"{where}: column {name!r} is nested deeper than {MOST_LEVELS} levels; deliver columns")


def _levels(dtype: object) -> int:
    if isinstance(dtype, pl.Struct):
        return 1 + max((_levels(field.dtype) for field in dtype.fields), default=0)
    return 1 + _levels(dtype.inner) if isinstance(dtype, pl.List | pl.Array) else 0


def _place(file_format: str, content: bytes, reading: Reading, where: str) -> AnyPlace:
    return (SheetPlace if file_format == "excel" else Place)(content, reading, where)


def _at(file_format: str, place: AnyPlace, row: int) -> str:
    """Opens a message about a row of the table, numbered from 0."""
    return place.at(row) if file_format in _FIELDS else f"{place.where}: row {row + 1}"


def _declared_dates(table: pl.DataFrame, file_format: str, place: AnyPlace) -> Iterator[pl.Series]:
    """The columns of `date_format` as dates or moments."""
    for name, written in place.reading.date_format.items():
        if name not in table.columns:
            near = difflib.get_close_matches(name, table.columns, n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; it has {table.columns}"
            raise SourceError(f"{place.where}: has no column {name!r}, which `date_format` names{hint}")
        if table.schema[name].is_temporal():
            continue
        text = table[name].cast(pl.String)
        text = text.set(text.is_in(place.reading.null_values).fill_null(value=False), None)
        formats = [written] if isinstance(written, str) else written
        read = read_date(text, formats)
        misfits = read.is_null() & text.is_not_null()
        if not misfits.any():
            yield read
        elif place.reading.row_by_row and costs_rows_only(misfits, text):
            yield unread_as_text(read, text, misfits)
        else:
            row, unread = int(misfits.arg_true()[0]), text.filter(misfits)
            raise SourceError(
                f"{_at(file_format, place, row)}, column {name!r}: {text[row]!r} is no date written "
                f"{' or '.join(formats)} ({len(unread):,} such values); {remedy(text, unread, formats)}"
            )
