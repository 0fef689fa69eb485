"""Of one use case one run at a time on this machine: the run lock.

Belongs here: the lock that a run holds from its first step to its last, and whether the process of a run has ended.
Does not belong here: when runs are started (`pipelines`). The queue already holds a second run back; a run that is
started from the command line does not pass through the queue, and waits here.
"""

import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from resources.store.atomic import writing

PROCESS = "sectorforge/process"
"""The tag of a run that names its process: whether that has ended shows whether the run still works."""
POLL_SECONDS = 0.5


@contextmanager
def run_lock(file: Path, holder: str, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock `file`, after waiting for whoever holds it; who does is passed to `say`. `holder` describes this
    process to those who wait meanwhile. The operating system releases the lock when the process ends, however it ends.

    Raises
    ------
    StorageError: the file can't be made.
    """
    lock = FileLock(file, thread_local=False, fallback_to_soft=False)
    try:
        with writing(file):
            file.parent.mkdir(parents=True, exist_ok=True)
            _acquire(lock, file, say)
            file.write_text(holder, encoding="utf-8")
        yield
    finally:
        lock.release()


def _acquire(lock: FileLock, file: Path, say: Callable[[str], None]) -> None:
    try:
        lock.acquire(blocking=False)
    except Timeout:
        say(f"waits until {file.read_text(encoding='utf-8') or 'another run'} has ended: both make the same")
        lock.acquire(poll_interval=POLL_SECONDS)


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
