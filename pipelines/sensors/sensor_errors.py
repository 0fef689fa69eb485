"""Notifies people of sensors and schedules whose ticks fail.

Belongs here: the sensor, and which errors of other instigators (Dagster's word for both) are new. Does not belong here:
how a notice reaches people (`resources.notification`), or sources that can't be read (`new_deliveries`).
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Self

from dagster import DagsterInstance, SensorDefinition, SensorEvaluationContext, SensorResult, sensor
from dagster._core.scheduler.instigation import InstigatorState, InstigatorTick, TickStatus

from catalogue.reader import Catalogue
from pipelines.notices import tell
from pipelines.run_events import root_cause
from resources.notification.notice import Notice

MAX_TICKS = 100
"""The most ticks of one instigator that are read at once: more than it has between two of ours."""
FORMER_KEYS = {"look": "tick", "told": "reported"}
"""In cursors written by earlier versions."""


@dataclass(frozen=True)
class InstigatorCursor:
    """Of a sensor or schedule: the number of its last tick that was read, and the error last reported."""

    tick: int = 0
    reported: str = ""

    @classmethod
    def from_stored(cls, content: dict[str, Any]) -> Self:
        """From the JSON of any version: former keys are read too."""
        return cls(**{FORMER_KEYS.get(key, key): value for key, value in content.items()})


def new_errors(ticks: Sequence[InstigatorTick], before: InstigatorCursor | None) -> tuple[list[str], InstigatorCursor]:
    """The errors to report, and the next cursor. `ticks` have all ended, the oldest first.

    An error is reported once, until another one comes or a tick succeeds. Without a cursor only the last tick counts.
    """
    cursor = before or InstigatorCursor()
    reported, errors = cursor.reported, []
    for tick in ticks if before else ticks[-1:]:
        if tick.tick_id <= cursor.tick:
            continue
        error = root_cause(tick.error) if tick.error else ""
        if error and error != reported:
            errors.append(error)
        reported = error
    return errors, InstigatorCursor(ticks[-1].tick_id if ticks else cursor.tick, reported)


def _ended_ticks(instance: DagsterInstance, state: InstigatorState) -> list[InstigatorTick]:
    ended = [TickStatus.SUCCESS, TickStatus.SKIPPED, TickStatus.FAILURE]
    latest_first = instance.get_ticks(state.instigator_origin_id, state.selector_id, limit=MAX_TICKS, statuses=ended)
    return list(reversed(latest_first))


def build(catalogue: Catalogue, seconds: int) -> SensorDefinition:
    """The sensor over all sensors and schedules, evaluated every `seconds`. Stopped until switched on."""

    @sensor(
        name="tell_of_sensor_errors",
        minimum_interval_seconds=seconds,
        description="Tell people of every sensor and schedule that can't do its work.",
    )
    def tell_of_sensor_errors(context: SensorEvaluationContext) -> SensorResult:
        stored = json.loads(context.cursor or "{}")
        cursors = {name: InstigatorCursor.from_stored(content) for name, content in stored.items()}
        kept: dict[str, InstigatorCursor | None] = {}
        for state in context.instance.all_instigator_state():
            former = cursors.get(state.name)
            errors, cursor = new_errors(_ended_ticks(context.instance, state), former)
            told = [
                tell(Notice(f"{state.name} can't do its work", error, severity="error"), context.log.error)
                for error in errors
            ]
            kept[state.name] = cursor if all(told) else former
        next_cursor = json.dumps({name: asdict(cursor) for name, cursor in kept.items() if cursor})
        return SensorResult(skip_reason=f"checked {len(kept)} sensors and schedules", cursor=next_cursor)

    return tell_of_sensor_errors
