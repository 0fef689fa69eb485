"""Dropped files: which of them are deliveries.

Belongs here: listing a landing folder, on this machine or in any store that fsspec knows, separating deliveries from
other files, and identifying them by their content. Does not belong here: when they are whole (`completeness`), making a
table of them (`stacking`), or when a new one is acted on (`pipelines.sensors.new_deliveries`).
"""

import hashlib
import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, cast

from fsspec.core import url_to_fs

from catalogue import extras
from catalogue.definition import Files
from resources.errors import PermanentError, UnreachableError
from resources.sources.completeness import Completeness, modified
from resources.sources.errors import SourceError
from resources.sources.listed_file import open_listed
from resources.sources.memory import check_size

TEMPORARY = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".download", ".swp", "~")
"""How programs end the names of files they are not done with."""
EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs", "abfs": "azure", "abfss": "azure", "az": "azure"}
"""The extra that installs a store's package, by the protocol that addresses of the store begin with."""
WILD = "*?["
CHUNK_BYTES = 2**24

_digests: dict[tuple[str, str], str] = {}
"""Of files that were read before, by where they lie and what their store says of them: a tick over thousands of files
reads the new ones only."""


class LandingError(UnreachableError):
    """Files that can't be had just now; the next tick may find them."""


class NothingDelivered(SourceError):
    """There is no file that matches, or no such folder."""


@dataclass(frozen=True)
class Landed:
    """A file in a landing folder.

    Attributes
    ----------
    path: in its `store`, an fsspec file system, which says `about` it. name: below the use case's folder, or as `path`.
    where: opens every message about it. Bytes of both that are no UTF-8 are written as `\\xe9`.
    """

    store: Any
    path: str
    name: str
    where: str
    about: dict[str, Any]
    completeness: Completeness

    @property
    def size(self) -> int:
        """In bytes."""
        return self.about.get("size") or 0

    @property
    def written(self) -> float:
        """When it was written last, in seconds since 1970; 0 where its store does not say."""
        return modified(self.about) or 0.0

    @property
    def seconds_to_wait(self) -> float:
        """Until it was left alone for a moment; 0 where `complete_when` says something else."""
        return self.completeness.seconds_to_wait(self.about)

    @property
    def waits_for(self) -> str:
        """What it waits for before it is a delivery; empty where it is whole."""
        with _store_errors(self.where):
            return self.completeness.waits_for(self.where, self.about, self.sha256)

    def sha256(self) -> str:
        """The digest (hex) of its content. Raises SourceError: it is too large to be read."""
        known = self.where, repr(self.about)
        if known not in _digests:
            check_size(self.size, self.where)
            digest = hashlib.sha256()
            with _store_errors(self.where), open_listed(self.store, self.about) as file:
                while chunk := file.read(CHUNK_BYTES):
                    digest.update(chunk)
                    check_size(file.tell(), self.where)  # it may grow meanwhile
            _digests[known] = digest.hexdigest()
        return _digests[known]

    def content(self, sha256: str | None = None) -> bytes:
        """All of it. `sha256`: the digest that it was known by, where another process reads it.

        Raises LandingError: it changed meanwhile, or something else lies there.
        """
        with _store_errors(self.where), open_listed(self.store, self.about) as file:
            content = file.read()
        if hashlib.sha256(content).hexdigest() != (sha256 or self.sha256()):
            raise LandingError(f"{self.where}: changed while it was read, so it is not whole yet")
        return content


def deliveries(files: Files, folder: Path, taken: Collection[str] = ()) -> list[Landed]:
    """The whole files that match, each content once, in the order of their names; the last one alone where deliveries
    replace each other. Hidden and temporary files are none.

    taken: the names of the files that were taken before.

    Raises NothingDelivered: there is no such folder, or no file that matches.
    Raises SourceError: a file that may not be read or is too large to be, or a symbolic link.
    Raises LandingError: the store does not answer, all that match are still being written, or one is that was taken:
    without it, rows that were there would be missing.
    """
    found = landed(files, folder)
    waiting = {file.path: file.waits_for for file in found}
    for file in found:
        if file.name in taken and (reason := waiting[file.path]):
            raise LandingError(f"{file.where}: {reason}; it was taken before, so until then nothing is")
    whole = [file for file in found if not waiting[file.path]]
    if not whole:
        raise LandingError(f"{found[0].where}: {waiting[found[0].path]}")
    if files.deliveries == "replace":
        return whole[-1:]
    first: dict[str, Landed] = {}
    for file in whole:
        first.setdefault(file.sha256(), file)
    return list(first.values())


