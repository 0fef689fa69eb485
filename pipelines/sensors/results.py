"""Notifies people of what runs that went well changed: verdicts, and checks that fail and did not before.

Belongs here: the sensor, and when use cases that were made for the first time are told together. Does not belong here:
what is news (`pipelines.news`), or runs that failed (`failed_runs`).
"""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Final, Literal, Self

from dagster import (
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    RunsFilter,
    RunStatusChangeRecordsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    sensor,
)
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from catalogue.reader import Catalogue
from pipelines.news import digest, is_first, notice_of
from pipelines.notices import tell, unexplained
from pipelines.run_events import subject
from resources.notification.notice import Notice

MOST_RUNS = 50
"""That are looked at in one tick."""
QUIET_SECONDS, LONGEST_SECONDS = 180.0, 6 * 3600.0
"""Use cases that were made for the first time are told in one notice: once none came for so long and no run is in
progress, or the first of them waits for so long."""

FIRST: Final = "first"
"""A run that made something for the first time, which is told of later."""


@dataclass(frozen=True)
class ResultsCursor:
    """The number of the last event that was looked at, and when each use case that waits for the digest was made, in
    seconds since 1970."""

    event: int
    first: dict[str, float] = field(default_factory=dict)

    @classmethod
    def from_stored(cls, stored: str | None, instance: DagsterInstance) -> Self:
        """As it was kept, also by the run status sensor that an earlier version had; else from the latest run on."""
        content = json.loads(stored) if stored else {}
        if "record_id" in content:
            return cls(int(content["record_id"]))
        return cls(**content) if content else cls(_latest_event(instance))


def is_due(first: dict[str, float], now: float, *, in_progress: bool) -> bool:
    """Whether the use cases that were made for the first time are to be told of."""
    if not first:
        return False
    quiet = now - max(first.values()) >= QUIET_SECONDS and not in_progress
    return quiet or now - min(first.values()) >= LONGEST_SECONDS


def _latest_event(instance: DagsterInstance) -> int:
    latest = instance.fetch_run_status_changes(DagsterEventType.RUN_SUCCESS, limit=1).records
    return latest[0].storage_id if latest else 0


def build(catalogue: Catalogue, seconds: int) -> SensorDefinition:
    """The sensor over all runs, evaluated every `seconds`. Stopped until switched on."""

    @sensor(
        name="tell_of_failed_checks",
        minimum_interval_seconds=seconds,
        description="Tell people of verdicts that changed and of checks that fail and did not before, and once, in one "
        "notice, of all use cases that were made for the first time.",
    )
    def tell_of_results(context: SensorEvaluationContext) -> SensorResult:
        before = ResultsCursor.from_stored(context.cursor, context.instance)
        cursor = _tell_together(_tell_of_runs(before, context, catalogue), context, catalogue)
        skip = f"{len(cursor.first)} use cases that were made for the first time are told of together, later"
        return SensorResult(skip_reason=skip, cursor=json.dumps(asdict(cursor)))

    return tell_of_results


def _tell_of_runs(cursor: ResultsCursor, context: SensorEvaluationContext, catalogue: Catalogue) -> ResultsCursor:
    """Tell what the runs since the last tick changed, up to the first notice that can't be kept."""
    instance = context.instance
    after = RunStatusChangeRecordsFilter(DagsterEventType.RUN_SUCCESS, after_storage_id=cursor.event)
    for record in instance.fetch_run_status_changes(after, ascending=True, limit=MOST_RUNS).records:
        run = instance.get_run_by_id(record.run_id)
        first = dict(cursor.first)
        if run is not None and subject(run) in catalogue.use_cases:
            news = _news_of(run, instance, catalogue)
            if isinstance(news, Notice) and not tell(news, context.log.warning):
                return cursor
            first |= {subject(run): record.timestamp} if news == FIRST else {}
        cursor = ResultsCursor(record.storage_id, first)
    return cursor


def _news_of(run: DagsterRun, instance: DagsterInstance, catalogue: Catalogue) -> Notice | Literal["first"] | None:
    try:
        return FIRST if is_first(run, instance) else notice_of(run, instance, catalogue)
    except Exception as error:  # noqa: BLE001  of whatever kind, the news of later runs do not wait for it
        return unexplained(f"{subject(run)}: a run went well", error, run.run_id)


def _tell_together(cursor: ResultsCursor, context: SensorEvaluationContext, catalogue: Catalogue) -> ResultsCursor:
    """Tell of the use cases that were made for the first time, once they all were."""
    in_progress = context.instance.get_runs_count(RunsFilter(statuses=NOT_FINISHED_STATUSES)) > 0
    if not is_due(cursor.first, time.time(), in_progress=in_progress):
        return cursor
    told = tell(_digest_of(sorted(cursor.first), catalogue, context.instance), context.log.info)
    return replace(cursor, first={}) if told else cursor


def _digest_of(keys: Sequence[str], catalogue: Catalogue, instance: DagsterInstance) -> Notice:
    try:
        return digest(keys, catalogue, instance)
    except Exception as error:  # noqa: BLE001  without a cursor, what was told before would be told at every tick
        return unexplained(f"{len(keys)} use cases were made for the first time: {', '.join(keys)}", error)
