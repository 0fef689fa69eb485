"""Files and answers that nobody vouches for, handled in a process of its own.

Belongs here: the limits of time that such a process has, what it hands back, and what is said when it dies. Does not
belong here: the process itself (`resources.limited_process`), its limit of memory (`memory`), how a file is read
(`reading`), or files whose digest was compared, which are read where they are needed.
"""

import io
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import polars as pl

from catalogue.definition import Reading
from resources.limited_process import (
    Died,
    LimitedProcess,
    LimitedProcessError,
    MemoryExceeded,
    Result,
    TimeExceeded,
)
from resources.sources import memory
from resources.sources.errors import SourceError, SourceUnreachable
from resources.sources.landing import LandingError
from resources.sources.notation import DetectedNotation
from resources.sources.reading import detect_reading, places, read_table
from resources.sources.remarks import ReadTable
from resources.store.atomic import StorageError

READ_SECONDS = 600
"""For one file. CSV is read at tens of megabytes a second."""
FETCH_SECONDS = 3600
FETCH_SILENCE = 300
"""For one package or address, and between two signs of life."""
SLICE_BYTES = 2**24
"""Of a table at a time, on its way here."""

REMEDIES: dict[type[LimitedProcessError], str] = {
    MemoryExceeded: f"split it, or {memory.MORE_MEMORY}",
    TimeExceeded: "split it",
    Died: "it is damaged or meant to do harm; deliver it again",
}


class Reader:
    """Reads files in one process, one after the other, as `reading` does here. A context manager."""

    def __init__(self) -> None:
        self._room = self._most = memory.table_limit()
        self._process = self._another()

    @staticmethod
    def _another() -> LimitedProcess:
        return LimitedProcess(memory.memory_limit(), (SourceError, LandingError))

    def __enter__(self) -> "Reader":
        self._process.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.__exit__()

    def table(self, content: Callable[[], bytes], name: str, reading: Reading, where: str) -> ReadTable:
        """As `reading.read_table`, of what `content` gives over there.

        Raises SourceError: as that, or reading takes too much memory or time, or ends the process.
        """
        parts = []
        results = self._results(_table, content, name, reading, where, where=where)
        remarks, _ = next(results)
        for taken, part in results:
            self._room -= max(taken, len(part))
            if self._room < 0:
                raise memory.too_large(where, self._most)
            parts.append(pl.read_ipc_stream(bytes(part)))
        return ReadTable(pl.concat(parts), tuple(remarks))

    def detected(
        self, content: Callable[[], bytes], name: str, where: str, given: Mapping[str, Any] = MappingProxyType({})
    ) -> DetectedNotation:
        """As `reading.detect_reading`, of what `content` gives over there. Raises SourceError: as `table`."""
        ((found, _),) = self._results(_detected, content, name, where, dict(given), where=where)
        return DetectedNotation(**found)

    def places(self, content: Callable[[], bytes], name: str, reading: Reading, rows: Collection[int]) -> list[str]:
        """As `reading.places`, of what `content` gives over there. Raises SourceError: as `table`."""
        ((found, _),) = self._results(_places, content, name, reading, rows, where=name)
        return found

    def _results(self, function: Callable[..., Iterable[Result]], *arguments: object, where: str) -> Iterator[Result]:
        try:
            yield from self._process.results(function, *arguments, seconds=READ_SECONDS)
        except LimitedProcessError as error:
            self._process.__exit__()  # it is no more, and other files may be read
            self._process = self._another().__enter__()
            raise SourceError(f"{where}: reading it {error}; {REMEDIES[type(error)]}") from error


def read_file(path: Path, reading: Reading) -> ReadTable:
    """The table in one file that somebody named, and what of it was not read or was changed.

    Raises SourceError: as `Reader.table`.
    """
    with Reader() as reader:
        return reader.table(partial(content_of, path), path.name, reading, str(path))


def places_in(path: Path, reading: Reading, rows: Collection[int]) -> list[str]:
    """Where rows of a file that was read, counted from 0, stand in it. Raises SourceError: as `Reader.table`."""
    with Reader() as reader:
        return reader.places(partial(content_of, path), path.name, reading, rows)


def content_of(path: Path) -> bytes:
    """All that is in a file that somebody named. Raises SourceError: it can't be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}: can't be read: {error.strerror}") from error


def fetch(
    function: Callable[..., Iterable[Result]], *arguments: object, what: str, progress: Callable[[str], None]
) -> None:
    """Let `function`, which takes a `progress` too, fetch something into the cache.

    Raises what it raises. Raises SourceUnreachable: it takes too long. Raises SourceError: what was served takes too
    much memory, or ends the process.
    """
    with LimitedProcess(memory.memory_limit(), (SourceError, SourceUnreachable, StorageError)) as process:
        try:
            list(process.results(function, *arguments, seconds=FETCH_SECONDS, silence=FETCH_SILENCE, progress=progress))
        except TimeExceeded as error:
            raise SourceUnreachable(f"{what}: fetching it {error}") from error
        except LimitedProcessError as error:
            raise SourceError(f"{what}: fetching it {error}; what is served is damaged or meant to do harm") from error


# --- in the child -----------------------------------------------------------------------------------------------------


def _table(content: Callable[[], bytes], name: str, reading: Reading, where: str) -> Iterator[Result]:
    """The remarks, then the table in pieces: what each takes, and itself in Arrow's IPC format, in whose oldest form no
    two texts share bytes."""
    table, remarks = read_table(content(), name, reading, where, pinned=False)
    yield remarks, b""
    rows = max(1, table.height * SLICE_BYTES // max(1, int(table.estimated_size())))
    for part in table.iter_slices(rows):
        piece = io.BytesIO()
        try:
            part.write_ipc_stream(piece, compat_level=pl.CompatLevel.oldest())
        except OSError as error:  # so polars says that `piece` could not grow
            raise MemoryError from error
        yield sum(map(memory.column_bytes, part.iter_columns())), piece.getbuffer()


def _places(content: Callable[[], bytes], name: str, reading: Reading, rows: Collection[int]) -> Iterator[Result]:
    yield places(content(), name, reading, rows), b""


def _detected(content: Callable[[], bytes], name: str, where: str, given: Mapping[str, Any]) -> Iterator[Result]:
    found = detect_reading(content(), name, where, given)
    yield {"options": found.options, "doubts": found.doubts}, b""
