"""From the files of an append folder to their one table, and to what is not in it.

Belongs here: which files are taken and which set aside, the columns that only some of them have, and what is said of
either. Does not belong here: which files there are (`landing`), or how one of them is read (`reading`).

A file that can't be read, or does not fit those that were taken before, is set aside: it stays where it lies, what is
published stays as it is, and the other files are taken. It is looked at again with every delivery. One whose rows are
in the table already is not set aside: without it they would be gone.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import polars as pl

from catalogue.definition import Reading
from resources.sources.errors import SourceError, TableTooLarge
from resources.sources.formats.csv_place import Place
from resources.sources.reading import is_csv
from resources.sources.remarks import ReadTable, together
from resources.sources.stacking import File, valueless, with_codes
from resources.sources.taken import Former, SetAside, Taken, TakenFiles

Names = list[str]


class Dropped(NamedTuple):
    """A file, the digest of its content, and when it was written (seconds since 1970)."""

    file: File
    sha256: str
    written: float


def appended(
    files: Sequence[Dropped], reading: Reading, read: Callable[[File], ReadTable], former: Former | None = None
) -> tuple[ReadTable, TakenFiles]:
    """The files (at least one) one below the other, in the order given, and what became of each.

    Columns as in the first file that was taken; integers widen to floats, and a column without values fits any type.
    A column that is new in a file is empty in the others. former: None where no file may be set aside.

    Raises SourceError: a file whose rows are in the table already can't be read any more or does not fit; none of all
    can be read; one does not fit where none was taken before; or together they are too large.
    """
    found, aside = _read(files, read, former)
    tables = with_codes({name: one.table for name, one in found.items()})
    stack = _Stack(reading, former or Former())
    for one in sorted((one for one in files if one.file.path in tables), key=stack.age):
        try:
            stack.add(one, tables[one.file.path])
        except SourceError as error:
            if former is None or not former.digests or former.holds(one.file.path, one.sha256):
                raise
            aside[one.file.path] = str(error)
    kept = [one for one in files if one.file.path not in aside]
    remarks = together({one.file.path: found[one.file.path].remarks for one in kept})
    said = [f"{reason}; the file is set aside, and the others are taken" for reason in aside.values()]
    return (
        ReadTable(stack.table([one.file.path for one in kept]), (*said, *remarks)),
        TakenFiles(
            tuple(Taken(one.file.path, one.sha256, tables[one.file.path].height) for one in kept),
            tuple(SetAside(name, reason) for name, reason in aside.items()),
            stack.added,
        ),
    )


def _read(
    files: Sequence[Dropped], read: Callable[[File], ReadTable], former: Former | None
) -> tuple[dict[str, ReadTable], dict[str, str]]:
    """The table of each file that can be read, and why each other can't, by name."""
    tables, aside = dict[str, ReadTable](), dict[str, SourceError]()
    for one in files:
        try:
            tables[one.file.path] = read(one.file)
        except SourceError as error:
            if former is None or isinstance(error, TableTooLarge):
                raise
            if former.holds(one.file.path, one.sha256):
                missing = (
                    "it was taken before, and without it rows would be missing: until it is right nothing is taken"
                )
                raise SourceError(f"{error}; {missing}") from error
            alike = "; the files before are read as `source.files` says: write this one alike" if former.digests else ""
            aside[one.file.path] = SourceError(f"{error}{alike}")
    if not tables:
        raise next(iter(aside.values()))
    return tables, {name: str(error) for name, error in aside.items()}


