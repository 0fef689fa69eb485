"""Notifies people of asset checks that failed in a run that succeeded, and of champions that are held back.

Belongs here: the sensor, and what its notices say. A champion that misses a gate is a result, not a failed check:
people are told when that changes, not every time it is judged. Does not belong here: how a notice reaches people
(`resources.notification`), or the checks (`assets`).
"""

from dagster import (
    AssetCheckEvaluation,
    AssetKey,
    AssetMaterialization,
    AssetRecordsFilter,
    DagsterEventType,
    DagsterInstance,
    DagsterRun,
    DagsterRunStatus,
    RunStatusSensorContext,
    SensorDefinition,
    run_status_sensor,
)

from assets import evaluation, published_model
from catalogue.reader import Catalogue
from pipelines.run_events import subject
from resources.notification import Notice, notify
from resources.store.io_manager import PARTITION


def checks_notice(run: DagsterRun, instance: DagsterInstance) -> Notice | None:
    """Which checks of a run failed, and why; None where all passed. Gates are left to `verdict_notice`."""
    entries = instance.all_logs(run.run_id, of_type=DagsterEventType.ASSET_CHECK_EVALUATION)
    checks = [entry.dagster_event.asset_check_evaluation_data for entry in entries if entry.dagster_event]
    reasons = [f"{check.check_name}: {check.description}" for check in checks if not check.passed and not _gate(check)]
    return Notice(f"{subject(run)}: checks failed", "\n".join([*reasons, f"run {run.run_id}"])) if reasons else None


def _gate(check: AssetCheckEvaluation) -> bool:
    return check.asset_key.path[-1] == evaluation.STAGE.name or check.check_name == published_model.TAKES_OVER


def verdict_notice(run: DagsterRun, instance: DagsterInstance) -> Notice | None:
    """Why the champion that a run judged is held back; None where it is not, or the gates it misses are those that the
    one before it missed."""
    judged = AssetRecordsFilter(AssetKey(evaluation.STAGE.name), asset_partitions=[run.tags.get(PARTITION, "")])
    latest, *before = instance.fetch_materializations(judged, limit=2).records or [None]
    if latest is None or latest.run_id != run.run_id or latest.asset_materialization is None:
        return None
    missed = _said(latest.asset_materialization, evaluation.HELD_BACK_BY)
    if not missed or [missed] == [_said(one.asset_materialization, evaluation.HELD_BACK_BY) for one in before if one]:
        return None
    reason = _said(latest.asset_materialization, evaluation.REASON)
    return Notice(f"{subject(run)}: the champion is held back", f"{reason}\nrun {run.run_id}")


def _said(judged: AssetMaterialization | None, key: str) -> str:
    value = judged.metadata.get(key) if judged else None
    return str(value.value) if value else ""


def build(catalogue: Catalogue, seconds: int) -> SensorDefinition:
    """The sensor over all runs, evaluated every `seconds`. Stopped until switched on."""

    @run_status_sensor(
        run_status=DagsterRunStatus.SUCCESS,
        name="tell_of_failed_checks",
        minimum_interval_seconds=seconds,
        monitor_all_code_locations=True,
        description="Tell people of the checks that did not pass in a run that went well otherwise, and of champions "
        "that are held back for another reason than before.",
    )
    def tell_of_failed_checks(context: RunStatusSensorContext) -> None:
        for of in (checks_notice, verdict_notice):
            if notice := of(context.dagster_run, context.instance):
                notify(notice, context.log.warning)

    return tell_of_failed_checks
