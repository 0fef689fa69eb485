"""`sectorforge clean` and its weekly job: old records and files go, what is current stays as it was."""

import os
import shutil
import sqlite3
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRunStatus, DefaultScheduleStatus
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, TickData, TickStatus
from dagster._core.storage.dagster_run import DagsterRun
from dagster._core.test_utils import create_run_for_test
from typer.testing import CliRunner

from pipelines.cli import operations
from pipelines.freshness import stale_stages
from pipelines.retention import KEPT, Freed, clean, disposable_runs
from resources.store.cleanup import SETTLING_SECONDS
from resources.store.versions import ABANDONED_SECONDS, publish

from .sandbox import KEY, Sandbox, hashes

LATER = KEPT + timedelta(days=1)


def by_kind(freed: list[Freed]) -> dict[str, Freed]:
    return {one.what: one for one in freed}


def settled(sandbox: Sandbox) -> None:
    """What was published was published long ago."""
    moment = time.time() - SETTLING_SECONDS - 60
    for link in (sandbox.home / "artefacts").rglob("current"):
        os.utime(link, (moment, moment), follow_symlinks=False)


def backdated(instance: DagsterInstance, run_id: str, age: timedelta) -> None:
    """Let a run have been created a while ago."""
    created = (datetime.now(UTC) - age).strftime("%Y-%m-%d %H:%M:%S.%f")
    with closing(sqlite3.connect(Path(instance.root_directory) / "history" / "runs.db")) as database:
        database.execute("update runs set create_timestamp = ? where run_id = ?", (created, run_id))
        database.commit()


def finished(instance: DagsterInstance, age: timedelta = LATER, words: int = 0) -> DagsterRun:
    """A run that made nothing, and said so at length."""
    tags = {"dagster/partition": KEY}
    run = create_run_for_test(instance, job_name="use_case", status=DagsterRunStatus.STARTED, tags=tags)
    for _ in range(words):
        instance.report_engine_event("nothing was made " * 100, run)
    instance.report_run_failed(run, "it made nothing")
    backdated(instance, run.run_id, age)
    return run


def shard(instance: DagsterInstance, run: DagsterRun) -> Path:
    return Path(instance.root_directory) / "history" / "runs" / f"{run.run_id}.db"


# --- runs -------------------------------------------------------------------------------------------------------------


def test_old_runs_go_with_all_their_files(sandbox: Sandbox, instance: DagsterInstance):
    old, young = finished(instance, words=50), finished(instance, age=timedelta(days=1))
    (output := sandbox.dagster_home / "storage" / old.run_id).mkdir(parents=True)
    (output / "out").write_text("x" * 1000)
    freed = by_kind(clean(sandbox.catalogue(), instance, sandbox.state))["runs"]
    assert freed.count == 1
    assert freed.bytes > 100_000
    assert instance.get_run_by_id(old.run_id) is None
    assert not shard(instance, old).exists()
    assert not output.exists()
    with closing(sqlite3.connect(sandbox.dagster_home / "history" / "runs.db")) as database:
        tagged = {run_id for (run_id,) in database.execute("select run_id from run_tags")}
    assert young.run_id in tagged
    assert old.run_id not in tagged
    assert instance.get_run_by_id(young.run_id) is not None
    assert shard(instance, young).exists()


def test_of_runs_that_made_something_those_go_whose_work_was_made_anew(sandbox: Sandbox, instance: DagsterInstance):
    """The first run made everything, and stays for all but the report; the second one made a report, the third too."""
    for _ in range(2):
        sandbox.make(instance, KEY, "evaluation_report")
    third, second, first = (run.run_id for run in instance.get_runs())
    for run_id in (first, second, third):
        backdated(instance, run_id, LATER)
    assert disposable_runs(instance, datetime.now(UTC) - KEPT) == [second]
    clean(sandbox.catalogue(), instance, sandbox.state)
    assert {run.run_id for run in instance.get_runs()} == {first, third}
    assert stale_stages(sandbox.use_case(), instance, sandbox.state) == []


def test_the_events_of_a_run_deleted_elsewhere_go_a_day_later(sandbox: Sandbox, instance: DagsterInstance):
    run = finished(instance)
    instance.delete_run(run.run_id)
    clean(sandbox.catalogue(), instance, sandbox.state)
    assert shard(instance, run).exists()
    moment = time.time() - ABANDONED_SECONDS - 60
    os.utime(shard(instance, run), (moment, moment))
    clean(sandbox.catalogue(), instance, sandbox.state)
    assert not shard(instance, run).exists()


def test_old_ticks_go_also_of_a_sensor_that_exists_no_longer(sandbox: Sandbox, instance: DagsterInstance):
    repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("sectorforge"), "__repository__")
    origin = RemoteInstigatorOrigin(repository, "sensor_of_former_days")
    state = InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.RUNNING)
    instance.add_instigator_state(state)
    which = state.instigator_origin_id, state.selector_id
    for status, days in ((TickStatus.SKIPPED, 8), (TickStatus.SKIPPED, 6), (TickStatus.SUCCESS, 91)):
        moment = time.time() - days * 24 * 3600
        name, kind = origin.instigator_name, InstigatorType.SENSOR
        instance.create_tick(TickData(which[0], name, kind, status, moment, run_ids=[], selector_id=which[1]))
    freed = by_kind(clean(sandbox.catalogue(), instance, sandbox.state))["ticks of sensors and schedules"]
    (left,) = instance.get_ticks(*which)
    assert freed.count == 2 and left.timestamp == pytest.approx(time.time() - 6 * 24 * 3600, abs=600)


