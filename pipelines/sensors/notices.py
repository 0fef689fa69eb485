"""What people are told of, once each.

Belongs here: the sensors that follow failed runs, failed checks, failed looks of other sensors and reports that are not
written, and what a notice says. Does not belong here: how a notice reaches people (`resources.notification`), or faults
of landing folders (`deliveries`).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from dagster import (
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    EventRecordsFilter,
    RunFailureSensorContext,
    RunStatusSensorContext,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    run_failure_sensor,
    run_status_sensor,
    sensor,
)
from dagster._core.definitions.freshness import FreshnessState
from dagster._core.scheduler.instigation import InstigatorTick, TickStatus

from pipelines.runs import cause, reason
from resources.notification import Notice, notify, tell
from resources.store.io_manager import PARTITION

WILL_RETRY = "dagster/will_retry"
LOOKS = 100
"""The most looks of one sensor that are gone through at once: more than it has between two of ours."""


def notice_of(run: DagsterRun, instance: DagsterInstance) -> Notice:
    """Which run of what failed, where, and why."""
    steps, whole = (
        [reason(entry) for entry in instance.all_logs(run.run_id, of_type=kind)]
        for kind in (DagsterEventType.STEP_FAILURE, DagsterEventType.RUN_FAILURE)
    )
    return Notice(f"{_what(run)} failed", "\n".join([*(steps or whole), f"run {run.run_id}"]))


def is_tried_again(run: DagsterRun) -> bool:
    """Whether a failed run is started anew by itself; one from the command line never is."""
    return run.tags.get(WILL_RETRY) == "true" and run.remote_job_origin is not None


def checks_notice(run: DagsterRun, instance: DagsterInstance) -> Notice | None:
    """Which checks did not pass in a run that went well otherwise, and why; None where all did."""
    entries = instance.all_logs(run.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION)
    events = [entry.dagster_event for entry in entries]
    failed = [event.asset_check_evaluation_data for event in events if event]
    reasons = [f"{one.check_name}: {one.description}" for one in failed if not one.passed]
    return Notice(f"{_what(run)}: checks failed", "\n".join([*reasons, f"run {run.run_id}"])) if reasons else None


def _what(run: DagsterRun) -> str:
    return run.tags.get(PARTITION) or run.job_name


# --- failed looks -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class InstigatorCursor:
    """What is remembered of a sensor or schedule: the number of its last look, and the error that was told."""

    look: int = 0
    told: str = ""


def news(looks: Sequence[InstigatorTick], before: InstigatorCursor | None) -> tuple[list[str], InstigatorCursor]:
    """The errors to tell of, and what to remember. `looks` come in their order, all of them ended. An error is told
    once, until another one comes or a look succeeds; at first sight only the last look counts."""
    seen = before or InstigatorCursor()
    told, found = seen.told, []
    for look in looks if before else looks[-1:]:
        if look.tick_id <= seen.look:
            continue
        error = cause(look.error) if look.error else ""
        if error and error != told:
            found.append(error)
        told = error
    return found, InstigatorCursor(looks[-1].tick_id if looks else seen.look, told)


def _looks(instance: DagsterInstance, origin_id: str, selector_id: str) -> list[InstigatorTick]:
    ended = [TickStatus.SUCCESS, TickStatus.SKIPPED, TickStatus.FAILURE]
    return list(reversed(instance.get_ticks(origin_id, selector_id, limit=LOOKS, statuses=ended)))


# --- reports that are not written -------------------------------------------------------------------------------------


def stale_reports(instance: DagsterInstance, after: int) -> tuple[list[str], int]:
    """What became too old after an event, by the freshness policy of its asset; and the number of the last event."""
    changed = EventRecordsFilter(DagsterEventType.FRESHNESS_STATE_CHANGE, after_cursor=after)
    records = instance.event_log_storage.get_event_records(changed, ascending=True)
    events = [record.event_log_entry.get_dagster_event().asset_freshness_state_change_data for record in records]
    stale = [event.key.to_user_string() for event in events if event.new_state == FreshnessState.FAIL]
    return stale, records[-1].storage_id if records else after


# --- sensors ----------------------------------------------------------------------------------------------------------


def build(seconds: int) -> list[SensorDefinition]:
    """The sensors, `seconds` between two looks. The cursor of each sees to it that everything is told of once.
    Stopped until switched on."""

    @run_failure_sensor(
        name="tell_of_failures",
        minimum_interval_seconds=seconds,
        monitor_all_code_locations=True,
        description="Tell people of every run that failed and is not tried again.",
    )
    def tell_of_failures(context: RunFailureSensorContext) -> None:
        if not is_tried_again(context.dagster_run):
            notify(notice_of(context.dagster_run, context.instance), context.log.error)

    @run_status_sensor(
        run_status=DagsterRunStatus.SUCCESS,
        name="tell_of_failed_checks",
        minimum_interval_seconds=seconds,
        monitor_all_code_locations=True,
        description="Tell people of the checks that did not pass in a run that went well otherwise.",
    )
    def tell_of_failed_checks(context: RunStatusSensorContext) -> None:
        if notice := checks_notice(context.dagster_run, context.instance):
            notify(notice, context.log.warning)

    @sensor(
        name="tell_of_sensor_errors",
        minimum_interval_seconds=seconds,
        description="Tell people of every sensor and schedule that can't do its work.",
    )
    def tell_of_sensor_errors(context: SensorEvaluationContext) -> SensorResult:
        remembered = {name: InstigatorCursor(**watched) for name, watched in json.loads(context.cursor or "{}").items()}
        kept = {}
        for state in context.instance.all_instigator_state():
            looks = _looks(context.instance, state.instigator_origin_id, state.selector_id)
            errors, watched = news(looks, remembered.get(state.name))
            kept[state.name] = asdict(watched)
            for error in errors:
                tell(Notice(f"{state.name} can't do its work", error), context.log.error)
        return SensorResult(skip_reason=f"looked after {len(kept)} sensors and schedules", cursor=json.dumps(kept))

    @sensor(
        name="tell_of_stale_reports",
        minimum_interval_seconds=seconds,
        description="Tell people of a report that was not written for longer than it should be.",
    )
    def tell_of_stale_reports(context: SensorEvaluationContext) -> SensorResult:
        newest = context.instance.event_log_storage.get_maximum_record_id() or 0
        stale, last = stale_reports(context.instance, int(context.cursor or newest))
        for name in stale:
            tell(Notice(f"{name} is out of date", "it was not written when it should have been"), context.log.error)
        return SensorResult(skip_reason=f"{len(stale)} became too old", cursor=str(last))

    return [tell_of_failures, tell_of_failed_checks, tell_of_sensor_errors, tell_of_stale_reports]
