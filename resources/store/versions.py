"""Immutable versions of an artefact, one of them current.

Belongs here: publishing a version so that nothing half-written is ever visible, and finding the current one. Does not
belong here: what an artefact's files mean (`modeling.artefacts`), or the IO manager over it (`io_manager`).

Layout::

    artefacts/<asset>/<partition>/versions/<version>/…   immutable
    artefacts/<asset>/<partition>/current                link to the published version
    artefacts/<asset>/<partition>/.lock                  held while either changes
"""

import fcntl
import hashlib
import io
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl

from resources.store.atomic import writing
from resources.store.state import CURRENT, LOCK, VERSIONS

WRITING = ".writing-"
ABANDONED_SECONDS = 24 * 3600


def content_digest(frame: pl.DataFrame) -> str:
    """A digest of names, types and values, in order: 64 hex digits.

    Taken of the Parquet bytes: in memory, and so in Arrow's IPC format, two equal tables may differ in the bytes under
    a null and in where their strings lie.
    """
    sink = io.BytesIO()
    frame.rechunk().write_parquet(sink, compression="uncompressed", statistics=False)
    return hashlib.sha256(sink.getbuffer()).hexdigest()


def publish(folder: Path, version: str, write: Callable[[Path], None]) -> Path:
    """Write a version under `folder` and make it the current one. Returns its folder.

    A process that dies at any point leaves the former version current and nothing half-written in sight: files go to
    a temporary folder, which is renamed, and the link is replaced in one step. A version that exists is not rewritten.

    Raises
    ------
    StorageError: the disk is full, read-only or not this user's; the former version stays current.
    """
    with writing(folder):
        return _publish(folder, version, write)


def _publish(folder: Path, version: str, write: Callable[[Path], None]) -> Path:
    versions = folder / VERSIONS
    versions.mkdir(parents=True, exist_ok=True)
    _sweep(versions)
    place = versions / version
    with locked(folder):
        if place.exists():
            return make_current(place)
    temporary = Path(tempfile.mkdtemp(prefix=WRITING, dir=versions))
    try:
        with writing(folder):
            write(temporary)
        temporary.chmod(0o755)
        with locked(folder):
            _rename(temporary, place)
            return make_current(place)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, whose other users wait; a process that dies lets go of it."""
    with (folder / LOCK).open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def make_current(place: Path) -> Path:
    """Let the link lead to a version that is there, in one step. Returns the version's folder."""
    link = place.parent / f".link-{os.getpid()}"
    link.unlink(missing_ok=True)
    link.symlink_to(Path(place.parent.name) / place.name)
    link.replace(place.parent.parent / CURRENT)
    return place


def _sweep(versions: Path) -> None:
    """Remove what processes that were killed while writing left behind, a day ago or earlier."""
    for left in versions.glob(f"{WRITING}*"):
        if time.time() - left.stat().st_mtime > ABANDONED_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def _rename(temporary: Path, place: Path) -> None:
    try:
        temporary.rename(place)
    except OSError:
        if not place.exists():
            raise


def current(folder: Path) -> Path | None:
    """The current version under `folder`, if there is one."""
    link = folder / CURRENT
    return link.resolve() if link.exists() else None
