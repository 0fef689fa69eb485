"""How much memory what nobody vouches for may take.

Belongs here: the bounds on reading and on a table, what a table takes, and the errors of files that go beyond. Does not
belong here: the process that is held to them (`untrusted`).
"""

import os

import polars as pl

from resources.limited_process import machine_memory
from resources.sources.errors import SourceError, TableTooLarge

MEMORY_VARIABLE = "SECTORFORGE_READING_MEMORY"
LEAST_GIB = 0.5
"""The libraries that read take a quarter of it."""
MEMORY_SHARE = 2
"""By default reading may take this part of the machine's memory."""
TABLE_SHARE = 4
"""What is read may take this part of that: what follows, the contract in pandas above all, takes several times as much
as the table."""

VALUE_BYTES = 8
"""What pandas takes at least for a value, also for a missing one and a truth value, which are bits here."""
NESTED_BYTES = 128
"""The same for a list or an object."""

MORE_MEMORY = f"let reading take more: {MEMORY_VARIABLE} names the GiB"


def memory_limit() -> int:
    """The bytes that reading may take: half of what there is, or as the environment says in GiB, up to all there is.

    Raises SourceError: the environment says no number.
    """
    written = os.environ.get(MEMORY_VARIABLE)
    if not written:
        return machine_memory() // MEMORY_SHARE
    try:
        limit = float(written)
    except ValueError:
        limit = 0.0
    if not LEAST_GIB <= limit < float("inf"):
        raise SourceError(f"{MEMORY_VARIABLE} is {written!r}: write a number of GiB, {LEAST_GIB} or more")
    return int(min(limit * 2**30, machine_memory()))


def table_limit() -> int:
    """The bytes that all files of a table may take once they are read. Raises SourceError: as `memory_limit`."""
    return memory_limit() // TABLE_SHARE


def column_bytes(column: pl.Series) -> int:
    """The bytes that a column takes where every value stands for itself, as in what follows; here many rows may share
    the text of a category, and one that is missing may take nothing."""
    if isinstance(column.dtype, pl.Struct):
        fields = column.struct.unnest().iter_columns()
        return NESTED_BYTES * len(column) + sum(map(column_bytes, fields))
    if isinstance(column.dtype, pl.List | pl.Array):
        return NESTED_BYTES * len(column) + column_bytes(column.explode())
    is_category = isinstance(column.dtype, pl.Categorical | pl.Enum)
    values = column.cat.len_bytes().sum() if is_category else column.estimated_size()
    return max(VALUE_BYTES * len(column), int(values))


def check_size(size: int, where: str) -> None:
    """Raise SourceError for a file of more bytes than reading may take: none of it needs to be looked at."""
    most = memory_limit()
    if size > most:
        raise SourceError(
            f"{where}: is larger than the {most / 2**30:.3g} GiB of memory that reading may take; split it, or "
            f"{MORE_MEMORY}"
        )


def too_large(where: str, most: int) -> TableTooLarge:
    """The error of the file with which a table takes more than `most` bytes."""
    return TableTooLarge(
        f"{where}: with it, the table takes more than the {most / 2**30:.3g} GiB that it may; {MORE_MEMORY}"
    )
