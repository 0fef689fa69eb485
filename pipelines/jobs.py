"""The jobs, and when they run by themselves.

Belongs here: asset jobs and schedules. One run is one use case in one process: importing the heavy libraries costs more
than a small step, so the steps of a run share them, and runs go side by side through the run queue.
"""

from collections.abc import Iterator

from dagster import (
    AssetSelection,
    RunRequest,
    ScheduleDefinition,
    define_asset_job,
    in_process_executor,
    schedule,
)

from assets.partitions import Partitions
from assets.stages import (
    BESIDE_VALIDATED_DATA,
    INDUSTRY_REPORT,
    MARKET_ENTRY_REPORT,
    PREDICTIONS,
    STAGES,
    STATUS_REPORT,
)

DATA_STAGES = [name for name, stage in STAGES.items() if stage.group == "data"]

use_case_job = define_asset_job(
    "use_case",
    selection=AssetSelection.assets(*STAGES, *BESIDE_VALIDATED_DATA, PREDICTIONS.name),
    description="Everything about one use case, from raw data to its report.",
    executor_def=in_process_executor,
)
data_job = define_asset_job(
    "data",
    selection=AssetSelection.assets(*DATA_STAGES, *BESIDE_VALIDATED_DATA),
    description="The data of one use case, up to its features; nothing is trained.",
    executor_def=in_process_executor,
)
prediction_job = define_asset_job(
    "prediction",
    selection=AssetSelection.assets(PREDICTIONS.name),
    description="What the model that serves answers to the rows delivered without a target; nothing is trained.",
    executor_def=in_process_executor,
)
industry_job = define_asset_job(
    "industry",
    selection=AssetSelection.assets(INDUSTRY_REPORT),
    description="The report on one industry.",
    executor_def=in_process_executor,
)
market_entry_job = define_asset_job(
    "market_entry",
    selection=AssetSelection.assets(MARKET_ENTRY_REPORT),
    description="The comparison of the industries.",
    executor_def=in_process_executor,
)
status_job = define_asset_job(
    "status",
    selection=AssetSelection.assets(STATUS_REPORT),
    description="The start page: every use case with its verdict.",
    executor_def=in_process_executor,
)
JOBS = [use_case_job, data_job, prediction_job, industry_job, market_entry_job, status_job]


def schedules(partitions: Partitions) -> list[ScheduleDefinition]:
    """Weekly retraining of everything, and the reports that sum it up a day later. Stopped until switched on."""

    @schedule(
        name="weekly_retraining",
        job=use_case_job,
        cron_schedule="0 3 * * 1",
        description="Retrain every use case that is not retired.",
    )
    def weekly_retraining() -> Iterator[RunRequest]:
        yield from (RunRequest(partition_key=key) for key in partitions.active)

    @schedule(
        name="weekly_industry_reports",
        job=industry_job,
        cron_schedule="0 3 * * 2",
        description="Sum up every industry, the day after retraining.",
    )
    def weekly_industry_reports() -> Iterator[RunRequest]:
        yield from (RunRequest(partition_key=key) for key in partitions.industries.get_partition_keys())

    weekly_market_entry_report = ScheduleDefinition(
        name="weekly_market_entry_report",
        job=market_entry_job,
        cron_schedule="0 6 * * 2",
        description="Compare the industries, after their reports.",
    )
    return [weekly_retraining, weekly_industry_reports, weekly_market_entry_report]
