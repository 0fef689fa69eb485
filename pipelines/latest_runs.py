"""How the work on a use case went last.

Belongs here: finding its latest run, and what that says of the newest delivery. Does not belong here: why a run failed
(`run_events`), or what follows (`sensors`, `health`).
"""

from collections.abc import Collection

from dagster import AssetKey, DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.definitions.asset_selection import KeysAssetSelection
from dagster._core.storage.dagster_run import FINISHED_STATUSES

from pipelines.jobs import JOBS
from resources.store.io_manager import PARTITION

SELECTED = {job.name: job.selection.selected_keys for job in JOBS if isinstance(job.selection, KeysAssetSelection)}
RECENT = 50
"""Runs of a use case among which there is one of each asset, if any is of now."""


def latest_run(instance: DagsterInstance, key: str, asset: str, *, ended: bool = False) -> DagsterRun | None:
    """The latest run that was to make an asset of a use case; `ended`: of those that are over.

    A run that trains on the former delivery says nothing of the new one, which another run refused.
    """
    statuses = list(FINISHED_STATUSES) if ended else []
    runs = instance.get_runs(RunsFilter(tags={PARTITION: key}, statuses=statuses), limit=RECENT)
    return next((run for run in runs if AssetKey(asset) in _asked_of(run)), None)


def _asked_of(run: DagsterRun) -> Collection[AssetKey]:
    """The assets that a run was to make: those that it names, else all of its job."""
    return run.asset_selection or SELECTED.get(run.job_name, ())


def has_failed(run: DagsterRun | None) -> bool:
    """Whether a run ended in a failure."""
    return run is not None and run.status == DagsterRunStatus.FAILURE
