"""What people are told of, once each.

Belongs here: the sensor that follows failed runs and what its notice says. Does not belong here: how a notice reaches
people (`resources.notification`), or faults of landing folders (`deliveries`).
"""

from dagster import (
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    RunFailureSensorContext,
    SensorDefinition,
    run_failure_sensor,
)

from pipelines.runs import cause
from resources.notification import Notice, notify

PARTITION = "dagster/partition"


def notice_of(run: DagsterRun, instance: DagsterInstance) -> Notice:
    """Which run of what failed, where, and why."""
    what = run.tags.get(PARTITION) or run.job_name
    steps = [entry.dagster_event for entry in instance.all_logs(run.run_id, of_type=DagsterEventType.STEP_FAILURE)]
    reasons = [
        f"{event.step_key}: {cause(event.step_failure_data.error)}"
        for event in steps
        if event and event.step_failure_data.error
    ]
    return Notice(f"{what} failed", "\n".join([*(reasons or ["the run's process ended"]), f"run {run.run_id}"]))


def build() -> SensorDefinition:
    """The sensor over every run. Its own cursor sees to it that each is told of once."""

    @run_failure_sensor(
        name="tell_of_failures", monitor_all_code_locations=True, description="Tell people of every run that failed."
    )
    def tell_of_failures(context: RunFailureSensorContext) -> None:
        notify(notice_of(context.dagster_run, context.instance), context.log.error)

    return tell_of_failures
