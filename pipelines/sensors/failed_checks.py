"""Notifies people of asset checks that failed in a run that succeeded.

Belongs here: the sensor, and what its notice says. Does not belong here: how a notice reaches people
(`resources.notification`), or the checks (`assets`).
"""

from dagster import (
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    RunStatusSensorContext,
    SensorDefinition,
    run_status_sensor,
)

from catalogue.reader import Catalogue
from pipelines.run_events import subject
from resources.notification import Notice, notify


def checks_notice(run: DagsterRun, instance: DagsterInstance) -> Notice | None:
    """Which checks of a run failed, and why; None where all passed."""
    entries = instance.all_logs(run.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION)
    evaluations = [entry.dagster_event.asset_check_evaluation_data for entry in entries if entry.dagster_event]
    reasons = [f"{check.check_name}: {check.description}" for check in evaluations if not check.passed]
    return Notice(f"{subject(run)}: checks failed", "\n".join([*reasons, f"run {run.run_id}"])) if reasons else None


def build(catalogue: Catalogue, seconds: int) -> SensorDefinition:
    """The sensor over all runs, evaluated every `seconds`. Stopped until switched on."""

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

    return tell_of_failed_checks
