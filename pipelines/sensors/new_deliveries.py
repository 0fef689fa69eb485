"""Requests runs for deliveries.

Belongs here: the sensor that polls landing folders and databases, for rows to learn from and rows to predict, and the
decision what follows from one poll. Does not belong here: what counts as a delivery (`resources.sources`), or what
follows once the data is made (`automation`).
"""

import json
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from dagster import (
    AssetKey,
    AssetRecordsFilter,
    DagsterInstance,
    EventLogRecord,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    sensor,
)

from assets.predictions import predictions_fingerprint
from assets.raw_data import skipped_for_now
from assets.stages import PREDICTIONS, STAGES, fingerprint, recorded_fingerprint
from catalogue.definition import UseCase
from catalogue.feature_code import FeatureCodeError
from catalogue.reader import Catalogue
from pipelines.jobs import data_job, prediction_job
from resources.errors import PermanentError, UnreachableError
from resources.notification import Notice, notify_or_log

RAW = STAGES["raw_data"]
FORMER_KEYS = {"asked": "requested", "after": "after_event", "told": "reported", "times": "requests"}
"""In cursors written by earlier versions."""


@dataclass(frozen=True)
class PolledSource:
    """A landing folder or a database: whose, the asset made of what lies there, and the job that makes it."""

    use_case: UseCase
    asset: str
    job: str

    @property
    def name(self) -> str:
        """The key of its cursor."""
        return self.use_case.key if self.asset == RAW.name else f"{self.use_case.key} {self.asset}"

    def fingerprint(self, instance: DagsterInstance) -> str:
        """Of what would be made now. Raises PermanentError, UnreachableError: as the asset would."""
        if self.asset == RAW.name:
            return fingerprint(RAW, self.use_case, instance)
        return predictions_fingerprint(self.use_case, instance)


@dataclass(frozen=True)
class SourceState:
    """What one poll of a landing folder or a database found.

    Attributes
    ----------
    found: the fingerprint of what lies there; empty where `error` says why it can't be read.
    transient: whether the next tick may find the error gone.
    made: the fingerprint of what the latest materialisation was made of.
    event: the number of the last event by which a run materialised the asset, or met a transient error.
    """

    found: str = ""
    error: str = ""
    transient: bool = False
    made: str = ""
    event: int = 0


@dataclass(frozen=True)
class SourceCursor:
    """What earlier ticks did about a source.

    Attributes
    ----------
    requested: the fingerprint that the last run was requested for, and `after_event`, the last event before that.
    reported: the error that people were last notified of.
    requests: how many runs were requested.
    """

    requested: str = ""
    after_event: int = 0
    reported: str = ""
    requests: int = 0

    @classmethod
    def from_stored(cls, content: dict[str, Any]) -> Self:
        """From the JSON of any version: former keys are read too."""
        return cls(**{FORMER_KEYS.get(key, key): value for key, value in content.items()})


@dataclass(frozen=True)
class TickDecision:
    """Whether to request a run, the error to report, if any, and the next cursor."""

    cursor: SourceCursor
    request: bool = False
    report: str = ""


def decide(state: SourceState, cursor: SourceCursor) -> TickDecision:
    """Request a run once for each state of a source, and report an error once, until either changes.

    Where a run met a transient error, another is requested; a run that failed is reported by its own sensor, and not
    repeated. Without a cursor nothing is requested that is materialised already, so a reset starts no storm of runs.
    """
    if state.transient:
        return TickDecision(cursor)
    if state.error:
        news = "" if state.error == cursor.reported else state.error
        return TickDecision(replace(cursor, reported=state.error), report=news)
    if state.found == state.made or (state.found, state.event) == (cursor.requested, cursor.after_event):
        return TickDecision(replace(cursor, reported=""))
    return TickDecision(SourceCursor(state.found, state.event, requests=cursor.requests + 1), request=True)


def source_state(source: PolledSource, instance: DagsterInstance) -> SourceState:
    """What lies there now, and what came of earlier runs."""
    wanted = AssetRecordsFilter(AssetKey(source.asset), asset_partitions=[source.use_case.key])
    made = instance.fetch_materializations(wanted, limit=1).records
    skipped = [record for record in instance.fetch_observations(wanted, limit=1).records if _is_transient(record)]
    before = SourceState(
        made=recorded_fingerprint(made[0].asset_materialization) if made else "",
        event=max((record.storage_id for record in (*made, *skipped)), default=0),
    )
    try:
        return replace(before, found=source.fingerprint(instance))
    except UnreachableError as error:
        return replace(before, error=str(error), transient=True)
    except (PermanentError, FeatureCodeError) as error:
        return replace(before, error=str(error))


def _is_transient(skipped: EventLogRecord) -> bool:
    observed = skipped.asset_observation
    return bool(observed and skipped_for_now(observed))


def _run_request(source: PolledSource, state: SourceState, cursor: SourceCursor) -> RunRequest:
    """Dagster never starts two runs of one run key, so it names the state and counts the requests."""
    run_key = f"{source.name} {state.found} {state.event} {cursor.requests}"
    return RunRequest(run_key, job_name=source.job, partition_key=source.use_case.key)


def build(catalogue: Catalogue, seconds: int) -> SensorDefinition:
    """The sensor over all use cases in service whose rows, to learn from or to predict, come from a landing folder or a
    database, evaluated every `seconds`. Stopped until switched on."""
    in_service = list(catalogue.in_service.values())
    sources = [PolledSource(one, RAW.name, data_job.name) for one in in_service if one.source.files or one.source.sql]
    sources += [PolledSource(one, PREDICTIONS.name, prediction_job.name) for one in in_service if one.predict]

    @sensor(
        name="new_deliveries",
        jobs=[data_job, prediction_job],
        minimum_interval_seconds=seconds,
        description="Make the data of a use case whose landing folder or database holds something new: known by its "
        "content, whatever its name or date. Predict where rows to be predicted are new, or the model that serves is.",
    )
    def new_deliveries(context: SensorEvaluationContext) -> SensorResult:
        stored = json.loads(context.cursor or "{}")
        cursors = {name: SourceCursor.from_stored(content) for name, content in stored.items()}
        requests, kept, errors = [], {}, []
        for source in sources:
            state = source_state(source, context.instance)
            decision = decide(state, cursors.get(source.name, SourceCursor()))
            kept[source.name] = asdict(decision.cursor)
            if decision.request:
                requests.append(_run_request(source, state, decision.cursor))
            if decision.report:
                errors.append(f"{source.name}: {decision.report}")
                notify_or_log(
                    Notice(f"{source.name}: nothing can be taken from its source", decision.report), context.log.error
                )
        nothing = "; ".join(errors) or f"nothing new in {len(sources)} sources"
        return SensorResult(requests, skip_reason=None if requests else nothing, cursor=json.dumps(kept))

    return new_deliveries
