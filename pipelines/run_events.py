"""What Dagster's event log says of a run.

Belongs here: which use case a run is of, and why it failed or was skipped, in words for people. Does not belong here:
starting runs (`runs`), or whom to notify of them (`sensors`).
"""

from dagster import DagsterEventType, DagsterInstance, DagsterRun, EventLogEntry
from dagster._core.events import JobFailureData
from dagster_shared.error import SerializableErrorInfo

from assets import metadata
from assets.raw_data import SKIPPED
from resources.errors import is_ours
from resources.store.io_manager import PARTITION

_WRAPPERS = (
    *(f"DagsterExecution{what}Error" for what in ("StepExecution", "HandleOutput", "LoadInput")),
    "DagsterResourceFunctionError",
    "SensorExecutionError",
    "ScheduleExecutionError",
)


def subject(run: DagsterRun) -> str:
    """What a run is of: its partition, else its job."""
    return run.tags.get(PARTITION) or run.job_name


def failure_reason(entry: EventLogEntry) -> str:
    """Why a step, or a run, failed; empty where the event says something else."""
    event = entry.dagster_event
    if event is None or event.event_type not in (DagsterEventType.STEP_FAILURE, DagsterEventType.RUN_FAILURE):
        return ""
    if event.event_type == DagsterEventType.STEP_FAILURE and event.step_failure_data.error:
        return f"{event.step_key}: {root_cause(event.step_failure_data.error)}"
    if isinstance(event.event_specific_data, JobFailureData) and event.job_failure_data.error:
        return root_cause(event.job_failure_data.error)
    return event.message or "failed"


def reasons(run: DagsterRun, instance: DagsterInstance) -> list[str]:
    """Why a run failed: of each step that did, else of the run as a whole."""
    of_steps, of_run = (
        [failure_reason(entry) for entry in instance.all_logs(run.run_id, of_type=kind)]
        for kind in (DagsterEventType.STEP_FAILURE, DagsterEventType.RUN_FAILURE)
    )
    return of_steps or of_run


def skip_reason(entry: EventLogEntry) -> str:
    """Why there is no new copy of the raw data; empty where the event says something else."""
    event = entry.dagster_event
    if event is None or event.event_type != DagsterEventType.ASSET_OBSERVATION:
        return ""
    reason = event.asset_observation_data.asset_observation.metadata.get(SKIPPED)
    return str(reason.value) if reason else ""


def remarks(entry: EventLogEntry) -> list[str]:
    """What a step says it left out or changed; empty where the event says something else."""
    event = entry.dagster_event
    if event is None or event.event_type != DagsterEventType.ASSET_MATERIALIZATION:
        return []
    return metadata.sentences_of(event.step_materialization_data.materialization, metadata.REMARKS)


def root_cause(error: SerializableErrorInfo) -> str:
    """What the asset or the sensor itself raised, without Dagster's wrapping; of our own errors the message."""
    while error.cause is not None and error.cls_name in _WRAPPERS:
        error = error.cause
    said = error.message.strip()
    name, _, message = said.partition(": ")
    return message if error.cls_name and name.endswith(error.cls_name) and is_ours(name) else said
