"""What Dagster's instance knows of the artefacts in the state folder.

Belongs here: reading its records of them, for whoever keeps the two in step. Does not belong here: the artefacts
themselves (`versions`), or removing records (`pipelines.retention`).
"""

from collections.abc import Sequence
from pathlib import Path

from dagster import (
    AssetKey,
    AssetMaterialization,
    AssetRecordsFilter,
    DagsterEventType,
    DagsterInstance,
    EventLogRecord,
)

from resources.store.state import VERSIONS, State

PATH = "path"
"""The metadata key of the version's folder. Of a state folder that was moved only the last part is true."""


def latest_materializations(instance: DagsterInstance, key: AssetKey) -> Sequence[EventLogRecord]:
    """The latest materialisation of each partition of an asset, those of retired partitions included."""
    storage = instance.event_log_storage
    latest = storage.get_latest_storage_id_by_partition(key, DagsterEventType.ASSET_MATERIALIZATION)
    wanted = AssetRecordsFilter(key, storage_ids=list(latest.values())) if latest else AssetRecordsFilter(key)
    return instance.fetch_materializations(wanted, limit=max(len(latest), 1)).records


def version_made(
    state: State, asset: str, partition: str | None, materialization: AssetMaterialization | None
) -> Path | None:
    """The folder of the version that a materialisation made, whether or not it is there; None where it made none."""
    said = materialization.metadata.get(PATH) if materialization else None
    return state.artefact(asset, partition) / VERSIONS / Path(str(said.value)).name if said else None
