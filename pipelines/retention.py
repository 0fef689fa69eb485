"""Forgets old runs.

Belongs here: which finished runs may be deleted, the job that deletes them, and its schedule. Ticks are kept for as
long as `dagster.yaml` says.
"""

from datetime import UTC, datetime, timedelta

from dagster import (
    AssetKey,
    AssetRecordsFilter,
    DagsterInstance,
    DagsterRunStatus,
    JobDefinition,
    OpExecutionContext,
    RunsFilter,
    ScheduleDefinition,
    in_process_executor,
    job,
    op,
)

from assets.stages import INDUSTRY_REPORT, MARKET_ENTRY_REPORT, PREDICTIONS, QUARANTINE, STAGES
from industries.catalogue import Catalogue

KEPT = timedelta(days=90)
FINISHED = [DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED]


def forgettable(catalogue: Catalogue, instance: DagsterInstance, before: datetime) -> list[str]:
    """Finished runs created before a moment that made no partition's current artefact.

    Deleting a run deletes its events, and the latest materialisation of a partition says whether it is up to date.
    """
    needed = {_latest_run(instance, asset, partition) for asset, partition in _made(catalogue)}
    old = instance.get_runs(RunsFilter(statuses=FINISHED, created_before=before))
    return [run.run_id for run in old if run.run_id not in needed]


def _made(catalogue: Catalogue) -> list[tuple[str, str | None]]:
    of_use_cases = [(asset, key) for asset in (*STAGES, QUARANTINE, PREDICTIONS.name) for key in catalogue.use_cases]
    of_industries = [(INDUSTRY_REPORT, key) for key in catalogue.industries]
    return [*of_use_cases, *of_industries, (MARKET_ENTRY_REPORT, None)]


def _latest_run(instance: DagsterInstance, asset: str, partition: str | None) -> str | None:
    wanted = AssetRecordsFilter(AssetKey(asset), asset_partitions=[partition] if partition else None)
    records = instance.fetch_materializations(wanted, limit=1).records
    return records[0].run_id if records else None


def build(catalogue: Catalogue) -> tuple[JobDefinition, ScheduleDefinition]:
    """The job that forgets old runs, and its weekly schedule, stopped until switched on."""

    @op
    def forget_old_runs(context: OpExecutionContext) -> None:
        runs = forgettable(catalogue, context.instance, datetime.now(UTC) - KEPT)
        for run_id in runs:
            context.instance.delete_run(run_id)
        context.log.info(f"forgot {len(runs)} runs older than {KEPT.days} days")

    @job(executor_def=in_process_executor, description=f"Delete finished runs older than {KEPT.days} days.")
    def run_retention() -> None:
        forget_old_runs()

    schedule = ScheduleDefinition(name="weekly_run_retention", job=run_retention, cron_schedule="0 2 * * 0")
    return run_retention, schedule