def test_the_database_shrinks(sandbox: Sandbox, instance: DagsterInstance):
    index = sandbox.dagster_home / "history" / "runs" / "index.db"
    with closing(sqlite3.connect(index)) as database:
        database.execute("create table much (content)")
        database.executemany("insert into much values (?)", [("x" * 1000,)] * 3000)
        database.execute("drop table much")
        database.commit()
    before = index.stat().st_size
    freed = by_kind(clean(sandbox.catalogue(), instance, sandbox.state))["databases"]
    assert freed.bytes > 2_500_000
    assert index.stat().st_size <= before - 2_500_000
    assert stale_stages(sandbox.use_case(), instance, sandbox.state) == []


# --- artefacts and the rest -------------------------------------------------------------------------------------------


def republished(sandbox: Sandbox) -> None:
    """Four older versions of the report."""
    made = sandbox.current("evaluation_report").resolve()
    for number in range(4):
        publish(made.parents[1], str(number), lambda place: shutil.copytree(made, place, dirs_exist_ok=True))
        os.utime(made.parent / str(number), (0, number))
    publish(made.parents[1], made.name, lambda _: None)


def versions(sandbox: Sandbox) -> set[str]:
    return {path.name for path in sandbox.current("evaluation_report").resolve().parent.iterdir()}


def test_what_is_current_is_the_same_to_the_byte_and_old_versions_go(sandbox: Sandbox, instance: DagsterInstance):
    republished(sandbox)
    settled(sandbox)
    published = sandbox.published()
    before = versions(sandbox)
    wanted = by_kind(clean(sandbox.catalogue(), instance, sandbox.state, dry_run=True))["versions of artefacts"]
    assert versions(sandbox) == before
    freed = by_kind(clean(sandbox.catalogue(), instance, sandbox.state))["versions of artefacts"]
    assert freed == wanted
    assert (freed.count, versions(sandbox)) == (2, before - {"0", "1"})
    assert freed.bytes > 100_000
    assert sandbox.published() == published
    assert stale_stages(sandbox.use_case(), instance, sandbox.state) == []


def test_what_a_run_in_progress_may_read_stays(sandbox: Sandbox, instance: DagsterInstance):
    run = create_run_for_test(instance, job_name="use_case", status=DagsterRunStatus.STARTED)
    republished(sandbox)
    settled(sandbox)
    backdated(instance, run.run_id, timedelta(days=2))
    freed = by_kind(clean(sandbox.catalogue(), instance, sandbox.state))["versions of artefacts"]
    assert (freed.count, freed.note) == (0, "1 runs are in progress; what they may read stays")
    instance.report_run_failed(run)
    assert by_kind(clean(sandbox.catalogue(), instance, sandbox.state))["versions of artefacts"].count == 2


def test_a_dry_run_changes_nothing(sandbox: Sandbox, instance: DagsterInstance):
    finished(instance)
    republished(sandbox)
    settled(sandbox)
    before = hashes(sandbox.home)
    freed = by_kind(clean(sandbox.catalogue(), instance, sandbox.state, dry_run=True))
    assert (freed["runs"].count, freed["versions of artefacts"].count) == (1, 2)
    assert {name for name, digest in hashes(sandbox.home).items() if before.get(name) != digest} <= {".lock"}


def test_cached_sources_are_left_alone_where_an_error_hides_what_is_pinned(sandbox: Sandbox, instance: DagsterInstance):
    (cached := sandbox.home / "cache" / ("a" * 64)).parent.mkdir()
    cached.write_bytes(b"content")
    sandbox.place("retail/broken", title="Broken", targte="x")
    assert (
        "a definition has an error"
        in by_kind(clean(sandbox.catalogue(), instance, sandbox.state))["cached sources"].note
    )
    assert cached.exists()
    sandbox.place("retail/broken", title="Mended")
    assert by_kind(clean(sandbox.catalogue(), instance, sandbox.state))["cached sources"].count == 1
    assert not cached.exists()


# --- the job and the command ------------------------------------------------------------------------------------------


def test_the_job_says_what_it_freed_and_does_not_wait_for_itself(sandbox: Sandbox, instance: DagsterInstance):
    finished(instance)
    republished(sandbox)
    settled(sandbox)
    result = sandbox.definitions().resolve_job_def("retention").execute_in_process(instance=instance)
    assert result.success
    lines = [entry.user_message for entry in instance.all_logs(result.run_id)]
    assert any(line.startswith("runs: 1 removed, ") for line in lines)
    assert any(line.startswith("versions of artefacts: 2 removed, ") for line in lines)


def test_the_schedule_is_weekly_and_stopped_until_switched_on(sandbox: Sandbox):
    schedule = sandbox.definitions().get_repository_def().get_schedule_def("weekly_retention")
    assert (schedule.cron_schedule, schedule.job_name) == ("0 2 * * 0", "retention")
    assert schedule.default_status == DefaultScheduleStatus.STOPPED


def test_the_command_says_what_would_go_and_then_what_went(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("SECTORFORGE_HOME", str(sandbox.home))
    monkeypatch.setenv("DAGSTER_HOME", str(sandbox.dagster_home))
    monkeypatch.setattr(operations, "read_catalogue", sandbox.catalogue)
    with sandbox.instance() as instance:
        run = finished(instance)
    would = CliRunner().invoke(operations.app, ["clean", "--dry-run"])
    assert would.exit_code == 0, would.output
    assert "bytes would be freed" in would.stdout
    with sandbox.instance() as instance:
        assert instance.get_run_by_id(run.run_id) is not None
    did = CliRunner().invoke(operations.app, ["clean"])
    assert did.exit_code == 0, did.output
    assert "bytes freed" in did.stdout
    with sandbox.instance() as instance:
        assert instance.get_run_by_id(run.run_id) is None
