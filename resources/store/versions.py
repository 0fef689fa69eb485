"""Immutable versions of an artefact, one of them current.

Belongs here: publishing a version so that nothing half-written is ever visible, finding the current one, and reading
the notes that name others. Does not belong here: who writes a note (`resources.serving.models`), what an artefact's
files mean (`modeling.artefacts`), or the IO manager over it (`io_manager`).

Layout::

    artefacts/<asset>/<partition>/versions/<version>/…   immutable
    artefacts/<asset>/<partition>/current                link to the published version
    artefacts/<asset>/<partition>/.lock                  held while either changes
    artefacts/<asset>/<partition>/…                      notes, each naming versions
"""

import hashlib
import io
import shutil
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import polars as pl
from filelock import FileLock

from resources.store.atomic import (
    DRAFT,
    StorageError,
    draft_of,
    make_folder,
    put_in_place,
    remove,
    replacing,
    writing,
)
from resources.store.integrity import damage, list_anew, write_digests
from resources.store.state import BEST, CURRENT, LEARNED_FROM_FORGOTTEN, LOCK, PINNED, VERSIONS

ABANDONED_SECONDS = 24 * 3600
NOTES = {
    PINNED: "Type `sectorforge models pin` with the version that is to serve, or `sectorforge models unpin`",
    BEST: "Type `sectorforge models pin` with the version that later ones are held against; or remove the file, and it "
    "is the one that serves",
    LEARNED_FROM_FORGOTTEN: "Restore it from a backup. Without one nobody knows which models learned from people who "
    "were forgotten: remove it once another model serves",
}
"""The notes beside versions, and what to do where one is damaged."""


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

    A process that dies at any point, and a power cut, leave the former version current and nothing half-written in
    sight: files go to a temporary folder, which is renamed, and the link is replaced in one step. A version that exists
    is not rewritten, unless it is damaged.

    Raises
    ------
    StorageError: the disk is full, read-only or not this user's; the former version stays current.
    """
    with writing(folder):
        place = folder / VERSIONS / version
        make_folder(place.parent)
        _sweep(place.parent)
        with locked(folder):
            if not damage(place):
                return make_current(place)
        with draft_of(place) as draft, writing(folder):
            draft.mkdir()
            write(draft)
            write_digests(draft)
            with locked(folder):
                if place.exists() and damage(place):
                    remove(place)
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


def damaged(folder: Path, digested: Collection[str] | None = None) -> str:
    """What is wrong with the current version under `folder`, in words; empty where nothing is, or none was published.

    digested: as of `damage`.
    """
    link = folder / CURRENT
    if link.is_symlink() and not link.exists():
        return f"{link} leads to {link.readlink()}, which is not there"
    return damage(link.resolve(), digested) if link.exists() else ""


def noted(folder: Path, note: str) -> list[str]:
    """The versions that one of the `NOTES` names; none where there is no such note.

    Raises
    ------
    StorageError: it names no version, as after a power cut. OSError: the storage does not answer.
    """
    try:
        names = (folder / note).read_text(encoding="utf-8").split()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except (UnicodeDecodeError, IsADirectoryError):
        names = []
    if not names or any("/" in name or name.startswith(".") for name in names):
        raise StorageError(f"{folder / note} names no version. {NOTES[note]}")
    return names


def damaged_notes(folder: Path) -> list[str]:
    """Of each note that can't be read, what to do."""
    wrong = []
    for note in NOTES:
        try:
            noted(folder, note)
        except StorageError as error:
            wrong.append(str(error))
        except OSError as error:
            wrong.append(f"{folder / note} can't be read: {error.strerror}")
    return wrong


def rewrite(place: Path, name: str, content: bytes) -> None:
    """Replace one file of a version, which nothing does but taking people's values out of it.

    Its digest comes first: a process that dies in between leaves a version that counts as damaged, and the next one
    that takes the same values out ends that.
    """
    list_anew(place, name, content)
    with replacing(place / name) as draft:
        draft.write_bytes(content)


def _sweep(versions: Path) -> None:
    """Remove what processes that were killed while writing left behind, a day ago or earlier."""
    for left in filter(is_abandoned, versions.glob(f"{DRAFT}*")):
        shutil.rmtree(left, ignore_errors=True)


def is_abandoned(path: Path) -> bool:
    """Whether a file, a folder or a link was last written to so long ago that nobody is writing it still."""
    return time.time() - path.lstat().st_mtime > ABANDONED_SECONDS


def current(folder: Path) -> Path | None:
    """The current version under `folder`, if there is one."""
    link = folder / CURRENT
    return link.resolve() if link.exists() else None
