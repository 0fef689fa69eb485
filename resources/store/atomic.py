"""Writing so that a reader finds what was there before, or all of what is new, whenever a process dies or the power
goes.

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
DELETING = ".deleting-"
"""How the names of folders begin that are being removed, or were when their process was killed."""
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
    with writing(path), draft_of(path) as draft, writing(path):  # inside, while a draft that filled the disk is there
        yield draft
        put_in_place(draft, path)


@contextmanager
def draft_of(path: Path) -> Iterator[Path]:
    """As `replacing`, for a block that itself calls `put_in_place`, and says what failed (`writing`).

    The draft lies alone in a new folder that only this user may enter: whoever else may write beside `path` can plant
    nothing where the draft will be, unless they may rename that folder, too: where no sticky bit keeps them from it.
    Its own permissions are the user's umask's.
    """
    private = path.with_name(f"{DRAFT}{uuid4().hex}")
    private.mkdir(mode=0o700)
    try:
        yield private / "draft"
    finally:
        shutil.rmtree(private, ignore_errors=True)


def put_in_place(draft: Path, path: Path) -> None:
    """Let a draft take the place of `path` in one step: of the link where `path` is one, never of what that leads to.
    A folder that is there already stays: what a folder of that name holds never changes.

    All of the draft is on the disk before it has its name, and the name is before this returns.
    """
    sync_all(draft)
    try:
        draft.replace(path)
    except OSError:
        if not (draft.is_dir() and path.is_dir()):
            raise
    sync(path.parent)


def make_folder(folder: Path, mode: int = 0o777) -> None:
    """Make a folder, and those above it, so that their names are on the disk. One that is there stays as it is.

    mode: the permissions of `folder` itself, from which the umask takes away.
    """
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(mode, parents=True, exist_ok=True)
    for path in reversed(missing):
        sync(path.parent)


def sync_all(path: Path) -> None:
    """Have on the disk: of a folder everything in it, then itself; of a link nothing, which is part of its folder."""
    if path.is_symlink():
        return
    if path.is_dir():
        for inside in path.iterdir():
            sync_all(inside)
    sync(path)


def sync(path: Path) -> None:
    """Have on the disk: a file's content, or the names in a folder."""
    opened = os.open(path, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def remove(path: Path) -> None:
    """Remove a file, or a folder in such a way that it is not there half. It does not come back with a power cut."""
    if path.is_dir() and not path.is_symlink():
        doomed = path.rename(path.with_name(f"{DELETING}{path.name.removeprefix(DELETING)}"))
        sync(doomed.parent)
        shutil.rmtree(doomed, ignore_errors=True)
    else:
        try:
            path.unlink()
        except FileNotFoundError:
            return
    sync(path.parent)


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
