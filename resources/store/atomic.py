"""Writing so that a reader finds what was there before, or all of what is new, whenever a process dies.

Belongs here: the one way in which files and folders are replaced, and errors that say where, why and what to do when
the storage refuses. Does not belong here: what is written, or where it lies (`state`).
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from resources.errors import PermanentError

DRAFT = ".writing-"
"""How the names of files and folders begin that are being written, or were when their process was killed."""
REMEDIES: dict[int | None, str] = {
    errno.ENOSPC: "the disk is full: make room",
    errno.EDQUOT: "this user's share of the disk is used up: make room",
    errno.EROFS: "the storage is read-only: mount it for writing",
    errno.EACCES: "this user may not write there: change its permissions",
    errno.EPERM: "this user may not write there: change its permissions",
}
FULL_BYTES = 2**16
"""With less than this left, whatever fails to be written fails for want of room."""


class StorageError(PermanentError):
    """Something can't be written until somebody acts; what was there before is as it was."""


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yields a name beside `path`, at which to make a file, folder or link. It takes the place of `path` when the block
    ends, and is removed when that fails.

    Raises
    ------
    StorageError: as `writing`; what lay at `path` is as it was.
    """
    with draft_of(path) as draft, writing(path):
        yield draft
        put_in_place(draft, path)


@contextmanager
def draft_of(path: Path) -> Iterator[Path]:
    """As `replacing`, for a block that itself calls `put_in_place`, and says what failed (`writing`)."""
    draft = path.with_name(f"{DRAFT}{uuid4().hex}")
    try:
        yield draft
    finally:
        _remove(draft)


def put_in_place(draft: Path, path: Path) -> None:
    """Let a draft take the place of `path` in one step. A folder that is there already stays: what a folder of that
    name holds never changes."""
    try:
        draft.replace(path)
    except OSError:
        if not (draft.is_dir() and path.is_dir()):
            raise


def _remove(draft: Path) -> None:
    if draft.is_dir() and not draft.is_symlink():
        shutil.rmtree(draft, ignore_errors=True)
    else:
        draft.unlink(missing_ok=True)


@contextmanager
def writing(place: Path) -> Iterator[None]:
    """Says what is wrong with the storage when writing `place` fails. A library that writes files itself may hide the
    number of the error in a message of its own, or lose it; a full disk names itself.

    Raises
    ------
    StorageError: the disk is full, read-only or not this user's. Any other error is passed on as it is.
    """
    try:
        yield
    except StorageError:
        raise
    except Exception as error:
        remedy = REMEDIES.get(errno.ENOSPC if _full(place, error) else getattr(error, "errno", None) or 0)
        if remedy is None:
            raise
        raise StorageError(
            f"{place} can't be written, {remedy} and run again. What was published before is untouched."
        ) from error


def _full(place: Path, error: Exception) -> bool:
    existing = next(folder for folder in (place, *place.parents) if folder.exists())
    return os.strerror(errno.ENOSPC) in str(error) or shutil.disk_usage(existing).free < FULL_BYTES
