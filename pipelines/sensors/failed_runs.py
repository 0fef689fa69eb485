"""Notifies people of runs that failed.

Belongs here: the sensor, and what its notice says. Does not belong here: how a notice reaches people
(`resources.notification`), or why a run failed (`run_events`).
"""

from dagster import (
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    RunFailureSensorContext,
    RunsFilter,
    SensorDefinition,
    run_failure_sensor,
)

from catalogue.reader import Catalogue
from pipelines.notices import asked_of, links, tell, unexplained
from pipelines.run_events import reasons, subject
from resources.notification.notice import Notice
from resources.store.io_manager import PARTITION

WILL_RETRY = "dagster/will_retry"
ASKED = "put right what is named; what was published before stays as it is"
RECENT = 50
"""Runs of one job and use case among which a failed one is found, with the one before it."""
SUCCESS, FAILURE = DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE


def notice_of(run: DagsterRun, instance: DagsterInstance, catalogue: Catalogue) -> Notice:
    """Which run of what failed, where, why, and what that asks of whom."""
    asked = asked_of(subject(run), catalogue, ASKED)
    text = [*reasons(run, instance), asked, *links(subject(run), run.run_id)]
    return Notice(f"{subject(run)} failed", "\n".join(text), severity="error")


def is_news(run: DagsterRun, instance: DagsterInstance) -> bool:
    """Whether a failed run is not tried again, and people were not told the same of the run before it."""
    if is_retried(run):
        return False
    of_subject = {PARTITION: run.tags[PARTITION]} if PARTITION in run.tags else {}
    ended = RunsFilter(job_name=run.job_name, tags=of_subject, statuses=[SUCCESS, FAILURE])
    runs = [one for one in instance.get_runs(ended, limit=RECENT) if not is_retried(one)]
    places = [place for place, one in enumerate(runs) if one.run_id == run.run_id]
    before = runs[places[0] + 1] if places and places[0] + 1 < len(runs) else None
    return before is None or before.status == SUCCESS or reasons(before, instance) != reasons(run, instance)


def is_retried(run: DagsterRun) -> bool:
    """Whether Dagster starts a failed run anew by itself; one from the command line never is."""
    return run.tags.get(WILL_RETRY) == "true" and run.remote_job_origin is not None


def build(catalogue: Catalogue, seconds: int) -> SensorDefinition:
    """The sensor over all runs, evaluated every `seconds`. Stopped until switched on."""

    @run_failure_sensor(
        name="tell_of_failures",
        minimum_interval_seconds=seconds,
        monitor_all_code_locations=True,
        description="Tell people of every run that failed, is not tried again, and says something new.",
    )
    def tell_of_failures(context: RunFailureSensorContext) -> None:
        notice = _news_of(context.dagster_run, context.instance, catalogue)
        if notice:
            tell(notice, context.log.error)

    return tell_of_failures


def _news_of(run: DagsterRun, instance: DagsterInstance, catalogue: Catalogue) -> Notice | None:
    try:
        return notice_of(run, instance, catalogue) if is_news(run, instance) else None
    except Exception as error:  # noqa: BLE001  of whatever kind, a failed run is told of
        return unexplained(f"{subject(run)} failed", error, run.run_id)
