"""How the work on a use case went last.

Belongs here: finding its latest run, and which of its latest runs failed. Does not belong here: why a run failed
(`pipelines.run_events`), or what follows (`status_report`, `pipelines.sensors`, `pipelines.health`).
"""

from collections.abc import Collection

from dagster import AssetKey, DagsterEventType, DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter
from dagster._core.storage.dagster_run import FINISHED_STATUSES

from assets.stages import PREDICTIONS
from resources.store.io_manager import PARTITION

ABOUT = ("raw_data", "evaluation", PREDICTIONS.name)
"""What the runs of a use case are about: its data, its models, and rows to predict. One that trains on the former
delivery says nothing of the new one, which another run refused."""
RECENT = 50
"""Runs of a use case among which there is one about each, if any is of now."""


def latest_run(instance: DagsterInstance, key: str, asset: str, *, ended: bool = False) -> DagsterRun | None:
    """The latest run that was to make an asset of a use case; `ended`: of those that are over."""
    statuses = list(FINISHED_STATUSES) if ended else []
    runs = instance.get_runs(RunsFilter(tags={PARTITION: key}, statuses=statuses), limit=RECENT)
    return next((run for run in runs if AssetKey(asset) in _planned(run, instance)), None)


def failures(instance: DagsterInstance, key: str) -> list[DagsterRun]:
    """The latest runs of a use case about each of `ABOUT` that are over, those that failed."""
    runs = [latest_run(instance, key, asset, ended=True) for asset in ABOUT]
    return list({run.run_id: run for run in runs if run is not None and has_failed(run)}.values())


def has_failed(run: DagsterRun | None) -> bool:
    """Whether a run ended in a failure."""
    return run is not None and run.status == DagsterRunStatus.FAILURE


def _planned(run: DagsterRun, instance: DagsterInstance) -> Collection[AssetKey | None]:
    """The assets that a run was to make: those that it names, or all of its job."""
    if run.asset_selection:
        return run.asset_selection
    entries = instance.all_logs(run.run_id, of_type=DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
    return [entry.dagster_event.asset_key for entry in entries if entry.dagster_event]
