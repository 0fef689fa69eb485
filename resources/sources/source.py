"""The routes from a definition to its tables.

Belongs here: which files a definition means, and that the pinned ones are what is read. Does not belong here: the
network (`fetch`), the formats (`reading`), or running a simulation (`assets.raw_data`).
"""

import difflib
import hashlib
import io
import json
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import polars as pl

from catalogue import extras
from catalogue.definition import SOURCES, Files, Http, Member, Package, Source, UseCase
from resources.sources import archives, database, fetch, landing
from resources.sources.cache import Cache, check_pin, fits
from resources.sources.errors import SourceError
from resources.sources.fetch import Progress
from resources.sources.landing import Landed
from resources.sources.stacking import File, stacked

STACKED = "files"
"""The name of the one table that dropped files become."""
ROWS = "rows"
"""The name of the one table that a database's rows are."""


def fingerprint(use_case: UseCase) -> str:
    """A digest (hex) that changes when the source would deliver something else; nothing is kept.

    Pinned files: where they lie, their digests, how they are read. Dropped files: contents, how they are read. A
    database: which one, the table or query, and `database.fingerprint`.
    A simulation: its settings. Versions of what an extra installs that the simulation or the use case's code needs.

    Raises SourceError: no dropped file matches, or one can't be read; a database refuses the query.
    Raises LandingError, DatabaseAway: not now.
    """
    source = use_case.source
    digest = hashlib.sha256(source.model_dump_json(include=set(SOURCES)).encode())
    if source.files:
        for content in _contents(source.files, use_case.folder):
            digest.update(f"\n{content}".encode())
    if source.sql:
        digest.update(f"{database.place(source.sql)}\n{database.fingerprint(source.sql)}".encode())
    for extra in (use_case.extra, source.simulation and source.simulation.extra):
        digest.update(json.dumps(extras.versions(extra)).encode() if extra else b"")
    return digest.hexdigest()


def pins(source: Source) -> set[str]:
    """The digests of all files that a source pins: those that the cache keeps for it."""
    addresses = source.http.members.values() if source.http else ()
    packed = source.package.pins if source.package else set()
    return packed | {pin for address in addresses for pin in _pins(address)}


def settle(use_case: UseCase) -> None:
    """Wait, a second at most, until what was dropped just now counts as whole.

    Raises SourceError, LandingError: as `read`.
    """
    if files := use_case.source.files:
        time.sleep(max(file.seconds_to_wait for file in landing.landed(files, use_case.folder)))


def read(
    use_case: UseCase, cache: Cache, progress: Progress, held: pl.DataFrame | None = None
) -> dict[str, pl.LazyFrame]:
    """The tables of a source by name; dropped files are one table, `files`, and so are a database's `rows`. Files that
    match one glob are stacked in the order of their names.

    progress: called with what is being fetched, at most once a second.
    held: the rows of an incremental source that were fetched before; only what is new is fetched then.

    Raises SourceUnreachable: a pinned file is neither cached nor mirrored, and the network does not deliver it.
    Raises LandingError, DatabaseAway: dropped files are not whole yet; their store, or the database, does not answer.
    Raises SourceError: a file is missing, is not the pinned one, cannot be read, or does not fit the others; a database
    refuses the query.
    """
    source = use_case.source
    if source.files:
        return {STACKED: stacked(_dropped(source.files, use_case.folder), source.files, pinned=False)}
    if source.sql:
        return {ROWS: database.read(source.sql, use_case.columns.identifier, held, progress).lazy()}
    if source.http:
        return _addresses(source.http, cache, progress)
    assert source.package, "a simulation has nothing to read"
    return read_package(source.package, cache, progress)


# --- files ------------------------------------------------------------------------------------------------------------


def _dropped(files: Files, folder: Path) -> Iterator[File]:
    """In the order of what is in them, so that a file with another name changes nothing; of their names where a row
    knows its file's."""
    found = landing.deliveries(files, folder)
    for file in found if _named(files) else sorted(found, key=Landed.sha256):
        yield File(file.name, file.where, file.content())


def _contents(files: Files, folder: Path) -> list[str]:
    """What identifies a state of a landing folder: contents, and names only where a row knows its file's."""
    named = _named(files)
    return sorted(f"{file.sha256()} {file.name if named else ''}" for file in landing.deliveries(files, folder))


def _named(files: Files) -> bool:
    return files.path_column is not None or files.format == "bytes"


# --- pinned files -----------------------------------------------------------------------------------------------------


