"""Signs of life of a run, in the database that all machines share.

Belongs here: sending them while a run's process lives, and how long there has been none. Does not belong here: what
follows for the run (`pipelines.launcher`, `pipelines.lost_runs`), or the run lock, which the operating system frees.

A heartbeat is a value that changes. Whoever asks compares what it saw with what it sees, by its own clock that nobody
sets: neither process numbers, nor names of machines, nor clocks that differ play a part, so containers can look after
each other.
"""

import os
import platform
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from dagster import DagsterInstance
from dagster._core.storage.runs.schema import KeyValueStoreTable
from dagster._core.storage.runs.sql_run_storage import SqlRunStorage

KEY = "sectorforge/heartbeat/"
"""How keys of the instance's key-value store begin that hold the heartbeat of a run; its id follows."""
BEAT_SECONDS = 10.0
GONE_SECONDS = 180.0
"""Without a change for so long, the process of a run is gone. A library that computes may hold Python's lock, and with
it the thread that sends heartbeats, for a minute or two."""
LOOK_SECONDS = 60.0
"""What counts at most of the time between two looks. Where the database was away, or the observer was stopped, nothing
was seen meanwhile, so a run is never gone at the first look after a pause."""
FORGOTTEN_SECONDS = 3600.0
"""Runs at which nobody looked for so long have ended."""


@contextmanager
def beating(instance: DagsterInstance, run_id: str) -> Iterator[None]:
    """Send heartbeats of a run from a thread of its own. One that the database does not take is soon followed by
    another."""
    ended = threading.Event()
    numbers = count()

    def beat() -> None:
        while not ended.wait(BEAT_SECONDS if _send(instance, run_id, next(numbers)) else 1.0):
            pass

    thread = threading.Thread(target=beat, name=f"heartbeat of {run_id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(BEAT_SECONDS)


def _send(instance: DagsterInstance, run_id: str, number: int) -> bool:
    value = f"{time.time():.0f} {number} process {os.getpid()} on {platform.node()}"
    try:
        instance.run_storage.set_cursor_values({f"{KEY}{run_id}": value})
    except Exception:  # noqa: BLE001  whatever the database says, the run goes on
        return False
    return True


def heartbeats(instance: DagsterInstance, run_ids: Sequence[str]) -> dict[str, str]:
    """The latest heartbeat of each of the runs; one that never sent any is left out, and nothing is known of it."""
    values = instance.run_storage.get_cursor_values({f"{KEY}{run_id}" for run_id in run_ids}) if run_ids else {}
    return {name.removeprefix(KEY): value for name, value in values.items()}


def sender(heartbeat: str) -> str:
    """Which process sent it, for people."""
    return heartbeat.split(" ", 2)[2]


def looks_old(heartbeat: str) -> bool:
    """Whether it was sent too long ago, by a clock that may differ from ours: a reason to look twice, and no more."""
    return abs(time.time() - float(heartbeat.split(" ", 1)[0])) > GONE_SECONDS


@dataclass
class _Seen:
    heartbeat: str
    looked: float
    silent: float = 0.0


class Silence:
    """How long runs have sent no heartbeat, as seen by one observer. `clock` gives seconds and is never set."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: dict[str, _Seen] = {}

    def gone(self, found: Mapping[str, str]) -> list[str]:
        """Look at the latest `heartbeats` of runs; those whose process is gone."""
        now = self._clock()
        for run_id, heartbeat in found.items():
            before = self._seen.get(run_id)
            if before is None or before.heartbeat != heartbeat:
                self._seen[run_id] = _Seen(heartbeat, now)
                continue
            before.silent += min(now - before.looked, LOOK_SECONDS)
            before.looked = now
        self._seen = {name: seen for name, seen in self._seen.items() if now - seen.looked < FORGOTTEN_SECONDS}
        return [run_id for run_id in found if self._seen[run_id].silent > GONE_SECONDS]


def forget_heartbeats(instance: DagsterInstance, but: Sequence[str]) -> None:
    """Delete the heartbeats of all runs but some; Dagster offers to write the store, not to delete from it."""
    storage = instance.run_storage
    sql = storage if isinstance(storage, SqlRunStorage) else storage._storage.run_storage  # pyright: ignore[reportAttributeAccessIssue]
    key = KeyValueStoreTable.c.key
    with sql.connect() as connection:
        kept = [f"{KEY}{run_id}" for run_id in but]
        connection.execute(KeyValueStoreTable.delete().where(key.startswith(KEY), key.notin_(kept)))
