"""Of one use case one run at a time on one file system: the run lock.

Belongs here: the lock that a run holds from its first step to its last, and the child of a command around its runs.
Does not belong here: when runs are started (`pipelines`), or whether one still lives (`heartbeat`). The queue already
holds a second run back; a run that is started from the command line does not pass through the queue, and waits here.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from resources.store.atomic import writing

POLL_SECONDS = 0.5


@contextmanager
def run_lock(file: Path, holder: str, say: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock `file`, after waiting for whoever holds it; who does is passed to `say`. `holder` describes this
    process to those who wait meanwhile. The operating system releases the lock when the process ends, however it ends.
    A thread that holds it may take it again, as a run of that child does.

    Raises
    ------
    StorageError: the file can't be made.
    """
    lock = FileLock(file, is_singleton=True, fallback_to_soft=False)
    if lock.is_locked:
        yield
        return
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
