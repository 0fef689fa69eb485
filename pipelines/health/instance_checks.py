"""Whether the instance and its daemons work.

Belongs here: what is asked of Dagster. Does not belong here: the files of the state folder (`state_checks`).
"""

import time
from collections.abc import Iterator

from dagster import DagsterInstance, DagsterRunStatus, RunsFilter
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, TickStatus

from pipelines.health.check import Check
from pipelines.lost_runs import STARTED, silent_runs
from pipelines.retention import RETENTION
from resources.store.heartbeat import sender
from resources.store.io_manager import PARTITION

HEARTBEAT_SECONDS = 180
"""A daemon that works sends a heartbeat every 30 s."""
TICK_AGE_SECONDS = 8 * 24 * 3600
"""A failed tick of a sensor or schedule counts for so long; the rarest schedule is weekly."""
SWITCHED_ON = {InstigatorStatus.RUNNING, InstigatorStatus.DECLARED_IN_CODE}
"""By a person; by itself."""
RECENT_RUNS = 20
"""Successful runs among which there is one that did more than clean up."""


def examine(instance: DagsterInstance, max_age_hours: float | None) -> Iterator[Check]:
    """Its storage first. `max_age_hours`: as of `pipelines.health.examine`."""
    runs = instance.get_runs_count()
    yield Check("storage", True, f"answers, and holds {runs} runs", {"runs": runs})
    yield _daemons(instance)
    yield _sensors_and_schedules(instance)
    yield _last_success(instance, max_age_hours)
    yield _runs_in_progress(instance)


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
    running = instance.all_instigator_state(instigator_statuses=SWITCHED_ON)
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
    detail = f"{hours:.1f} hours ago: {run.tags.get(PARTITION, run.job_name)}"
    fresh = max_age_hours is None or hours <= max_age_hours
    return Check("last successful run", fresh, detail, {"hours": round(hours, 2)})


def _runs_in_progress(instance: DagsterInstance) -> Check:
    count, silent = instance.get_runs_count(STARTED), silent_runs(instance)
    measured: dict[str, float] = {"started": count, "silent": len(silent)}
    if not silent:
        return Check("runs in progress", True, f"{count}, and none is silent", measured)
    lost = "; ".join(f"{run_id} ({sender(last)})" for run_id, last in silent.items())
    remedy = "Start the daemon, which marks them as failed within four minutes, or terminate them in the UI, with force"
    return Check("runs in progress", False, f"no heartbeat of {lost}. {remedy}", measured)
