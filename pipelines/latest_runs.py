"""How the work on a use case went last.

Belongs here: finding its latest run, and what that says of the newest delivery. Does not belong here: why a run failed
(`run_events`), or what follows (`sensors`, `health`).
"""

from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.storage.dagster_run import FINISHED_STATUSES

from pipelines.jobs import prediction_job
from resources.store.io_manager import PARTITION

RECENT = 10
"""Runs of a use case among which there is one of each kind, if any is of now."""


def latest_run(instance: DagsterInstance, key: str, *, predicts: bool, ended: bool = False) -> DagsterRun | None:
    """The latest run of a use case that predicted, or else made its data or models; `ended`: of those that are over."""
    statuses = list(FINISHED_STATUSES) if ended else []
    runs = instance.get_runs(RunsFilter(tags={PARTITION: key}, statuses=statuses), limit=RECENT)
    return next((run for run in runs if (run.job_name == prediction_job.name) == predicts), None)


def has_failed(run: DagsterRun | None) -> bool:
    """Whether a run ended in a failure."""
    return run is not None and run.status == DagsterRunStatus.FAILURE
