"""What it means when something can't be written.

Belongs here: turning the operating system's word into one that says where, why and what to do. Does not belong here:
writing (`storage`, `sources.cache`, `openings`).
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from resources.errors import PermanentError

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
def writing(place: Path) -> Iterator[None]:
    """Says what is wrong with the storage when writing `place` fails. A library that writes files itself may hide the
    number of the error in a message of its own, or lose it; a full disk tells itself.

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
