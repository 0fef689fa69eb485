"""Runs that are said to be in progress and whose process is gone.

Belongs here: finding them, and marking them as failed where no daemon does. Does not belong here: what a heartbeat is
(`resources.store.heartbeat`), or the daemon's way to the same (`launcher`).
"""

import contextlib
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from resources.store import heartbeat
from resources.store.heartbeat import Silence, heartbeats, looks_old, sender

LOOK_SECONDS = 30.0
"""Between two looks of a command; as often as the daemon looks (`run_monitoring` in `dagster.yaml`)."""
STARTED = RunsFilter(statuses=[DagsterRunStatus.STARTED])


def reason(last: str) -> str:
    """Why a run whose `last` heartbeat is known counts as lost."""
    return f"no heartbeat for {heartbeat.GONE_SECONDS:.0f} s, so its process has ended: {sender(last)}"


def silent_runs(instance: DagsterInstance) -> dict[str, str]:
    """The runs in progress whose last heartbeat looks old, and that send none while we look: run id -> last heartbeat.
    Takes no time unless one looks old, and then as long as two heartbeats take."""
    last = heartbeats(instance, [run.run_id for run in instance.get_runs(STARTED)])
    suspects = {run_id: beat for run_id, beat in last.items() if looks_old(beat)}
    end = time.monotonic() + 2 * heartbeat.BEAT_SECONDS
    while suspects and time.monotonic() < end:
        time.sleep(1)
        now = heartbeats(instance, list(suspects))
        suspects = {run_id: beat for run_id, beat in suspects.items() if now.get(run_id) == beat}
    still = {run.run_id for run in instance.get_runs(STARTED)} if suspects else set()
    return {run_id: beat for run_id, beat in suspects.items() if run_id in still}


@contextmanager
def marking_lost_runs(instance: DagsterInstance) -> Iterator[None]:
    """Meanwhile mark lost runs as failed: without a daemon nobody else does."""
    ended, silence = threading.Event(), Silence()

    def look() -> None:
        while not ended.wait(LOOK_SECONDS):
            with contextlib.suppress(Exception):  # a database that is away is asked again
                mark_lost_runs(instance, silence)

    thread = threading.Thread(target=look, name="lost runs", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(LOOK_SECONDS)


def mark_lost_runs(instance: DagsterInstance, silence: Silence) -> None:
    """Look once, and mark as failed what is gone by now."""
    found = heartbeats(instance, [run.run_id for run in instance.get_runs(STARTED)])
    for run_id in silence.gone(found):
        mark_as_failed(run_id, instance, reason(found[run_id]))


def mark_as_failed(run_id: str, instance: DagsterInstance, message: str) -> bool:
    """Mark a run as failed, unless it has ended, and free its places in pools. Returns whether it was marked."""
    run = instance.get_run_by_id(run_id)
    if run is None or run.is_finished:
        return False
    instance.report_run_failed(run, message)
    instance.event_log_storage.free_concurrency_slots_for_run(run_id)
    return True
