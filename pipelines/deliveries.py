"""Notices deliveries.

Belongs here: the sensor that looks into landing folders, of rows to learn from and of rows to predict, and the decision
what a look means. Does not belong here: what counts as a delivery (`resources.sources.landing`), or what follows once
the data is made (`automation`).
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

from assets.predictions import predictions_fingerprint
from assets.stages import PREDICTIONS, STAGES, fingerprint, recorded_fingerprint
from industries.catalogue import Catalogue
from industries.definition import UseCase
from pipelines.jobs import data_job, predictions_job
from resources.errors import PermanentError, UnreachableError
from resources.notification import Notice, NotificationError, notify

RAW = STAGES["raw_data"]


@dataclass(frozen=True)
class Watched:
    """A landing folder: whose, the asset made of what lies there, and the job that makes it."""

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
class Look:
    """What one look into a landing folder found.

    Attributes
    ----------
    found: the fingerprint of what lies there; empty where it can't be told, for the reason `why`.
    passing: whether `why` may be gone at the next look. made: the fingerprint of what the latest asset was made of.
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


def looked(watched: Watched, instance: DagsterInstance) -> tuple[Look, int]:
    """What lies in the landing folder, and the number of the event that made the latest asset of it."""
    wanted = AssetRecordsFilter(AssetKey(watched.asset), asset_partitions=[watched.use_case.key])
    records = instance.fetch_materializations(wanted, limit=1).records
    made = recorded_fingerprint(records[0].asset_materialization) if records else ""
    event = records[0].storage_id if records else 0
    try:
        return Look(found=watched.fingerprint(instance), made=made), event
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
    """The sensor over all landing folders, of rows to learn from and of rows to predict. Stopped until switched on."""
    use_cases = catalogue.use_cases.values()
    watched = [Watched(use_case, RAW.name, data_job.name) for use_case in use_cases if use_case.source.files]
    watched += [Watched(use_case, PREDICTIONS.name, predictions_job.name) for use_case in use_cases if use_case.predict]

    @sensor(
        name="new_deliveries",
        jobs=[data_job, predictions_job],
        minimum_interval_seconds=30,
        description="Make the data of a use case whose landing folder holds something new: known by its content, "
        "whatever its name or date. Predict where rows to be predicted are new, or the model that serves is.",
    )
    def new_deliveries(context: SensorEvaluationContext) -> SensorResult:
        remembered = {key: Memory(**memory) for key, memory in json.loads(context.cursor or "{}").items()}
        requests, kept, faults = [], {}, []
        for folder in watched:
            look, event = looked(folder, context.instance)
            decision = decide(look, remembered.get(folder.name, Memory()))
            kept[folder.name] = asdict(decision.memory)
            if decision.ask:
                run_key = f"{folder.name} {look.found} {event}"
                requests.append(RunRequest(run_key, job_name=folder.job, partition_key=folder.use_case.key))
            if decision.tell:
                faults.append(f"{folder.name}: {decision.tell}")
                _tell(folder.name, decision.tell, context.log.error)
        nothing = "; ".join(faults) or f"nothing new in {len(watched)} landing folders"
        return SensorResult(requests, skip_reason=None if requests else nothing, cursor=json.dumps(kept))

    return new_deliveries