class _Stack:
    """The files that fit so far."""

    def __init__(self, reading: Reading, former: Former) -> None:
        self._reading, self._former = reading, former
        self._columns: dict[str, str] = {}
        """Each column, in the order of the table -> the first file that has it."""
        self._needed: set[str] = set()
        self._types: dict[str, pl.DataType] = {}
        self._tables: dict[str, pl.DataFrame] = {}

    def age(self, one: Dropped) -> tuple[bool, float, str]:
        """Orders files: those that were taken, then as they were written. The new one is the one that does not fit."""
        return not self._is_former(one), one.written, one.file.path

    def _is_former(self, one: Dropped) -> bool:
        return self._former.holds(one.file.path, one.sha256)

    def add(self, one: Dropped, table: pl.DataFrame) -> None:
        """Raises SourceError: the table does not fit those before it."""
        if self._tables:
            self._check_columns(one.file, table.columns)
        types = {name: dtype for name, dtype in table.schema.items() if name not in valueless(table)}
        self._check_types(one.file, table, types)
        for name, dtype in types.items():
            self._types.setdefault(name, dtype)
        if not self._tables or self._is_former(one):
            known = self._needed & set(table.columns) if self._tables else set(table.columns)
            self._needed = known - set(self._former.optional)
        for name in table.columns:
            self._columns.setdefault(name, one.file.path)
        self._tables[one.file.path] = table

    @property
    def added(self) -> dict[str, str]:
        """The columns that not all files have -> the first file that has it."""
        return {
            name: first
            for name, first in self._columns.items()
            if any(name not in table.columns for table in self._tables.values())
        }

    def table(self, order: Names) -> pl.DataFrame:
        """The files of these names, one below the other."""
        fitted = [
            table.cast({name: self._types[name] for name in valueless(table) & self._types.keys()})
            for table in (self._tables[name] for name in order)
        ]
        return pl.concat(fitted, how="diagonal_relaxed")[list(self._columns)]

    def _check_columns(self, file: File, found: Names) -> None:
        lacking = [name for name in self._columns if name in self._needed and name not in found]
        if not lacking:
            return
        new = [name for name in found if name not in self._columns]
        instead = f", and has {_quoted(new)} instead" if new else ""
        gone = "it is" if len(lacking) == 1 else "they are"
        raise SourceError(
            f"{file.where}: lacks {_quoted(lacking)}, which the files before have{instead}{self._advice(file)}; "
            f"deliver it as the others are, or, if {gone} gone for good, write so under `columns: drop`"
        )

    def _advice(self, file: File) -> str:
        return self._place(file).advice if is_csv(file.path, self._reading) else ""

    def _check_types(self, file: File, table: pl.DataFrame, types: dict[str, pl.DataType]) -> None:
        for name, dtype in types.items():
            expected = self._types.get(name, dtype)
            if dtype != expected and not self._go_together(dtype, expected):
                raise SourceError(self._of_another_type(file, table[name], expected))

    def _go_together(self, dtype: pl.DataType, other: pl.DataType) -> bool:
        """Numbers do; so do texts with anything where each row is judged by itself."""
        text = pl.String in (dtype, other) and self._reading.row_by_row
        return text or (dtype.is_numeric() and other.is_numeric())

    def _of_another_type(self, file: File, column: pl.Series, expected: pl.DataType) -> str:
        """Names the first value that has not the type of the files before."""
        misfits = column.is_not_null()
        if column.dtype == pl.String:
            misfits &= column.cast(expected, strict=False).is_null()
        row = int(misfits.arg_max() or 0)
        place = self._place(file).at(row) if is_csv(file.path, self._reading) else f"{file.where}: row {row + 1}"
        return (
            f"{place}, column {column.name!r}: {str(column[row])!r} does not fit: the column is {expected} in the "
            f"files before, and {column.dtype} here ({int(misfits.sum()):,} such values); "
            f"{_remedy(column.dtype, expected)}"
        )

    def _place(self, file: File) -> Place:
        return Place(file.content(), self._reading, file.where)


def _remedy(dtype: pl.DataType, expected: pl.DataType) -> str:
    zones = [one.time_zone is not None for one in (dtype, expected) if isinstance(one, pl.Datetime)]
    if zones == [False, True]:
        return "deliver them with their offset, as 2021-05-01T10:00:00+02:00: which clock they are of is not guessed"
    if zones == [True, False]:
        return "deliver them without their offset, by the clock of the files before"
    return "correct them and deliver it again"


def _quoted(names: Names) -> str:
    return f"the column{'s' if len(names) > 1 else ''} {', '.join(map(repr, names))}"
