"""Immutable versions of an artefact, one of them current.

Belongs here: publishing a version so that nothing half-written is ever visible, and finding the current one. Does not
belong here: what an artefact's files mean (`modeling.artefacts`), or the IO manager over it (`io_manager`).

Layout::

    artefacts/<asset>/<partition>/versions/<version>/…   immutable
    artefacts/<asset>/<partition>/current                link to the published version
    artefacts/<asset>/<partition>/.lock                  held while either changes
"""

import hashlib
import io
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from filelock import FileLock

from resources.store.atomic import DRAFT, draft_of, put_in_place, replacing, writing
from resources.store.state import CURRENT, LOCK, VERSIONS

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
        place = folder / VERSIONS / version
        place.parent.mkdir(parents=True, exist_ok=True)
        _sweep(place.parent)
        with locked(folder):
            if place.exists():
                return make_current(place)
        with draft_of(place) as draft, writing(folder):
            draft.mkdir()
            write(draft)
            with locked(folder):
                put_in_place(draft, place)
                return make_current(place)


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder, whose other users wait; a process that dies releases it."""
    with FileLock(folder / LOCK, thread_local=False, fallback_to_soft=False):
        yield


def make_current(place: Path) -> Path:
    """Let the link lead to a version that is there, in one step. Returns the version's folder."""
    with replacing(place.parent.parent / CURRENT) as link:
        link.symlink_to(Path(place.parent.name) / place.name)
    return place


def _sweep(versions: Path) -> None:
    """Remove what processes that were killed while writing left behind, a day ago or earlier."""
    for left in versions.glob(f"{DRAFT}*"):
        if time.time() - left.stat().st_mtime > ABANDONED_SECONDS:
            shutil.rmtree(left, ignore_errors=True)


def current(folder: Path) -> Path | None:
    """The current version under `folder`, if there is one."""
    link = folder / CURRENT
    return link.resolve() if link.exists() else None
