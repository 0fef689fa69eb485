"""Opening a file that a look at a landing folder found.

Belongs here: that what is opened is that file, and no other that took its name meanwhile. Does not belong here: which
files there are (`landing`).
"""

import errno
import os
import stat
from typing import IO, Any


def open_listed(store: Any, about: dict[str, Any]) -> IO[bytes]:
    """The file that `store`, an fsspec file system, says this `about`. On this machine links that lie there by now are
    not followed, and pipes not waited for; stores elsewhere have none.

    Raises FileNotFoundError: something else lies there by now.
    """
    path = about["name"]
    if "file" not in store.protocol:
        return store.open(path, "rb")
    try:
        opened = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise FileNotFoundError(path) from error
        raise
    found = os.fstat(opened)
    if not stat.S_ISREG(found.st_mode) or found.st_ino != about["ino"]:
        os.close(opened)
        raise FileNotFoundError(path)
    return os.fdopen(opened, "rb")
