"""Requests runs for deliveries.

Belongs here: the sensor that polls landing folders and databases, for rows to learn from and rows to predict, and the
decision what follows from one poll. Does not belong here: what counts as a delivery (`resources.sources`), how sources
are asked side by side (`polls`), the catalogue of now (`current_catalogue`), or what follows once the data is made
(`automation`).
"""

import json
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any, Self

from dagster import (
    AssetKey,
    AssetMaterialization,
    AssetRecordsFilter,
    DagsterInstance,
    EventLogRecord,
    RunRequest,
    SensorDefinition,
    SensorEvaluationContext,
    SensorResult,
    sensor,
)

from assets.latest_runs import has_failed, latest_run
from assets.predictions import predictions_fingerprint
from assets.raw_data import skipped_for_now
from assets.stages import PREDICTIONS, STAGES, as_written, digest, look, recorded_fingerprint, recorded_look
from catalogue import feature_code
from catalogue.definition import UseCase
from catalogue.feature_code import FeatureCodeError
from catalogue.reader import Catalogue
from pipelines.current_catalogue import CurrentCatalogue, faults_of
from pipelines.jobs import data_job, prediction_job
from pipelines.notices import tell
from pipelines.polls import Polls
from resources import sources
from resources.errors import PermanentError, UnreachableError
from resources.notification.notice import Notice
from resources.secrets import without_secrets
from resources.store.materializations import version_made
from resources.store.state import State

RAW = STAGES["raw_data"]
POLL_SECONDS = 40.0
"""How long a tick waits for its sources. Dagster gives up a tick after 60 s, and then none is taken."""
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
        """Of what would be made now, as far as a look shows. Raises PermanentError, UnreachableError: as the asset
        would."""
        of = look if self.asset == RAW.name else predictions_fingerprint
        return of(self.use_case, instance)

    def recorded(self, made: AssetMaterialization | None) -> str:
        """The same of what was made."""
        return recorded_look(made) if self.asset == RAW.name else recorded_fingerprint(made)

    def definition(self) -> str:
        """The digest of all that the use case's files say. Raises FeatureCodeError: `features.py` can't be read."""
        return digest(as_written(self.use_case), feature_code.load(self.use_case.folder).digest)

    def waiting(self) -> str:
        """What files wait for that were dropped and are not whole; empty where none does."""
        return sources.waiting(self.use_case if self.asset == RAW.name else self.use_case.unlabelled)


@dataclass(frozen=True)
class SourceState:
    """What one poll of a landing folder or a database found.

    Attributes
    ----------
    found: the fingerprint of what lies there; empty where `error` says why it can't be read.
    transient: whether the next tick may find the error gone.
    waiting: what dropped files wait for that are not whole; empty where none does.
    made: the fingerprint of what the latest materialisation was made of. gone: whether its files are not there, as on a
        machine that shares the history and not the folder.
    event: the number of the last event by which a run materialised the asset, or met a transient error.
    refused: whether the last run on it failed. definition: the digest of what `use_case.yaml` and `features.py` say;
        empty while a run is under way, which may have read what they said before.
    """

    found: str = ""
    error: str = ""
    transient: bool = False
    waiting: str = ""
    made: str = ""
    gone: bool = False
    event: int = 0
    refused: bool = False
    definition: str = ""


