"""Notices deliveries.

Belongs here: the sensor that looks into landing folders, and the decision what a look means. Does not belong here: what
counts as a delivery (`resources.sources.landing`), or what follows once the data is made (`automation`).
"""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass

from dagster import (
    AssetKey,
    AssetRecordsFilter,
    DagsterInstance,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    sensor,
)

from assets.stages import STAGES, fingerprint, recorded_fingerprint
from industries.catalogue import Catalogue
from industries.definition import UseCase
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
    """

    found: str = ""
    why: str = ""
    passing: bool = False
    made: str = ""


@dataclass(frozen=True)
class Memory:
    """What the last looks came to: the fingerprint that was asked for, and the fault that was told."""

    asked: str = ""
    told: str = ""


@dataclass(frozen=True)
class Decision:
    """What to do: ask for a run, tell people about a fault, neither. `memory` replaces the former one."""

    memory: Memory
    ask: bool = False
    tell: str = ""


def decide(look: Look, memory: Memory) -> Decision:
    """A state of a folder is asked for once, and a fault is told once, until either changes.

    With its memory gone it asks for nothing that the snapshots show as made, so forgetting starts no storm of runs.
    """
    if look.passing:
        return Decision(memory)
    if look.why:
        return Decision(Memory(memory.asked, look.why), tell="" if look.why == memory.told else look.why)
    if look.found in (look.made, memory.asked):
        return Decision(Memory(memory.asked))
    return Decision(Memory(look.found), ask=True)


def looked(use_case: UseCase, instance: DagsterInstance) -> tuple[Look, int]:
    """What lies in the landing folder, and the number of the event that made the latest snapshot."""
    wanted = AssetRecordsFilter(AssetKey(RAW.name), asset_partitions=[use_case.key])
    records = instance.fetch_materializations(wanted, limit=1).records
    made = recorded_fingerprint(records[0].asset_materialization) if records else ""
    event = records[0].storage_id if records else 0
    try:
        return Look(found=fingerprint(RAW, use_case, instance), made=made), event
    except UnreachableError as error:
        return Look(why=str(error), passing=True, made=made), event
    except PermanentError as error:
        return Look(why=str(error), made=made), event


def _tell(key: str, fault: str, log: Callable[[str], None]) -> None:
    """A notice that reaches nobody must not hold up other deliveries."""
    try:
        notify(Notice(f"{key}: nothing can be taken from its landing folder", fault), log)
    except NotificationError as error:
        log(str(error))


def build(catalogue: Catalogue) -> SensorDefinition:
    """The sensor over all use cases in service whose source is a landing folder. Stopped until switched on."""
    in_service = [use_case for key, use_case in catalogue.use_cases.items() if key not in catalogue.retired]
    watched = [use_case for use_case in in_service if use_case.source.files]

    @sensor(
        name="new_deliveries",
        job=data_job,
        minimum_interval_seconds=30,
        description="Make the data of a use case whose landing folder holds something new: known by its content, "
        "whatever its name or date.",
    )
    def new_deliveries(context: SensorEvaluationContext) -> SensorResult:
        remembered = {key: Memory(**memory) for key, memory in json.loads(context.cursor or "{}").items()}
        requests, kept, faults = [], {}, []
        for use_case in watched:
            look, event = looked(use_case, context.instance)
            decision = decide(look, remembered.get(use_case.key, Memory()))
            kept[use_case.key] = asdict(decision.memory)
            if decision.ask:
                run_key = f"{use_case.key} {look.found} {event}"
                requests.append(RunRequest(run_key, partition_key=use_case.key))
            if decision.tell:
                faults.append(f"{use_case.key}: {decision.tell}")
                _tell(use_case.key, decision.tell, context.log.error)
        nothing = "; ".join(faults) or f"nothing new in {len(watched)} landing folders"
        return SensorResult(requests, skip_reason=None if requests else nothing, cursor=json.dumps(kept))

    return new_deliveries
