"""`sectorforge health`: each check passes when all is well and fails, with the reason, when it is not."""

import json
import shutil
import time
from collections import namedtuple
from pathlib import Path

import pytest
from dagster import AssetKey, DagsterInstance, DagsterRunStatus
from dagster._core.definitions.run_request import InstigatorType
from dagster._core.remote_origin import (
    RegisteredCodeLocationOrigin,
    RemoteInstigatorOrigin,
    RemoteRepositoryOrigin,
)
from dagster._core.scheduler.instigation import InstigatorState, InstigatorStatus, TickData, TickStatus
from dagster._core.test_utils import create_run_for_test
from dagster._daemon.types import DaemonHeartbeat
from dagster_shared.error import SerializableErrorInfo
from typer.testing import CliRunner

from pipelines.cli import operations
from pipelines.health import Check, examine
from pipelines.health.instance_checks import HEARTBEAT_SECONDS
from pipelines.health.state_checks import FREE_BYTES
from resources.store.io_manager import PARTITION

from .sandbox import KEY, Sandbox

MADE = {"data": ["raw_data"], "prediction": ["predictions"], "use_case": ["raw_data", "evaluation", "predictions"]}
FAULT = SerializableErrorInfo("the store does not answer\n", [], "LandingError")


@pytest.fixture(autouse=True)
def _at_home(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECTORFORGE_HOME", str(sandbox.home))
    monkeypatch.setenv("DAGSTER_HOME", str(sandbox.dagster_home))
    monkeypatch.setattr(operations, "read_catalogue", sandbox.catalogue)


def beat(instance: DagsterInstance, ago: float = 0.0, *, but: str = "", faulty: str = "") -> None:
    """Every daemon that has to run sends a heartbeat."""
    for daemon in instance.get_required_daemon_types():
        errors = [FAULT] if daemon == faulty else []
        if daemon != but:
            instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - ago, daemon, "id", errors))


def examined(sandbox: Sandbox, **options: float) -> dict[str, Check]:
    return {check.name: check for check in examine(sandbox.catalogue(), sandbox.home, **options)}


def test_all_is_well(sandbox: Sandbox, instance: DagsterInstance):
    beat(instance)
    checks = examined(sandbox)
    assert [name for name, check in checks.items() if not check.ok] == []
    assert [*checks] == [
        "storage",
        "daemons",
        "sensors and schedules",
        "last successful run",
        "runs in progress",
        "deliveries",
        "state folder",
        "artefacts",
        "test access logs",
        "databases",
        "notices",
        "forgotten people",
        "catalogue",
    ]
    assert checks["last successful run"].measured["hours"] < 1
    assert checks["state folder"].measured["free_bytes"] > 0


def test_without_a_daemon_nothing_happens_by_itself(sandbox: Sandbox):
    daemons = examined(sandbox)["daemons"]
    assert (daemons.ok, daemons.detail) == (False, "no daemon runs, so nothing happens by itself")


def test_a_daemon_that_went_silent_is_named(sandbox: Sandbox, instance: DagsterInstance):
    beat(instance, but="SENSOR")
    instance.add_daemon_heartbeat(DaemonHeartbeat(time.time() - HEARTBEAT_SECONDS - 1, "SENSOR", "id", []))
    daemons = examined(sandbox)["daemons"]
    assert (daemons.ok, daemons.detail) == (False, "SENSOR: no heartbeat")


def test_a_daemon_that_fails_is_named_with_its_reason(sandbox: Sandbox, instance: DagsterInstance):
    beat(instance, faulty="SCHEDULER")
    daemons = examined(sandbox)["daemons"]
    assert (daemons.ok, daemons.detail) == (False, "SCHEDULER: the store does not answer")


def ended(instance: DagsterInstance, job: str, status: DagsterRunStatus) -> None:
    made = frozenset(AssetKey(name) for name in MADE[job])
    create_run_for_test(instance, job_name=job, status=status, tags={PARTITION: KEY}, asset_selection=made)