def waiting(files: Files, folder: Path) -> str:
    """What the first file that is not whole waits for, and how many more wait; empty where none does. Raises as
    `deliveries`."""
    reasons = [f"{file.where}: {reason}" for file in landed(files, folder) if (reason := file.waits_for)]
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    return reasons[0] + more if reasons else ""


def landed(files: Files, folder: Path) -> list[Landed]:
    """All files that match, whole or not. Raises as `deliveries`."""
    url = files.path if "://" in files.path else str(folder / files.path)
    with _store_errors(url):
        store, pattern = _store(url)
        top = _top(pattern)
        if "file" in store.protocol:
            _check_no_link(Path(top), folder.absolute())
        if not store.isdir(top):
            raise NothingDelivered(f"there is no folder {top}: make it, or correct the `path` of `files`")
        listed = cast(dict[str, Any], store.glob(pattern, detail=True, on_error="raise"))
    below = f"{store._strip_protocol(str(folder))}/"
    completeness = Completeness(files.complete_when, store)
    found = [
        Landed(
            store,
            path,
            _encodable(path.removeprefix(below).lstrip("/")),
            _encodable(store.unstrip_protocol(path) if "://" in url else path),
            about,
            completeness,
        )
        for path, about in sorted(listed.items())
        if about["type"] != "directory"
        and _is_delivery(path.removeprefix(top))
        and not completeness.says(PurePosixPath(path).name)
    ]
    for file in found:
        _check_regular(file)
    if not found:
        raise NothingDelivered(f"no file matches {url}: put files there, or correct the `path` of `files`")
    return found


def _check_regular(file: Landed) -> None:
    """Raise SourceError for a link, a pipe or a device."""
    if file.about.get("islink"):
        raise SourceError(f"{file.where} is a symbolic link, which may lead anywhere: put the file itself there")
    if file.about["type"] != "file":
        raise SourceError(f"{file.where} is no regular file: put one there")


def _check_no_link(top: Path, folder: Path) -> None:
    """Raise SourceError where what lies between the use case's folder and the files is a symbolic link. An absolute
    path is what an administrator wrote; links further down are not followed."""
    for place in (top, *top.parents):
        if folder in place.parents and place.is_symlink():
            raise SourceError(f"{place} is a symbolic link, which may lead anywhere: put the folder itself there")


def _store(url: str) -> tuple[Any, str]:
    """The file system that an address lies in, knowing nothing of what it listed before, and the path there."""
    try:
        store, pattern = url_to_fs(url)
    except ValueError as error:
        raise SourceError(f"{url}: {error}; correct `source.files.path`") from error
    store.invalidate_cache()
    return store, pattern


def _top(pattern: str) -> str:
    """The folder above the first part of a path that stands for several."""
    parts = pattern.split("/")
    fixed = next((place for place, part in enumerate(parts) if set(part) & set(WILD)), len(parts) - 1)
    return "/".join(parts[:fixed]) or "/"


def _is_delivery(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return not (any(part.startswith((".", "~$")) for part in parts) or path.lower().endswith(TEMPORARY))


def _encodable(path: str) -> str:
    """A path as a table, a notice and a log can hold it: Python stands for bytes that are no UTF-8 by characters that
    UTF-8 does not have (PEP 383)."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")


@contextmanager
def _store_errors(where: str) -> Iterator[None]:
    """Raises whatever a store's package raises as an error of ours that names the file or folder.

    No two packages raise the same when a store does not answer, so all that is left counts as that."""
    try:
        yield
    except (PermanentError, UnreachableError, MemoryError):
        raise
    except ImportError as error:
        raise LandingError(f"{where}: {_missing_package(where, error)}") from error
    except PermissionError as error:
        raise SourceError(f"{where}: may not be read by this user; change its permissions") from error
    except FileNotFoundError as error:
        raise LandingError(f"{where}: was taken away meanwhile") from error
    except Exception as error:
        raise LandingError(f"{where}: the store does not answer ({error or type(error).__name__})") from error


def _missing_package(where: str, error: ImportError) -> str:
    extra = EXTRAS.get(where.partition("://")[0])
    return f"this store's package is not installed: {extras.install_command([extra])}" if extra else str(error)
