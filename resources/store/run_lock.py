"""Whose turn it is: of one use case, one run at a time on this machine.

Belongs here: the lock that a run holds from its first step to its last, and telling whether the process of a run is
alive. Does not belong here: when runs are started (`pipelines`). The queue already holds a second run back; a run that
is started from the command line does not pass through the queue, and waits here.
"""

import fcntl
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from resources.store.atomic import writing

PROCESS = "sectorforge/process"
"""The tag of a run that names its process, so that a run whose process is gone can be told from one that works."""
LOOK_SECONDS = 0.5


@contextmanager
def run_lock(lock: Path, holder: str, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the file `lock`, after waiting for whoever holds it; `say` is then told who does. `holder` is what others
    are told meanwhile. The operating system lets go of it when the process ends, however it ends.

    Raises
    ------
    StorageError: the file can't be made.
    """
    with writing(lock):
        lock.parent.mkdir(parents=True, exist_ok=True)
        file = lock.open("a+", encoding="utf-8")
    with file:
        _wait_for(file, say)
        with writing(lock):
            file.truncate(0)
            file.write(holder)
            file.flush()
        yield


def _wait_for(file: IO[str], say: Callable[[str], None]) -> None:
    if _taken(file):
        return
    file.seek(0)
    say(f"waits until {file.read() or 'another run'} has ended: both make the same")
    while not _taken(file):
        time.sleep(LOOK_SECONDS)


def _taken(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def this_process() -> str:
    """What `PROCESS` says: machine, number and start of this process. A number alone is given out again."""
    import psutil

    return f"{platform.node()} {os.getpid()} {psutil.Process().create_time():.0f}"


def has_ended(process: str) -> bool:
    """Whether a process of this machine has ended; of another machine's nothing is known, so it has not."""
    import psutil

    node, number, started = process.rsplit(" ", 2)
    if node != platform.node():
        return False
    try:
        found = psutil.Process(int(number))
        return f"{found.create_time():.0f}" != started or found.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
