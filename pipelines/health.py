"""Whether everything that has to run without people does.

Belongs here: the checks, what each measures, and when it fails. Does not belong here: how they look on a terminal
(`cli.operations`), or notifying people of failed runs (`sensors.failed_runs`).
"""

import shutil
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, TickStatus

from catalogue.reader import Catalogue
from pipelines.instance import InstanceError, open_instance, storage_error, storage_errors
from pipelines.retention import RETENTION

HEARTBEAT_SECONDS = 180
"""A daemon that works sends a heartbeat every 30 s."""
FREE_BYTES = 2 * 2**30
"""Less free space than this is an alarm: a run writes several versions before it removes any."""
TICK_AGE_SECONDS = 8 * 24 * 3600
"""A failed tick of a sensor or schedule counts for so long; the rarest schedule is weekly."""

RECENT_RUNS = 20
"""Successful runs among which there is one that did more than clean up."""


@dataclass(frozen=True)
class Check:
    """One thing that was checked. `measured` has numbers for programs, each named with its unit."""

    name: str
    ok: bool
    detail: str
    measured: dict[str, float] = field(default_factory=dict)


def examine(catalogue: Catalogue, folder: Path, max_age_hours: float | None = None) -> list[Check]:
    """Every check, of the instance first and then of the state folder.

    max_age_hours: how old the last successful run may be; None for any age.
    """
    try:
        with open_instance() as instance:
            of_instance = list(_of_instance(instance, max_age_hours))
    except InstanceError as error:
        of_instance = [Check("storage", False, str(error))]
    except storage_errors() as error:
        of_instance = [Check("storage", False, str(storage_error(error)))]
    return [*of_instance, _state_folder(folder), _catalogue(catalogue)]


def _of_instance(instance: DagsterInstance, max_age_hours: float | None) -> Iterator[Check]:
    runs = instance.get_runs_count()
    yield Check("storage", True, f"answers, and holds {runs} runs", {"runs": runs})
    yield _daemons(instance)
    yield _sensors_and_schedules(instance)
    yield _last_success(instance, max_age_hours)


def _daemons(instance: DagsterInstance) -> Check:
    heartbeats = instance.get_daemon_heartbeats()
    ages = {name: time.time() - beat.timestamp for name, beat in heartbeats.items()}
    required = instance.get_required_daemon_types()
    silent = [name for name in required if ages.get(name, float("inf")) > HEARTBEAT_SECONDS]
    errors = [
        f"{name}: {beat.errors[0].message.strip()}"
        for name, beat in heartbeats.items()
        if name in required and name not in silent and beat.errors
    ]
    measured = {f"{name.lower()}_seconds": round(age, 1) for name, age in ages.items()}
    if len(silent) == len(required):
        return Check("daemons", False, "no daemon runs, so nothing happens by itself", measured)
    if silent or errors:
        return Check("daemons", False, "; ".join([*(f"{name}: no heartbeat" for name in silent), *errors]), measured)
    return Check("daemons", True, f"all {len(required)} sent a heartbeat lately", measured)


def _sensors_and_schedules(instance: DagsterInstance) -> Check:
    running = instance.all_instigator_state(instigator_statuses={InstigatorStatus.RUNNING})
    errors = [error for state in running if (error := _last_error(state, instance))]
    detail = "; ".join(errors) or f"{len(running)} are switched on, and none failed when it last ran"
    return Check("sensors and schedules", not errors, detail, {"switched_on": len(running), "failed": len(errors)})


def _last_error(state: InstigatorState, instance: DagsterInstance) -> str:
    """What the last tick of a sensor or schedule failed with; empty where it did not."""
    since = time.time() - TICK_AGE_SECONDS
    ended = [TickStatus.SUCCESS, TickStatus.SKIPPED, TickStatus.FAILURE]
    ticks = instance.get_ticks(state.instigator_origin_id, state.selector_id, after=since, limit=1, statuses=ended)
    if not ticks or ticks[0].status != TickStatus.FAILURE:
        return ""
    error = ticks[0].error
    return f"{state.instigator_name}: {error.message.strip() if error else 'failed'}"


def _last_success(instance: DagsterInstance, max_age_hours: float | None) -> Check:
    successes = RunsFilter(statuses=[DagsterRunStatus.SUCCESS])
    records = instance.get_run_records(successes, limit=RECENT_RUNS, order_by="update_timestamp")
    record = next((record for record in records if record.dagster_run.job_name != RETENTION), None)
    if record is None:
        return Check("last successful run", max_age_hours is None, "no run has succeeded lately")
    hours = (time.time() - record.update_timestamp.timestamp()) / 3600
    run = record.dagster_run
    detail = f"{hours:.1f} hours ago: {run.tags.get('dagster/partition', run.job_name)}"
    fresh = max_age_hours is None or hours <= max_age_hours
    return Check("last successful run", fresh, detail, {"hours": round(hours, 2)})


def _state_folder(folder: Path) -> Check:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        return Check("state folder", False, f"{folder} can't be written: {error.strerror}")
    free = shutil.disk_usage(folder).free
    detail = f"{folder} can be written, {free / 2**30:.1f} GiB are free"
    if free < FREE_BYTES:
        detail += f", less than {FREE_BYTES / 2**30:.0f}: type `sectorforge clean`, or make room"
    return Check("state folder", free >= FREE_BYTES, detail, {"free_bytes": free})


def _catalogue(catalogue: Catalogue) -> Check:
    errors = catalogue.errors
    detail = f"{len(catalogue.use_cases)} use cases" + (f"; {errors[0]}" if errors else ", no error")
    more = f" and {len(errors) - 1} more: type `sectorforge check`" if len(errors) > 1 else ""
    return Check("catalogue", not errors, detail + more, {"use_cases": len(catalogue.use_cases), "faults": len(errors)})
