"""Notices deliveries.

Belongs here: the sensor that looks into landing folders, and the decision what a look means. Does not belong here: what
counts as a delivery (`resources.sources.landing`), or what follows once the data is made (`automation`).
"""

import json
from collections.abc import Callable
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
from resources.notification import Notice, NotificationError, notify

RAW = STAGES["raw_data"]


@dataclass(frozen=True)
class Look:
    """What one look into a landing folder found.

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
    """What the last looks came to: the fingerprint that was asked for, after which event, and how many times any was
    asked for; the fault that was told."""

    asked: str = ""
    after: int = 0
    told: str = ""
    times: int = 0


@dataclass(frozen=True)
class Decision:
    """What to do: ask for a run, tell people about a fault, neither. `memory` replaces the former one."""

    memory: Memory
    ask: bool = False
    tell: str = ""


def decide(look: Look, memory: Memory) -> Decision:
    """A state of a folder is asked for once, and a fault is told once, until either changes. Where a run came to
    nothing because the store did not answer it is asked for again; a run that failed is told of, and not repeated.

    With its memory gone it asks for nothing that the snapshots show as made, so forgetting starts no storm of runs.
    """
    if look.passing:
        return Decision(memory)
    if look.why:
        return Decision(replace(memory, told=look.why), tell="" if look.why == memory.told else look.why)
    if look.found == look.made or (look.found, look.event) == (memory.asked, memory.after):
        return Decision(replace(memory, told=""))
    return Decision(Memory(look.found, look.event, times=memory.times + 1), ask=True)


def looked(use_case: UseCase, instance: DagsterInstance) -> Look:
    """What lies in the landing folder, and what the runs came to that looked into it before."""
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


def _tell(key: str, fault: str, log: Callable[[str], None]) -> None:
    """A notice that reaches nobody must not hold up other deliveries."""
    try:
        notify(Notice(f"{key}: nothing can be taken from its landing folder", fault), log)
    except NotificationError as error:
        log(str(error))


def build(catalogue: Catalogue, seconds: int) -> SensorDefinition:
    """The sensor over all use cases whose source is a landing folder, `seconds` between two looks. Stopped until
    switched on."""
    watched = [use_case for use_case in catalogue.use_cases.values() if use_case.source.files]

    @sensor(
        name="new_deliveries",
        job=data_job,
        minimum_interval_seconds=seconds,
        description="Make the data of a use case whose landing folder holds something new: known by its content, "
        "whatever its name or date.",
    )
    def new_deliveries(context: SensorEvaluationContext) -> SensorResult:
        remembered = {key: Memory(**memory) for key, memory in json.loads(context.cursor or "{}").items()}
        requests, kept, faults = [], {}, []
        for use_case in watched:
            look = looked(use_case, context.instance)
            decision = decide(look, remembered.get(use_case.key, Memory()))
            kept[use_case.key] = asdict(decision.memory)
            if decision.ask:
                run_key = f"{use_case.key} {look.found} {look.event} {decision.memory.times}"
                requests.append(RunRequest(run_key, partition_key=use_case.key))
            if decision.tell:
                faults.append(f"{use_case.key}: {decision.tell}")
                _tell(use_case.key, decision.tell, context.log.error)
        nothing = "; ".join(faults) or f"nothing new in {len(watched)} landing folders"
        return SensorResult(requests, skip_reason=None if requests else nothing, cursor=json.dumps(kept))

    return new_deliveries
