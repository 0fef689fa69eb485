"""Notifies people of reports that became older than their freshness policy allows.

Belongs here: the sensor, and reading the changes of freshness that Dagster's daemon records. Does not belong here: the
policies (`assets.reports`), or how a notice reaches people (`resources.notification`).
"""

from dagster import (
    DagsterEventType,
    DagsterInstance,
    EventRecordsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    sensor,
)
from dagster._core.definitions.freshness import FreshnessState

from catalogue.reader import Catalogue
from pipelines.notices import tell
from resources.notification.notice import Notice


def stale_since(instance: DagsterInstance, event: int) -> tuple[list[str], int]:
    """The assets whose freshness policy failed after an event, by its number, and the number of the last event."""
    changed = EventRecordsFilter(DagsterEventType.FRESHNESS_STATE_CHANGE, after_cursor=event)
    records = instance.event_log_storage.get_event_records(changed, ascending=True)
    changes = [record.event_log_entry.get_dagster_event().asset_freshness_state_change_data for record in records]
    stale = [change.key.to_user_string() for change in changes if change.new_state == FreshnessState.FAIL]
    return stale, records[-1].storage_id if records else event


def _notice(name: str) -> Notice:
    return Notice(f"{name} is out of date", "it was not written when it should have been")


def build(catalogue: Catalogue, seconds: int) -> SensorDefinition:
    """The sensor over all assets with a freshness policy, evaluated every `seconds`. Stopped until switched on."""

    @sensor(
        name="tell_of_stale_reports",
        minimum_interval_seconds=seconds,
        description="Tell people of a report that was not written for longer than it should be.",
    )
    def tell_of_stale_reports(context: SensorEvaluationContext) -> SensorResult:
        former = int(context.cursor or context.instance.event_log_storage.get_maximum_record_id() or 0)
        stale, last = stale_since(context.instance, former)
        told = [tell(_notice(name), context.log.error) for name in stale]
        return SensorResult(skip_reason=f"{len(stale)} became too old", cursor=str(last if all(told) else former))

    return tell_of_stale_reports
