"""Notifies people of deliveries that do not come.

Belongs here: the sensor that compares the age of a use case's data with its `delivered_every_days`. Does not belong
here: noticing what does come (`new_deliveries`), or what is out of date because of it (`freshness`).
"""

import json
import time

from dagster import (
    AssetKey,
    AssetRecordsFilter,
    DagsterInstance,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    sensor,
)

from catalogue.definition import UseCase
from catalogue.reader import Catalogue
from pipelines.notices import tell
from resources import sources
from resources.notification.notice import Notice

DAY_SECONDS = 24 * 3600


def days_overdue(made: float, every_days: float, now: float) -> float:
    """How many days ago a delivery should have followed the one made into data at `made`; 0 where none should have.

    Moments are in seconds since 1970.
    """
    return max((now - made) / DAY_SECONDS - every_days, 0.0)


def build(catalogue: Catalogue, seconds: int) -> SensorDefinition:
    """The sensor over all use cases in service that say how often data come, evaluated every `seconds`. Stopped until
    switched on."""
    expecting = {key: one for key, one in catalogue.in_service.items() if one.delivered_every_days}

    @sensor(
        name="tell_of_overdue_deliveries",
        minimum_interval_seconds=seconds,
        description="Tell people, once each, of data that are older than `delivered_every_days` in use_case.yaml.",
    )
    def tell_of_overdue_deliveries(context: SensorEvaluationContext) -> SensorResult:
        reported: dict[str, float] = json.loads(context.cursor or "{}")
        late = _late(expecting, context.instance, time.time())
        known = {
            key: made
            for key, made in late.items()
            if reported.get(key) == made or tell(_notice(expecting[key], made), context.log.error)
        }
        skip = f"{len(late)} of {len(expecting)} use cases wait for data that should have come"
        return SensorResult(skip_reason=skip, cursor=json.dumps(known))

    return tell_of_overdue_deliveries


def _late(expecting: dict[str, UseCase], instance: DagsterInstance, now: float) -> dict[str, float]:
    """When the latest data of each use case that is overdue were made; one that never had any is not."""
    made = {key: _made(key, instance) for key in expecting}
    return {
        key: at
        for key, at in made.items()
        if at is not None and days_overdue(at, expecting[key].delivered_every_days or 0, now)
    }


def _made(key: str, instance: DagsterInstance) -> float | None:
    wanted = AssetRecordsFilter(AssetKey("raw_data"), asset_partitions=[key])
    records = instance.fetch_materializations(wanted, limit=1).records
    return records[0].timestamp if records else None


def _notice(use_case: UseCase, made: float) -> Notice:
    at = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(made))
    expected = f"a delivery is expected every {use_case.delivered_every_days:g} days"
    waits = sources.waiting(use_case)
    text = f"The latest data were made on {at}; {expected}." + (f" {waits}" if waits else "")
    return Notice(f"{use_case.key}: a delivery is overdue", text)