@dataclass(frozen=True)
class SourceCursor:
    """What earlier ticks did about a source.

    Attributes
    ----------
    requested: the fingerprint that the last run was requested for, and `after_event`, the last event before that.
    reported: the error that people were last notified of.
    requests: how many runs were requested.
    definition: the digest of what the use case's files said at the last look.
    """

    requested: str = ""
    after_event: int = 0
    reported: str = ""
    requests: int = 0
    definition: str = ""

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

    What was made and is gone is requested once, too. Where a run met a transient error, another is requested; a run
    that failed is reported by its own sensor, and repeated only once the use case's definition was changed. Without a
    cursor nothing is requested that is materialised already and there, so a reset starts no storm of runs.
    """
    if state.transient:
        return TickDecision(cursor)
    if state.error:
        news = "" if state.error == cursor.reported else state.error
        return TickDecision(replace(cursor, reported=state.error), report=news)
    seen = state.definition or cursor.definition
    corrected = state.refused and cursor.definition not in ("", seen)
    as_made = state.found == state.made and (not state.gone or state.found == cursor.requested)
    if not corrected and (as_made or (state.found, state.event) == (cursor.requested, cursor.after_event)):
        return TickDecision(replace(cursor, reported="", definition=seen))
    requested = SourceCursor(state.found, state.event, requests=cursor.requests + 1, definition=seen)
    return TickDecision(requested, request=True)


def source_state(source: PolledSource, instance: DagsterInstance, home: State) -> SourceState:
    """What lies there now, and what came of earlier runs."""
    wanted = AssetRecordsFilter(AssetKey(source.asset), asset_partitions=[source.use_case.key])
    made = instance.fetch_materializations(wanted, limit=1).records
    skipped = [record for record in instance.fetch_observations(wanted, limit=1).records if _is_transient(record)]
    before = SourceState(
        made=source.recorded(made[0].asset_materialization) if made else "",
        gone=any(_is_gone(source, record.asset_materialization, home) for record in made),
        event=max((record.storage_id for record in (*made, *skipped)), default=0),
    )
    run = latest_run(instance, source.use_case.key, source.asset)
    try:
        return replace(
            before,
            found=source.fingerprint(instance),
            waiting=source.waiting(),
            refused=has_failed(run),
            definition=source.definition() if run is None or run.is_finished else "",
        )
    except UnreachableError as error:
        return replace(before, error=str(error), transient=True)
    except (PermanentError, FeatureCodeError) as error:
        return replace(before, error=without_secrets(str(error)))


def _polled(catalogue: Catalogue) -> list[PolledSource]:
    in_service = list(catalogue.in_service.values())
    polled = [PolledSource(one, RAW.name, data_job.name) for one in in_service if one.source.files or one.source.sql]
    return polled + [PolledSource(one, PREDICTIONS.name, prediction_job.name) for one in in_service if one.predict]


def _unanswered() -> SourceState:
    """Of a source that is not done with its answer when a tick ends."""
    return SourceState(
        error=f"did not answer within {POLL_SECONDS:g} s, and is asked again once it has", transient=True
    )


def _is_gone(source: PolledSource, made: AssetMaterialization | None, home: State) -> bool:
    place = version_made(home, source.asset, source.use_case.key, made)
    return place is not None and not place.is_dir()


def _is_transient(skipped: EventLogRecord) -> bool:
    observed = skipped.asset_observation
    return bool(observed and skipped_for_now(observed))


def _run_request(source: PolledSource, state: SourceState, cursor: SourceCursor) -> RunRequest:
    """Dagster never starts two runs of one run key, so it names the state and counts the requests."""
    run_key = f"{source.name} {state.found} {state.event} {cursor.requests}"
    return RunRequest(run_key, job_name=source.job, partition_key=source.use_case.key)


def _notice(source: PolledSource, error: str) -> Notice:
    return Notice(f"{source.name}: nothing can be taken from its source", error, severity="error")


def build(catalogue: Catalogue, seconds: int) -> SensorDefinition:
    """The sensor over all use cases in service whose rows, to learn from or to predict, come from a landing folder or a
    database, evaluated every `seconds`. Stopped until switched on."""
    current = CurrentCatalogue(catalogue)
    known = _polled(catalogue)
    polls: Polls[SourceState] = Polls(POLL_SECONDS)

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
        instance, home = context.instance, State()
        now = current.read()
        polled = [source for source in _polled(now) if source.use_case.key in catalogue.use_cases]
        spoilt = [source for source in known if source.use_case.key not in now.use_cases]
        states = polls.answers({one.name: partial(source_state, one, instance, home) for one in polled})
        states |= {one.name: SourceState(error=faults_of(one.use_case.key, now)) for one in spoilt}
        requests, kept, found = [], {}, []
        for source in (*polled, *spoilt):
            former = cursors.get(source.name, SourceCursor())
            state = states.get(source.name) or _unanswered()
            decision = decide(state, former)
            if decision.request:
                requests.append(_run_request(source, state, decision.cursor))
            told = not decision.report or tell(_notice(source, decision.report), context.log.error)
            kept[source.name] = asdict(decision.cursor if told else former)
            if text := state.error if state.transient else decision.report or state.waiting:
                found.append(f"{source.name}: {text}")
        otherwise = "; ".join(found) or f"nothing new in {len(polled)} sources"
        if requests and found:
            context.log.info(otherwise)
        return SensorResult(requests, skip_reason=None if requests else otherwise, cursor=json.dumps(kept))

    return new_deliveries
