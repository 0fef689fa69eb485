"""Dropped files: which of them are deliveries, and when they are whole.

Belongs here: listing a landing folder, on this machine or in any store that fsspec knows, separating deliveries from
other files, and identifying them by their content. Does not belong here: making a table of them (`stacking`), or when
a new one is acted on (`pipelines.sensors.new_deliveries`).
"""

import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, cast

from fsspec.core import url_to_fs

from catalogue import extras
from catalogue.definition import Files
from resources.errors import PermanentError, UnreachableError
from resources.sources.errors import SourceError

SETTLED_SECONDS = 1.0
"""How long a file on this machine must be left alone before it counts as whole. Stores show whole objects only."""
TEMPORARY = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".download", ".swp", "~")
"""How programs end the names of files they are not done with."""
EXTRAS = {"s3": "s3", "s3a": "s3", "gs": "gcs", "gcs": "gcs", "abfs": "azure", "abfss": "azure", "az": "azure"}
"""The extra that installs a store's package, by the protocol that addresses of the store begin with."""
WILD = "*?["

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
    where: opens every message about it.
    """

    store: Any
    path: str
    name: str
    where: str
    about: dict[str, Any]

    @property
    def seconds_to_wait(self) -> float:
        """Until it counts as whole; 0 when it does, as one does that claims to be of the future."""
        quiet = time.time() - self.about.get("mtime", 0)
        return SETTLED_SECONDS - quiet if abs(quiet) < SETTLED_SECONDS else 0.0

    def sha256(self) -> str:
        """The digest (hex) of its content."""
        known = self.where, repr(self.about)
        if known not in _digests:
            with _store_errors(self.where), self.store.open(self.path, "rb") as file:
                _digests[known] = hashlib.file_digest(file, "sha256").hexdigest()
        return _digests[known]

    def content(self) -> bytes:
        """All of it. Raises LandingError: it changed meanwhile."""
        with _store_errors(self.where):
            content = self.store.cat_file(self.path)
        if hashlib.sha256(content).hexdigest() != self.sha256():
            raise LandingError(f"{self.where}: changed while it was read, so it is not whole yet")
        return content


def deliveries(files: Files, folder: Path) -> list[Landed]:
    """The whole files that match, each content once, in the order of their names; the last one alone where deliveries
    replace each other. Hidden and temporary files, and those written to within the last second, are none.

    Raises NothingDelivered: there is no such folder, or no file that matches.
    Raises SourceError: a file that may not be read, or a symbolic link.
    Raises LandingError: the store does not answer, or all that match are still being written.
    """
    found = landed(files, folder)
    whole = [file for file in found if not file.seconds_to_wait]
    if not whole:
        raise LandingError(f"{found[0].where}: was written to a moment ago, so it is not whole yet")
    if files.deliveries == "replace":
        return whole[-1:]
    first: dict[str, Landed] = {}
    for file in whole:
        first.setdefault(file.sha256(), file)
    return list(first.values())


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
    found = [
        Landed(
            store,
            path,
            path.removeprefix(below).lstrip("/"),
            store.unstrip_protocol(path) if "://" in url else path,
            about,
        )
        for path, about in sorted(listed.items())
        if about["type"] != "directory" and _is_delivery(path.removeprefix(top))
    ]
    for file in found:
        if file.about.get("islink"):
            raise SourceError(f"{file.where} is a symbolic link, which may lead anywhere: put the file itself there")
        if file.about["type"] != "file":
            raise SourceError(f"{file.where} is no regular file: put one there")
    if not found:
        raise NothingDelivered(f"no file matches {url}: put files there, or correct the `path` of `files`")
    return found


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
    parts = PurePosixPath(pattern).parts
    fixed = next((place for place, part in enumerate(parts) if set(part) & set(WILD)), len(parts) - 1)
    return str(PurePosixPath(*parts[:fixed]))


def _is_delivery(path: str) -> bool:
    parts = PurePosixPath(path).parts
    return not (any(part.startswith((".", "~$")) for part in parts) or path.lower().endswith(TEMPORARY))


@contextmanager
def _store_errors(where: str) -> Iterator[None]:
    """Raises whatever a store's package raises as an error of ours that names the file or folder.

    No two packages raise the same when a store does not answer, so all that is left counts as that."""
    try:
        yield
    except (PermanentError, UnreachableError):
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
