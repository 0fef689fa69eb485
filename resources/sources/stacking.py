"""From the files of one table to that table.

Belongs here: putting files one below the other, and saying which of them does not fit. Does not belong here: which
files there are (`source`), or how one of them is read (`reading`).
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from typing import NamedTuple

import polars as pl
from polars import selectors as cs

from catalogue.definition import Reading, Stack
from resources.sources import untrusted
from resources.sources.errors import SourceError
from resources.sources.reading import read_table
from resources.sources.remarks import ReadTable, together


class File(NamedTuple):
    """One file of a source.

    Attributes
    ----------
    path: where it lies in its archive, below its address's host, or below the use case's folder.
    where: opens every message about it.
    content: gives what is in it, here or in another process.
    """

    path: str
    where: str
    content: Callable[[], bytes]


Read = Callable[[Callable[[], bytes], str, Reading, str], ReadTable]
"""Content, name, how it is to be read, and what opens a message about it -> the table."""


def stacked(files: Iterable[File], reading: Reading, *, pinned: bool) -> ReadTable:
    """The files (at least one) one below the other, in their order, and what of them was not read or was changed.

    Columns as in the first file; integers widen to floats, and a column without values fits any type. `bytes` are a
    row a file, as it is: `path` and `folder` (String) and `content` (Binary). `pinned`: their digests were compared;
    any others are read in a process of its own, and only these may be pickles.

    Raises SourceError: a file can't be read or does not fit those before it, or together they are too large.
    """
    if reading.format == "bytes":
        return ReadTable(_contents(list(files)))
    if pinned:
        return _stacked(files, reading, _read_here)
    with untrusted.Reader() as reader:
        return _stacked(files, reading, reader.table)


def _stacked(files: Iterable[File], reading: Reading, read: Read) -> ReadTable:
    tables, remarks = dict[str, pl.DataFrame](), dict[str, tuple[str, ...]]()
    for file in files:
        tables[file.where], remarks[file.path] = table_of(file, reading, read)
    return ReadTable(fitted(tables), together(remarks))


def _read_here(content: Callable[[], bytes], name: str, reading: Reading, where: str) -> ReadTable:
    return read_table(content(), name, reading, where, pinned=True)


def _contents(files: list[File]) -> pl.DataFrame:
    paths = [file.path for file in files]
    folders = [PurePosixPath(path).parent.name for path in paths]
    return pl.DataFrame({"path": paths, "folder": folders, "content": [file.content() for file in files]})


def table_of(file: File, reading: Reading, read: Read) -> ReadTable:
    """The table of one file, with the column of its path where one is declared. Raises SourceError: as `stacked`."""
    path_column = reading.path_column if isinstance(reading, Stack) else None
    table, remarks = read(file.content, PurePosixPath(file.path).name, reading, file.where)
    if path_column is None:
        return ReadTable(table, remarks)
    if path_column in table.columns:
        raise SourceError(f"{file.where}: has a column {path_column!r} already; choose another `path_column`")
    return ReadTable(table.with_columns(pl.lit(file.path).alias(path_column)), remarks)


def fitted(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The tables (at least one), by what opens a message about each, one below the other.

    Columns as in the first; integers widen to floats, and a column without values fits any type. Whole numbers are text
    where another table has digits that must stay text, such as `01234`.

    Raises SourceError: one does not fit those before it.
    """
    tables = with_codes(tables)
    first, names = next((where, table.columns) for where, table in tables.items())
    types: dict[str, tuple[str, pl.DataType]] = {}
    for where, table in tables.items():
        _check_columns(where, table.columns, first, names)
        _check_types(where, table, types)
    dtypes = {name: dtype for name, (_, dtype) in types.items()}
    fitted = [
        table[names].cast({name: dtypes[name] for name in valueless(table) & dtypes.keys()})
        for table in tables.values()
    ]
    return pl.concat(fitted, how="vertical_relaxed")


def with_codes(tables: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """Whole numbers as text in the columns that are text of nothing but digits in other tables."""
    texts = {name for table in tables.values() for name in {*table.select(cs.string()).columns} - valueless(table)}
    whole = {name for table in tables.values() for name in table.select(cs.integer()).columns}
    codes = {name for name in texts & whole if all(map(_is_digits, _columns(tables, name)))}
    as_text = cs.by_name(*codes, require_all=False).cast(pl.String)
    return {where: table.with_columns(as_text) for where, table in tables.items()} if codes else tables


def _columns(tables: dict[str, pl.DataFrame], name: str) -> Iterator[pl.Series]:
    return (table[name] for table in tables.values() if name in table.columns)


def _is_digits(column: pl.Series) -> bool:
    return column.dtype.is_integer() or column.cast(pl.String).str.contains(r"^\d+$").all()


def _check_columns(where: str, found: list[str], first: str, expected: list[str]) -> None:
    if set(found) != set(expected):
        raise SourceError(
            f"{where} does not fit {first}: it lacks columns {sorted(set(expected) - set(found))} and has "
            f"{sorted(set(found) - set(expected))} instead; all files of a source need the same columns"
        )


def _check_types(where: str, table: pl.DataFrame, types: dict[str, tuple[str, pl.DataType]]) -> None:
    """Compare with, and add to, the first file and type every column was seen with."""
    for name, dtype in table.drop(cs.by_name(*valueless(table))).schema.items():
        first, expected = types.setdefault(name, (where, dtype))
        if dtype != expected and not (dtype.is_numeric() and expected.is_numeric()):
            raise SourceError(f"{where} does not fit {first}: column {name!r} is {dtype} here and {expected} there")


def valueless(table: pl.DataFrame) -> set[str]:
    """The columns without any value."""
    return {column.name for column in table.iter_columns() if column.null_count() == table.height}
