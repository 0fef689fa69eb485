"""Notifies people of runs that failed.

Belongs here: the sensor, and what its notice says. Does not belong here: how a notice reaches people
(`resources.notification`), or why a run failed (`run_events`).
"""

from dagster import (
    DagsterInstance,
    DagsterRun,
    RunFailureSensorContext,
    SensorDefinition,
    run_failure_sensor,
)

from catalogue.reader import Catalogue
from pipelines.notices import links, tell
from pipelines.run_events import reasons, subject
from resources.notification.notice import Notice

WILL_RETRY = "dagster/will_retry"


def notice_of(run: DagsterRun, instance: DagsterInstance) -> Notice:
    """Which run of what failed, where, and why."""
    text = [*reasons(run, instance), *links(subject(run), run.run_id)]
    return Notice(f"{subject(run)} failed", "\n".join(text), severity="error")


def is_retried(run: DagsterRun) -> bool:
    """Whether Dagster starts a failed run anew by itself; one from the command line never is."""
    return run.tags.get(WILL_RETRY) == "true" and run.remote_job_origin is not None


def build(catalogue: Catalogue, seconds: int) -> SensorDefinition:
    """The sensor over all runs, evaluated every `seconds`. Stopped until switched on."""

    @run_failure_sensor(
        name="tell_of_failures",
        minimum_interval_seconds=seconds,
        monitor_all_code_locations=True,
        description="Tell people of every run that failed and is not tried again.",
    )
    def tell_of_failures(context: RunFailureSensorContext) -> None:
        if not is_retried(context.dagster_run):
            tell(notice_of(context.dagster_run, context.instance), context.log.error)

    return tell_of_failures