def test_a_use_case_whose_newest_delivery_was_refused_is_named_until_a_run_succeeds(
    sandbox: Sandbox, instance: DagsterInstance
):
    ended(instance, "data", DagsterRunStatus.FAILURE)
    ended(instance, "prediction", DagsterRunStatus.SUCCESS)
    check = examined(sandbox)["deliveries"]
    assert not check.ok and check.detail.startswith(f"{KEY}: the run failed (run ")
    assert check.measured == {"refused": 1}
    ended(instance, "data", DagsterRunStatus.STARTED)
    assert not examined(sandbox)["deliveries"].ok, "what is under way has taken nothing yet"
    ended(instance, "use_case", DagsterRunStatus.SUCCESS)
    assert examined(sandbox)["deliveries"].ok


def switched_on(instance: DagsterInstance, *outcomes: TickStatus) -> None:
    """A sensor that looked several times, with these outcomes."""
    repository = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("sectorforge"), "__repository__")
    origin = RemoteInstigatorOrigin(repository, "new_deliveries")
    state = InstigatorState(origin, InstigatorType.SENSOR, InstigatorStatus.RUNNING)
    instance.add_instigator_state(state)
    for ago, outcome in enumerate(reversed(outcomes)):
        error = FAULT if outcome == TickStatus.FAILURE else None
        instance.create_tick(
            TickData(
                instigator_origin_id=state.instigator_origin_id,
                instigator_name="new_deliveries",
                instigator_type=InstigatorType.SENSOR,
                status=outcome,
                timestamp=time.time() - 30 * (ago + 1),
                error=error,
                selector_id=state.selector_id,
                run_ids=[],
            )
        )


def test_a_sensor_whose_last_tick_failed_is_named_with_its_reason(sandbox: Sandbox, instance: DagsterInstance):
    switched_on(instance, TickStatus.SUCCESS, TickStatus.FAILURE)
    check = examined(sandbox)["sensors and schedules"]
    assert (check.ok, check.detail) == (False, "new_deliveries: the store does not answer")
    assert check.measured == {"switched_on": 1, "failed": 1}


def test_a_sensor_that_failed_and_then_did_not_is_well(sandbox: Sandbox, instance: DagsterInstance):
    switched_on(instance, TickStatus.FAILURE, TickStatus.SKIPPED)
    assert examined(sandbox)["sensors and schedules"].ok


def test_the_last_success_may_be_asked_to_be_recent(sandbox: Sandbox, instance: DagsterInstance):
    assert examined(sandbox, max_age_hours=1.0)["last successful run"].ok
    assert not examined(sandbox, max_age_hours=0.0)["last successful run"].ok
    create_run_for_test(instance, job_name="retention", status=DagsterRunStatus.SUCCESS)
    assert "retention" not in examined(sandbox)["last successful run"].detail


def test_little_room_on_the_disk_fails_and_says_what_to_do(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch):
    usage = namedtuple("usage", "total used free")(FREE_BYTES * 9, FREE_BYTES * 8, FREE_BYTES - 1)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    check = examined(sandbox)["state folder"]
    assert not check.ok
    assert "sectorforge clean" in check.detail


def test_a_state_folder_that_cannot_be_written_fails(sandbox: Sandbox, tmp_path: Path):
    """As a file in its place does, whoever asks: root may write to any folder."""
    (tmp_path / "file").touch()
    check = {check.name: check for check in examine(sandbox.catalogue(), tmp_path / "file" / "home")}["state folder"]
    assert (check.ok, check.detail) == (False, f"{tmp_path / 'file' / 'home'} can't be written: Not a directory")


def test_an_error_in_the_catalogue_fails_with_file_and_line(sandbox: Sandbox):
    broken = sandbox.place("retail/broken", title="Broken", targte="x")
    check = examined(sandbox)["catalogue"]
    assert not check.ok
    assert f"{broken / 'use_case.yaml'}:14:1: targte: unknown key" in check.detail


def test_the_command_is_for_programs_too(sandbox: Sandbox, instance: DagsterInstance):
    runner = CliRunner()
    ill = runner.invoke(operations.app, ["health"])
    assert (ill.exit_code, "no daemon runs" in ill.stdout) == (1, True)
    beat(instance)
    well = runner.invoke(operations.app, ["health", "--json"])
    found = json.loads(well.stdout)
    assert (well.exit_code, found["healthy"]) == (0, True)
    assert {"name", "ok", "detail", "measured"} == found["checks"][0].keys()
    assert [check["name"] for check in found["checks"]] == [*examined(sandbox)]
