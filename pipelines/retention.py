"""Removes what nobody needs any more, and nothing else.

Belongs here: which of Dagster's records may go, when what lies on disk goes with them, the job that does it, and its
schedule. Does not belong here: what on disk is no longer needed (`resources.store.cleanup`).
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from dagster import (
    DagsterInstance,
    JobDefinition,
    OpExecutionContext,
    ResourceParam,
    RunsFilter,
    ScheduleDefinition,
    in_process_executor,
    job,
    op,
)
from dagster._core.storage.dagster_run import FINISHED_STATUSES, NOT_FINISHED_STATUSES

from catalogue.reader import Catalogue
from pipelines.instance import DATABASES
from pipelines.lost_runs import STARTED
from resources import sources, weights
from resources.store import cleanup
from resources.store.atomic import remove
from resources.store.database_texts import vacuum
from resources.store.heartbeat import forget_heartbeats
from resources.store.io_manager import PARTITION
from resources.store.materializations import latest_materializations
from resources.store.state import State
from resources.store.versions import is_abandoned, locked

RETENTION = "retention"
"""The job."""
KEPT = timedelta(days=90)
WASTED_SHARE = 0.1
"""A database is written anew when more of its pages than this are empty."""


@dataclass(frozen=True)
class Freed:
    """What was removed of one kind, or would be: how many, bytes on disk, and what is to be said of it."""

    what: str
    count: int
    bytes: int
    note: str = ""


def clean(
    catalogue: Catalogue, instance: DagsterInstance, state: State, *, dry_run: bool = False, own_run: str = ""
) -> list[Freed]:
    """Remove what nobody needs any more, or, on a dry run, only say what that is.

    Waits for a backup that is under way. What a run in progress may read stays; `own_run`, this one, reads nothing.
    """
    state.make()
    with locked(state.path):
        return list(_Cleaning(catalogue, instance, state, dry_run, own_run))


class _Cleaning:
    """The kinds, one after the other."""

    def __init__(self, catalogue: Catalogue, instance: DagsterInstance, state: State, dry_run: bool, own_run: str):
        self._catalogue, self._instance, self._state, self._dry_run = catalogue, instance, state, dry_run
        records = instance.get_run_records(RunsFilter(statuses=NOT_FINISHED_STATUSES))
        self._busy = [record for record in records if record.dagster_run.run_id != own_run]
        self._root = Path(instance.root_directory)

    def __iter__(self) -> Iterator[Freed]:
        yield self._runs()
        yield self._ticks()
        yield self._versions()
        yield self._sources()
        yield self._each("scratch folders", cleanup.idle_scratch(self._state.scratch_root, self._busy_use_cases))
        yield self._each("drafts", list(cleanup.drafts(self._state)))
        yield self._each("logs", cleanup.long_logs(self._state.logs), cleanup.start_anew)
        yield self._databases()

    @property
    def _busy_use_cases(self) -> set[str]:
        return {record.dagster_run.tags.get(PARTITION, "") for record in self._busy}

    def _each(self, what: str, paths: list[Path], remove: Callable[[Path], None] = remove, note: str = "") -> Freed:
        freed = sum(cleanup.size(path) for path in paths)
        for path in [] if self._dry_run else paths:
            with suppress(FileNotFoundError):
                remove(path)
        return Freed(what, len(paths), freed, note)

    def _runs(self) -> Freed:
        runs = disposable_runs(self._instance, datetime.now(UTC) - KEPT)
        traces = [path for run_id in runs for path in self._traces(run_id)] + self._orphans()
        for run_id in [] if self._dry_run else runs:
            self._instance.delete_run(run_id)
        if not self._dry_run:
            _delete_loose_tags(self._root / DATABASES[0])
            forget_heartbeats(self._instance, [run.run_id for run in self._instance.get_runs(STARTED)])
        return Freed("runs", len(runs), self._each("", traces).bytes, f"older than {KEPT.days} days")

    def _traces(self, run_id: str) -> list[Path]:
        """What a run has to itself on disk: its output, and its events where the instance lies in SQLite."""
        shard = self._root / "history" / "runs" / f"{run_id}.db"
        found = [shard, Path(f"{shard}-wal"), Path(f"{shard}-shm"), self._root / "storage" / run_id]
        return [path for path in found if path.exists()]

    def _orphans(self) -> list[Path]:
        """The events of runs that were deleted before, in the UI or by an older version of this job."""
        shards = (self._root / "history" / "runs").glob("*-*.db")
        old = list(filter(is_abandoned, shards))
        known = set(self._instance.get_run_ids()) if old else set()
        return [trace for path in old if path.stem not in known for trace in self._traces(path.stem)]

    def _ticks(self) -> Freed:
        """Also of sensors that exist no longer, whose daemon would never purge them."""
        count = 0
        for state in self._instance.all_instigator_state():
            which = state.instigator_origin_id, state.selector_id
            settings = self._instance.get_tick_retention_settings(state.instigator_type)
            for status, days in settings.items():
                if days < 0:
                    continue
                before = time.time() - days * 24 * 3600
                count += len(self._instance.get_tick_summaries(*which, before=before, statuses=[status]))
                if not self._dry_run:
                    self._instance.purge_ticks(*which, before=before, tick_statuses=[status])
        return Freed("ticks of sensors and schedules", count, 0)

    def _versions(self) -> Freed:
        since = min((record.create_timestamp.timestamp() for record in self._busy), default=float("inf"))
        folders = list(cleanup.artefact_folders(self._state.artefacts))
        found = [version for folder in folders for version in cleanup.old_versions(folder, since)]
        freed = sum(cleanup.size(version) for version in found)
        for folder in [] if self._dry_run else folders:
            cleanup.remove_old_versions(folder, since)
        waiting = f"{len(self._busy)} runs are in progress; what they may read stays" if self._busy else ""
        return Freed("versions of artefacts", len(found), freed, waiting)

    def _sources(self) -> Freed:
        """With an error in the catalogue nobody knows what that use case pins."""
        if self._catalogue.errors:
            return Freed("cached sources", 0, 0, "left alone: a definition has an error, so what it pins is unknown")
        pins = weights.pins().union(*(sources.pins(one.source) for one in self._catalogue.use_cases.values()))
        return self._each("cached sources", cleanup.unpinned_sources(self._state.cache, pins))

    def _databases(self) -> Freed:
        wasteful = [path for name in DATABASES if _empty_share(path := self._root / name) > WASTED_SHARE]
        if self._dry_run:
            return Freed("databases", len(wasteful), sum(int(_empty_share(path) * _bytes(path)) for path in wasteful))
        before = sum(map(_bytes, wasteful))
        locked_ones = [path.name for path in wasteful if not vacuum(path)]
        note = f"in use, so left for next time: {', '.join(locked_ones)}" if locked_ones else ""
        return Freed("databases", len(wasteful), before - sum(map(_bytes, wasteful)), note)


def disposable_runs(instance: DagsterInstance, before: datetime) -> list[str]:
    """Finished runs created before a moment that made no partition's latest version of any asset.

    Deleting a run deletes its events, and the latest materialisation of a partition says whether it is up to date.
    """
    old = instance.get_runs(RunsFilter(statuses=FINISHED_STATUSES, created_before=before))
    keys = instance.all_asset_keys() if old else []
    needed = {record.run_id for key in keys for record in latest_materializations(instance, key)}
    return [run.run_id for run in old if run.run_id not in needed]


def _delete_loose_tags(runs: Path) -> None:
    """Delete the tags of deleted runs: in SQLite they stay, as Dagster does not turn its foreign keys on."""
    if runs.exists():
        with closing(sqlite3.connect(runs)) as database, database:
            database.execute("DELETE FROM run_tags WHERE run_id NOT IN (SELECT run_id FROM runs)")


def _empty_share(database: Path) -> float:
    if not database.exists():
        return 0.0
    with closing(sqlite3.connect(database)) as connection:
        empty, pages = (connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("freelist_count", "page_count"))
    return empty / max(pages, 1)


def _bytes(database: Path) -> int:
    return sum(path.stat().st_size for path in (database, Path(f"{database}-wal")) if path.exists())


def build(catalogue: Catalogue) -> tuple[JobDefinition, ScheduleDefinition]:
    """The job that cleans, and its weekly schedule, stopped until switched on."""

    @op
    def remove_what_nobody_needs(context: OpExecutionContext, home: ResourceParam[State]) -> None:
        freed = clean(catalogue, context.instance, home, own_run=context.run_id)
        for one in freed:
            context.log.info(f"{one.what}: {one.count} removed, {one.bytes:,} bytes freed. {one.note}")
        context.add_output_metadata({"bytes freed": sum(one.bytes for one in freed)})

    @job(
        name=RETENTION,
        executor_def=in_process_executor,
        description="Remove old runs, old versions and what was left behind; what is published stays as it is.",
    )
    def retention() -> None:
        remove_what_nobody_needs()

    return retention, ScheduleDefinition(name="weekly_retention", job=retention, cron_schedule="0 2 * * 0")
