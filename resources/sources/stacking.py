"""From the files of one table to that table.

Belongs here: putting files one below the other, and saying which of them does not fit. Does not belong here: which
files there are (`source`), or how one of them is read (`reading`).
"""

from collections.abc import Iterable
from pathlib import PurePosixPath
from typing import NamedTuple

import polars as pl

from catalogue.definition import Reading, Stack
from resources.sources.errors import SourceError
from resources.sources.reading import read_table


class File(NamedTuple):
    """One file of a source.

    Attributes
    ----------
    path: where it lies in its archive, below its address's host, or below the use case's folder.
    where: opens every message about it.
    """

    path: str
    where: str
    content: bytes


def stacked(files: Iterable[File], reading: Reading, *, pinned: bool) -> pl.LazyFrame:
    """The files (at least one) one below the other, in their order.

    Columns as in the first file; integers widen to floats, and a column without values fits any type. `bytes` are a
    row a file, as it is: `path` and `folder` (String) and `content` (Binary). `pinned`: as for `read_table`.

    Raises SourceError: a file can't be read or does not fit those before it.
    """
    if reading.format == "bytes":
        return _contents(list(files)).lazy()
    path_column = reading.path_column if isinstance(reading, Stack) else None
    return fitted({file.where: _table(file, reading, path_column, pinned) for file in files}).lazy()


def _contents(files: list[File]) -> pl.DataFrame:
    paths = [file.path for file in files]
    folders = [PurePosixPath(path).parent.name for path in paths]
    return pl.DataFrame({"path": paths, "folder": folders, "content": [file.content for file in files]})


def _table(file: File, reading: Reading, path_column: str | None, pinned: bool) -> pl.DataFrame:
    table = read_table(file.content, PurePosixPath(file.path).name, reading, file.where, pinned=pinned)
    if path_column is None:
        return table
    if path_column in table.columns:
        raise SourceError(f"{file.where}: has a column {path_column!r} already; choose another `path_column`")
    return table.with_columns(pl.lit(file.path).alias(path_column))


def fitted(tables: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The tables (at least one), by what opens a message about each, one below the other.

    Columns as in the first; integers widen to floats, and a column without values fits any type.

    Raises SourceError: one does not fit those before it.
    """
    first, names = next((where, table.columns) for where, table in tables.items())
    types: dict[str, tuple[str, pl.DataType]] = {}
    for where, table in tables.items():
        _check_columns(where, table.columns, first, names)
        _check_types(where, table, types)
    dtypes = {name: dtype for name, (_, dtype) in types.items()}
    fitted = [
        table.select(names).cast({name: dtypes[name] for name in _valueless(table) & dtypes.keys()})
        for table in tables.values()
    ]
    return pl.concat(fitted, how="vertical_relaxed")


def _check_columns(where: str, found: list[str], first: str, expected: list[str]) -> None:
    if set(found) != set(expected):
        raise SourceError(
            f"{where} does not fit {first}: it lacks columns {sorted(set(expected) - set(found))} and has "
            f"{sorted(set(found) - set(expected))} instead; all files of a source need the same columns"
        )


def _check_types(where: str, table: pl.DataFrame, types: dict[str, tuple[str, pl.DataType]]) -> None:
    """Compare with, and add to, the first file and type every column was seen with."""
    for name, dtype in table.drop(_valueless(table)).schema.items():
        first, expected = types.setdefault(name, (where, dtype))
        if dtype != expected and not (dtype.is_numeric() and expected.is_numeric()):
            raise SourceError(f"{where} does not fit {first}: column {name!r} is {dtype} here and {expected} there")


def _valueless(table: pl.DataFrame) -> set[str]:
    return {column.name for column in table.iter_columns() if column.null_count() == table.height}
