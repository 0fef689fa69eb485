"""What Dagster's instance knows of the artefacts in the state folder.

Belongs here: reading its records of them, for whoever keeps the two in step. Does not belong here: the artefacts
themselves (`versions`), or removing records (`pipelines.retention`).
"""

from collections.abc import Sequence

from dagster import AssetKey, AssetRecordsFilter, DagsterEventType, DagsterInstance, EventLogRecord


def latest_materializations(instance: DagsterInstance, key: AssetKey) -> Sequence[EventLogRecord]:
    """The latest materialisation of each partition of an asset, those of retired partitions included."""
    storage = instance.event_log_storage
    latest = storage.get_latest_storage_id_by_partition(key, DagsterEventType.ASSET_MATERIALIZATION)
    wanted = AssetRecordsFilter(key, storage_ids=list(latest.values())) if latest else AssetRecordsFilter(key)
    return instance.fetch_materializations(wanted, limit=max(len(latest), 1)).records
