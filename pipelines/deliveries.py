"""Notices deliveries.

Belongs here: the sensor that looks into landing folders and databases, and the decision what a look means. Does not
belong here: what counts as a delivery (`resources.sources`), or what follows once the data is made (`automation`).
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

from assets.raw_data import PASSING
from assets.stages import STAGES, fingerprint, recorded_fingerprint
from industries.catalogue import Catalogue
from industries.definition import UseCase
from industries.feature_code import FeatureCodeError
from pipelines.jobs import data_job
from resources.errors import PermanentError, UnreachableError
from resources.notification import Notice, tell

RAW = STAGES["raw_data"]


@dataclass(frozen=True)
class Look:
    """What one look into a landing folder or a database found.

    Attributes
    ----------
    found: the fingerprint of what lies there; empty where it can't be told, for the reason `why`.
    passing: whether `why` may be gone at the next look. made: the fingerprint of what the latest snapshot was made of.
    event: the number of the last event by which a run made a snapshot, or found that it can't just now.
    """

    found: str = ""
    why: str = ""
    passing: bool = False
    made: str = ""
    event: int = 0


@dataclass(frozen=True)
class Memory:
    """What the last looks came to: the fingerprint that was asked for, after which event; the fault that was told."""

    asked: str = ""
    after: int = 0
    told: str = ""


@dataclass(frozen=True)
class Decision:
    """What to do: ask for a run, tell people about a fault, neither. `memory` replaces the former one."""

    memory: Memory
    ask: bool = False
    tell: str = ""


def decide(look: Look, memory: Memory) -> Decision:
    """A state of a source is asked for once, and a fault is told once, until either changes. Where a run came to
    nothing because the store did not answer it is asked for again; a run that failed is told of, and not repeated.

    With its memory gone it asks for nothing that the snapshots show as made, so forgetting starts no storm of runs.
    """
    if look.passing:
        return Decision(memory)
    if look.why:
        return Decision(replace(memory, told=look.why), tell="" if look.why == memory.told else look.why)
    if look.found == look.made or (look.found, look.event) == (memory.asked, memory.after):
        return Decision(replace(memory, told=""))
    return Decision(Memory(look.found, look.event), ask=True)


def looked(use_case: UseCase, instance: DagsterInstance) -> Look:
    """What the source would deliver, and what the runs came to that looked into it before."""
    wanted = AssetRecordsFilter(AssetKey(RAW.name), asset_partitions=[use_case.key])
    made = instance.fetch_materializations(wanted, limit=1).records
    skipped = [record for record in instance.fetch_observations(wanted, limit=1).records if _passing(record)]
    before = Look(
        made=recorded_fingerprint(made[0].asset_materialization) if made else "",
        event=max((record.storage_id for record in (*made, *skipped)), default=0),
    )
    try:
        return replace(before, found=fingerprint(RAW, use_case, instance))
    except UnreachableError as error:
        return replace(before, why=str(error), passing=True)
    except (PermanentError, FeatureCodeError) as error:
        return replace(before, why=str(error))


def _passing(skipped: EventLogRecord) -> bool:
    """Whether what a run was skipped for may be gone by itself."""
    observed = skipped.asset_observation
    return bool(observed and PASSING in observed.metadata and observed.metadata[PASSING].value)


def build(catalogue: Catalogue, seconds: int) -> SensorDefinition:
    """The sensor over all use cases in service whose source is a landing folder or a database, `seconds` between two
    looks. Stopped until switched on."""
    in_service = [use_case for key, use_case in catalogue.use_cases.items() if key not in catalogue.retired]
    watched = [one for one in in_service if one.source.files or one.source.sql]

    @sensor(
        name="new_deliveries",
        job=data_job,
        minimum_interval_seconds=seconds,
        description="Make the data of a use case whose landing folder or database holds something new: known by its "
        "content, whatever its name or date.",
    )
    def new_deliveries(context: SensorEvaluationContext) -> SensorResult:
        remembered = {key: Memory(**memory) for key, memory in json.loads(context.cursor or "{}").items()}
        requests, kept, faults = [], {}, []
        for use_case in watched:
            look = looked(use_case, context.instance)
            decision = decide(look, remembered.get(use_case.key, Memory()))
            kept[use_case.key] = asdict(decision.memory)
            if decision.ask:
                run_key = f"{use_case.key} {look.found} {look.event}"
                requests.append(RunRequest(run_key, partition_key=use_case.key))
            if decision.tell:
                faults.append(f"{use_case.key}: {decision.tell}")
                tell(Notice(f"{use_case.key}: nothing can be taken from its source", decision.tell), context.log.error)
        nothing = "; ".join(faults) or f"nothing new in {len(watched)} sources"
        return SensorResult(requests, skip_reason=None if requests else nothing, cursor=json.dumps(kept))

    return new_deliveries