def read_package(package: Package, cache: Cache, progress: Progress) -> dict[str, pl.LazyFrame]:
    """The tables of a package's members by name.

    Raises as `read`.
    """
    what = f"{package.name}=={package.version}"
    if package.sha256:
        contents = _of_pinned_archive(package, package.sha256, cache, progress)
    else:
        contents = _of_pinned_members(package, cache, progress)
    return {
        name: stacked(
            [File(path, f"{what}: {path}", content) for path, content in sorted(contents[name].items())],
            member,
            pinned=True,
        )
        for name, member in package.members.items()
    }


def _of_pinned_archive(package: Package, sha256: str, cache: Cache, progress: Progress) -> dict[str, dict[str, bytes]]:
    """The contents of every member's files, by their paths."""
    what = f"{package.name}=={package.version}"
    archive = cache.get(sha256) or _archive(package, sha256, cache, progress)
    wanted = {member.path for member in package.members.values()}
    found, listed = archives.extract(io.BytesIO(archive), what, wanted)
    contents = {name: _of_member(found, member) for name, member in package.members.items()}
    for name, member in package.members.items():
        if not contents[name]:
            raise SourceError(_no_member(what, member.path, listed))
        if member.sha256:
            check_pin(contents[name][member.path], member.sha256, f"{what}: {member.path}")
    return contents


def _of_member(contents: dict[str, bytes], member: Member) -> dict[str, bytes]:
    return {path: content for path, content in contents.items() if archives.matches(path, member.path)}


def _archive(package: Package, sha256: str, cache: Cache, progress: Progress) -> bytes:
    with fetch.session() as client, cache.scratch() as file:
        release = fetch.release(package.name, package.version, sha256, client)
        fetch.download(release.url, file, client, progress)
        return cache.put(file.read(), sha256, release.filename)


def _of_pinned_members(package: Package, cache: Cache, progress: Progress) -> dict[str, dict[str, bytes]]:
    """The content of every member's one file, by its path."""
    pins = {name: member.sha256 for name, member in package.members.items() if member.sha256}
    contents = {name: content for name, sha256 in pins.items() if (content := cache.get(sha256)) is not None}
    missing = {name: sha256 for name, sha256 in pins.items() if name not in contents}
    if missing:
        contents |= _from_index(package, missing, cache, progress)
    return {name: {package.members[name].path: content} for name, content in contents.items()}


def _from_index(package: Package, pins: dict[str, str], cache: Cache, progress: Progress) -> dict[str, bytes]:
    """Members by name, given their sha256 by name: from the wheel, and from the sdist what the wheel lacks."""
    paths = {name: package.members[name].path for name in pins}
    contents: dict[str, bytes] = {}
    listed: list[str] = []
    with fetch.session() as client:
        for release in fetch.releases(package.name, package.version, client):
            with cache.scratch() as file:
                fetch.download(release.url, file, client, progress)
                fetch.check_digest(file, release)
                found, names = archives.extract(file, release.filename, set(paths.values()))
            for name in [name for name, path in paths.items() if path in found]:
                path = paths.pop(name)
                contents[name] = cache.put(found[path], pins[name], f"{release.filename}: {path}")
            listed += names
            if not paths:
                return contents
    raise SourceError(_no_member(f"{package.name}=={package.version}", min(paths.values()), listed))


def _no_member(what: str, path: str, listed: list[str]) -> str:
    close = difflib.get_close_matches(path, listed, n=3, cutoff=0.5)
    return f"{what}: holds no {path!r}" + (f"; did you mean {' or '.join(map(repr, close))}?" if close else "")


def _addresses(http: Http, cache: Cache, progress: Progress) -> dict[str, pl.LazyFrame]:
    return {
        name: stacked(_files(address, cache, progress), address, pinned=True) for name, address in http.members.items()
    }


def _files(address: Http.Address, cache: Cache, progress: Progress) -> list[File]:
    """The file at an address, or the files in it that the address's path names."""
    kept = (content for pin in _pins(address) if (content := cache.get(pin)) is not None)
    content = next(kept, None) or _from_address(address, cache, progress)
    if address.path is None:
        return [File(urlsplit(address.url).path.lstrip("/"), address.url, content)]
    found, listed = archives.extract(io.BytesIO(content), address.url, {address.path})
    if not found:
        raise SourceError(_no_member(address.url, address.path, listed))
    return [File(path, f"{address.url}: {path}", inner) for path, inner in sorted(found.items())]


def _from_address(address: Http.Address, cache: Cache, progress: Progress) -> bytes:
    with fetch.session() as client, cache.scratch() as file:
        fetch.download(address.url, file, client, progress)
        content = file.read()
    pin = next((pin for pin in _pins(address) if fits(content, pin)), address.sha256)
    return cache.put(content, pin, address.url)


def _pins(address: Http.Address) -> list[str]:
    return [pin for pin in (address.sha256, address.md5) if pin]
