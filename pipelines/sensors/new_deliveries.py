"""Notices deliveries.

Belongs here: the sensor that looks into landing folders and databases, for rows to learn from and rows to predict, and
the decision what a look means. Does not belong here: what counts as a delivery (`resources.sources`), or what follows
once the data is made (`automation`).
"""

import json
from dataclasses import asdict, dataclass, replace

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
from assets.raw_data import TRANSIENT
from assets.stages import PREDICTIONS, STAGES, fingerprint, recorded_fingerprint
from catalogue.definition import UseCase
from catalogue.feature_code import FeatureCodeError
from catalogue.reader import Catalogue
from pipelines.jobs import data_job, prediction_job
from resources.errors import PermanentError, UnreachableError
from resources.notification import Notice, tell

RAW = STAGES["raw_data"]


@dataclass(frozen=True)
class WatchedSource:
    """A landing folder or a database: whose, the asset made of what lies there, and the job that makes it."""

    use_case: UseCase
    asset: str
    job: str

    @property
    def name(self) -> str:
        """Under which it is remembered."""
        return self.use_case.key if self.asset == RAW.name else f"{self.use_case.key} {self.asset}"

    def fingerprint(self, instance: DagsterInstance) -> str:
        """Of what would be made now. Raises PermanentError, UnreachableError: as the asset would."""
        if self.asset == RAW.name:
            return fingerprint(RAW, self.use_case, instance)
        return predictions_fingerprint(self.use_case, instance)


@dataclass(frozen=True)
class SourceState:
    """What one look into a landing folder or a database found.

    Attributes
    ----------
    found: the fingerprint of what lies there; empty where it can't be told, for the reason `why`.
    passing: whether `why` may be gone at the next look. made: the fingerprint of what the latest asset was made of.
    event: the number of the last event by which a run made the asset, or found that it can't just now.
    """

    found: str = ""
    why: str = ""
    passing: bool = False
    made: str = ""
    event: int = 0


@dataclass(frozen=True)
class SourceCursor:
    """What the last looks came to: the fingerprint that was asked for, after which event, and how many times any was
    asked for; the fault that was told."""

    asked: str = ""
    after: int = 0
    told: str = ""
    times: int = 0


@dataclass(frozen=True)
class TickDecision:
    """What to do: ask for a run, tell people about a fault, neither. `memory` replaces the former one."""

    memory: SourceCursor
    ask: bool = False
    tell: str = ""


def decide(look: SourceState, memory: SourceCursor) -> TickDecision:
    """A state of a source is asked for once, and a fault is told once, until either changes. Where a run came to
    nothing because the store did not answer it is asked for again; a run that failed is told of, and not repeated.

    With its memory gone it asks for nothing that the snapshots show as made, so forgetting starts no storm of runs.
    """
    if look.passing:
        return TickDecision(memory)
    if look.why:
        return TickDecision(replace(memory, told=look.why), tell="" if look.why == memory.told else look.why)
    if look.found == look.made or (look.found, look.event) == (memory.asked, memory.after):
        return TickDecision(replace(memory, told=""))
    return TickDecision(SourceCursor(look.found, look.event, times=memory.times + 1), ask=True)


def source_state(watched: WatchedSource, instance: DagsterInstance) -> SourceState:
    """What lies there now, and what the runs came to that looked into it before."""
    wanted = AssetRecordsFilter(AssetKey(watched.asset), asset_partitions=[watched.use_case.key])
    made = instance.fetch_materializations(wanted, limit=1).records
    skipped = [record for record in instance.fetch_observations(wanted, limit=1).records if _passing(record)]
    before = SourceState(
        made=recorded_fingerprint(made[0].asset_materialization) if made else "",
        event=max((record.storage_id for record in (*made, *skipped)), default=0),
    )
    try:
        return replace(before, found=watched.fingerprint(instance))
    except UnreachableError as error:
        return replace(before, why=str(error), passing=True)
    except (PermanentError, FeatureCodeError) as error:
        return replace(before, why=str(error))


def _passing(skipped: EventLogRecord) -> bool:
    """Whether what a run was skipped for may be gone by itself."""
    observed = skipped.asset_observation
    return bool(observed and TRANSIENT in observed.metadata and observed.metadata[TRANSIENT].value)


def build(catalogue: Catalogue, seconds: int) -> SensorDefinition:
    """The sensor over all use cases in service whose rows, to learn from or to predict, come from a landing folder or a
    database, `seconds` between two looks. Stopped until switched on."""
    in_service = [use_case for key, use_case in catalogue.use_cases.items() if key not in catalogue.retired]
    watched = [WatchedSource(one, RAW.name, data_job.name) for one in in_service if one.source.files or one.source.sql]
    watched += [WatchedSource(one, PREDICTIONS.name, prediction_job.name) for one in in_service if one.predict]

    @sensor(
        name="new_deliveries",
        jobs=[data_job, prediction_job],
        minimum_interval_seconds=seconds,
        description="Make the data of a use case whose landing folder or database holds something new: known by its "
        "content, whatever its name or date. Predict where rows to be predicted are new, or the model that serves is.",
    )
    def new_deliveries(context: SensorEvaluationContext) -> SensorResult:
        remembered = {key: SourceCursor(**memory) for key, memory in json.loads(context.cursor or "{}").items()}
        requests, kept, faults = [], {}, []
        for source in watched:
            look = source_state(source, context.instance)
            decision = decide(look, remembered.get(source.name, SourceCursor()))
            kept[source.name] = asdict(decision.memory)
            if decision.ask:
                run_key = f"{source.name} {look.found} {look.event} {decision.memory.times}"
                requests.append(RunRequest(run_key, job_name=source.job, partition_key=source.use_case.key))
            if decision.tell:
                faults.append(f"{source.name}: {decision.tell}")
                tell(Notice(f"{source.name}: nothing can be taken from its source", decision.tell), context.log.error)
        nothing = "; ".join(faults) or f"nothing new in {len(watched)} sources"
        return SensorResult(requests, skip_reason=None if requests else nothing, cursor=json.dumps(kept))

    return new_deliveries
