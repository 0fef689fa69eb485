"""`raw_data`: one immutable copy of what a source delivers.

Belongs here: the asset. Fetching and reading is `resources.sources`; joining members and simulating rows is
the use case's `features.py`.
"""

from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl
from dagster import (
    AssetCheckResult,
    AssetExecutionContext,
    AssetObservation,
    AssetsDefinition,
    DagsterInstance,
    DataVersion,
    Output,
    ResourceParam,
    asset,
)

from assets import deliveries, metadata
from assets.installation import NotInstalled, check_installed
from assets.partitions import Partitions
from assets.stages import (
    FINGERPRINT,
    LOOK,
    OWNERS,
    STAGES,
    TAKEN,
    digest,
    fingerprint,
    latest,
    look,
    recorded_files,
)
from catalogue import feature_code
from catalogue.definition import Simulation, UseCase
from catalogue.reader import Catalogue
from modeling.artefacts.table import TABLE
from modeling.core.leakage import look_ahead
from modeling.core.record import LeakageFinding
from resources import sources
from resources.errors import PermanentError, UnreachableError
from resources.sources import Cache, Former, TakenFiles, database, settle
from resources.store import versions
from resources.store.state import State
from resources.store.versions import content_digest

STAGE = STAGES["raw_data"]
SKIPPED = "skipped"
"""Metadata key of the observation that says why there is no new copy."""
TRANSIENT, FORMER_TRANSIENT = "transient", "may pass by itself"
"""Metadata key beside it, and as it was called before: a store that does not answer may do so soon, an extra does not
install itself."""
ORIGIN = "origin"
"""Metadata key: a digest of the database and the query that incremental rows came from; only to those are others added.
"""

SEEN_LATE = {
    "rows that change in place": "are seen by the next `sectorforge run`, or a day later; at once where `changed_by` "
    "names a column that shows it"
}
"""Metadata, for people, of a database in which no column shows changes."""
LOOK_AHEAD = "look_ahead"
"""Metadata key: whether `assemble` gives rows what came after them, a finding of the leakage audit. Only here are the
members at hand."""


class AssemblyError(PermanentError):
    """The use case's `assemble` fails on what the source delivered."""


class SimulationError(PermanentError):
    """The use case's `simulate` fails, or makes no rows."""


def skipped_for_now(observed: AssetObservation) -> bool:
    """Whether the error that made no new copy may be gone by itself."""
    value = observed.metadata.get(TRANSIENT, observed.metadata.get(FORMER_TRANSIENT))
    return bool(value and value.value)


def build(catalogue: Catalogue, partitions: Partitions) -> AssetsDefinition:
    """The asset `raw_data`."""

    @asset(
        partitions_def=partitions.use_cases,
        group_name=STAGE.group,
        code_version=STAGE.version,
        kinds={"polars", "parquet"},
        output_required=False,
        check_specs=[deliveries.spec(partitions)],
        description="One immutable copy of the raw table, named by its content digest. An unreachable source, or an "
        "extra that is not installed, makes no new copy: the steps after it are skipped and the reason is an "
        "observation.",
    )
    def raw_data(
        context: AssetExecutionContext, home: ResourceParam[State]
    ) -> Iterator[AssetCheckResult | Output[pl.DataFrame]]:
        use_case = catalogue.use_cases[context.partition_key]
        try:
            check_installed(use_case)
            settle(use_case)
            if waits := sources.waiting(use_case):
                context.log.warning(waits)
            last = latest(context.instance, STAGE.name, use_case.key)
            before = recorded_files(last)
            files = sources.delivered(use_case, before)
            looked = _looked(use_case, context.instance, context.log.warning) if sources.is_read_whole(use_case) else {}
            as_it_was = fingerprint(STAGE, use_case, context.instance)
            held = _held(use_case, home, context.instance)
            former = deliveries.former(last, use_case)
            cache = Cache.from_environment(home.cache)
            frame, finding, remarks, dropped = audited(use_case, cache, context.log.info, held, before, former)
        except UnreachableError as error:
            context.log.warning(f"skipped: {error}")
            why = {SKIPPED: str(error), TRANSIENT: not isinstance(error, NotInstalled)}
            observed = AssetObservation("raw_data", partition=use_case.key, metadata=why)
            context.log_event(observed)
            yield deliveries.unread(latest(context.instance, STAGE.name, use_case.key))
            return
        version = content_digest(frame)
        yield Output(
            frame,
            data_version=DataVersion(version),
            metadata={
                FINGERPRINT: as_it_was,
                **looked,
                **({TAKEN: files} if files else {}),
                "version": version,
                "licence": use_case.source.licence,
                "citation": use_case.source.citation,
                "evidence": use_case.source.evidence,
                OWNERS: catalogue.industries[use_case.industry].owners,
                LOOK_AHEAD: finding.model_dump(mode="json"),
                metadata.REMARKS: metadata.sentences(remarks),
                **deliveries.recorded(dropped),
                **_origin(use_case),
                **metadata.table(frame),
            },
        )
        yield deliveries.check(dropped)

    return raw_data


