"""Requests training where a delivery has drifted and the use case says `on_drift: retrain`.

Belongs here: the sensor, and when a drifted delivery still waits for new models. Does not belong here: measuring drift
(`modeling.drift`), or training because there are new rows, whatever they hold (`automation`).
"""

from dagster import (
    AssetKey,
    AssetRecordsFilter,
    DagsterInstance,
    EventLogRecord,
    RunRequest,
    RunsFilter,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    sensor,
)
from dagster._core.storage.dagster_run import NOT_FINISHED_STATUSES

from assets.drift import retraining_requested
from assets.stages import DRIFT, STAGES
from catalogue.reader import Catalogue
from pipelines.jobs import use_case_job
from resources.store.io_manager import PARTITION

AFTER_DATA = [AssetKey(name) for name, stage in STAGES.items() if stage.group != "data"]


def unanswered_run(key: str, instance: DagsterInstance) -> str:
    """The run that measured drift beyond a bound, while no model has been evaluated since and no run is in progress;
    else empty."""
    compared, evaluated = (_latest(asset, key, instance) for asset in (DRIFT, "evaluation"))
    if compared is None or (evaluated and evaluated.storage_id > compared.storage_id):
        return ""
    made = compared.asset_materialization
    in_progress = RunsFilter(tags={PARTITION: key}, statuses=NOT_FINISHED_STATUSES)
    return compared.run_id if made and retraining_requested(made) and not instance.get_runs_count(in_progress) else ""


def _latest(asset: str, key: str, instance: DagsterInstance) -> EventLogRecord | None:
    wanted = AssetRecordsFilter(AssetKey(asset), asset_partitions=[key])
    return next(iter(instance.fetch_materializations(wanted, limit=1).records), None)


def build(catalogue: Catalogue, seconds: int) -> SensorDefinition:
    """The sensor over the use cases in service that say `on_drift: retrain`, evaluated every `seconds`. Stopped until
    switched on."""
    keys = [key for key, use_case in catalogue.in_service.items() if use_case.drift.on_drift == "retrain"]

    @sensor(
        name="retrain_on_drift",
        job=use_case_job,
        minimum_interval_seconds=seconds,
        description="Train and judge anew where a delivery has drifted and the use case says `on_drift: retrain`: once "
        "a delivery, without waiting for a schedule.",
    )
    def retrain_on_drift(context: SensorEvaluationContext) -> SensorResult:
        unanswered = {key: run for key in keys if (run := unanswered_run(key, context.instance))}
        requests = [
            RunRequest(f"{key} {run}", partition_key=key, asset_selection=AFTER_DATA) for key, run in unanswered.items()
        ]
        return SensorResult(requests, skip_reason=None if requests else f"no drift to answer in {len(keys)} use cases")

    return retrain_on_drift