def _looked(use_case: UseCase, instance: DagsterInstance, log: Callable[[str], None]) -> dict[str, str]:
    """What a look at the source finds, for the sensor; nothing, and why, where a look fails: the rows may be read all
    the same."""
    try:
        return {LOOK: look(use_case, instance, patient=True), **SEEN_LATE}
    except (sources.SourceError, sources.DatabaseAway) as error:
        log(f"what the sensor would see of this source is not known: {error}")
        return {}


def _origin(use_case: UseCase) -> dict[str, str]:
    """`ORIGIN` of an incremental source; empty for any other."""
    sql = use_case.source.sql
    return {ORIGIN: digest(STAGE.version, sql.model_dump(), database.place(sql))} if sql and sql.incremental else {}


def _held(use_case: UseCase, home: State, instance: DagsterInstance) -> pl.DataFrame | None:
    """The current snapshot of an incremental source, if it is one that rows may be added to."""
    origin = _origin(use_case)
    made = latest(instance, STAGE.name, use_case.key)
    place = versions.current(home.artefact(STAGE.name, use_case.key))
    if not (origin and made and place):
        return None
    recorded = {key: str(made.metadata[key].value) for key in ("path", ORIGIN) if key in made.metadata}
    is_it = Path(recorded.get("path", "")).name == place.name and recorded.get(ORIGIN) == origin[ORIGIN]
    return pl.read_parquet(place / TABLE) if is_it else None


def snapshot(
    use_case: UseCase,
    cache: Cache,
    progress: Callable[[str], None],
    held: pl.DataFrame | None = None,
    taken: Collection[str] = (),
) -> pl.DataFrame:
    """The raw table of a use case: simulated, or its members, joined where there are several. Of an incremental source
    only what is not `held` is fetched. taken: as of `sources.read`.

    Raises
    ------
    UnreachableError: the source does not answer. PermanentError: the simulation fails, or what the source delivers
    can't be read or joined.
    """
    if use_case.source.simulation:
        return _simulated(use_case, use_case.source.simulation, progress)
    return _assembled(use_case, sources.read(use_case, cache, progress, held, taken).members)


class Audited(NamedTuple):
    """A raw table, whether `assemble` looks ahead, what reading left out or changed, and which files it is made of."""

    frame: pl.DataFrame
    finding: LeakageFinding
    remarks: tuple[str, ...] = ()
    files: TakenFiles = TakenFiles()


def audited(
    use_case: UseCase,
    cache: Cache,
    progress: Callable[[str], None],
    held: pl.DataFrame | None,
    taken: Collection[str] = (),
    former: Former | None = None,
) -> Audited:
    """As `snapshot`, with what only here is known of it. former: as of `sources.read`. Raises as `snapshot`."""
    if use_case.source.simulation:
        frame = snapshot(use_case, cache, progress)
        return Audited(frame, look_ahead({}, frame, None, use_case))
    read = sources.read(use_case, cache, progress, held, taken, former)
    frame = _assembled(use_case, read.members)
    finding = look_ahead(read.members, frame, feature_code.load(use_case.folder).assemble, use_case)
    return Audited(frame, finding, read.remarks, read.files)


def _assembled(use_case: UseCase, members: dict[str, pl.LazyFrame]) -> pl.DataFrame:
    assemble = feature_code.load(use_case.folder).assemble
    if assemble is None:
        return next(iter(members.values())).collect()
    try:
        return assemble(members).collect()
    except pl.exceptions.PolarsError as error:
        columns = {name: member.collect_schema().names() for name, member in members.items()}
        raise AssemblyError(f"{use_case.folder}/features.py: `assemble` fails on {columns}: {error}") from error


def _simulated(use_case: UseCase, simulation: Simulation, progress: Callable[[str], None]) -> pl.DataFrame:
    code = f"{use_case.folder}/{feature_code.FILE}"
    simulate = feature_code.load(use_case.folder).simulate
    assert simulate, "the catalogue refuses a simulation without it"
    progress(f"{code}: simulating with {simulation.settings}")
    try:
        frame = simulate(simulation.settings).collect()
    except Exception as error:
        raise SimulationError(f"{code}: `simulate` fails: {type(error).__name__}: {error}") from error
    if frame.is_empty():
        raise SimulationError(f"{code}: `simulate` makes no rows of {simulation.settings}")
    return frame
