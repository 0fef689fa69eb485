"""A run whose process is gone is found out on whatever machine it ran, and one that lives is left alone."""

import logging
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import cast

import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus
from dagster._core.test_utils import create_run_for_test
from dagster._core.workspace.context import BaseWorkspaceRequestContext
from dagster._daemon.monitoring.run_monitoring import monitor_started_run

from pipelines import health, lost_runs
from pipelines.lost_runs import marking_lost_runs
from pipelines.retention import clean
from resources.store import heartbeat
from resources.store.heartbeat import GONE_SECONDS, LOOK_SECONDS, Silence, beating, heartbeats

from ..resources.postgres import Server
from .sandbox import KEY, Sandbox

NO_WORKSPACE = cast(BaseWorkspaceRequestContext, None)
GONE, BEAT = 8.0, 0.2
"""In the place of three minutes and of ten seconds."""
BUSY_SECONDS = 3

ELSEWHERE = """
import ctypes, platform, sys, time
from unittest.mock import patch
from dagster import DagsterInstance
from resources.store import heartbeat

home, run_id, skew, busy = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
right = time.time
heartbeat.BEAT_SECONDS = 0.2
with (
    patch.object(platform, "node", lambda: "another-container"),
    patch.object(heartbeat.time, "time", lambda: right() + skew),
    DagsterInstance.from_config(home) as instance,
    heartbeat.beating(instance, run_id),
):
    print("here", flush=True)
    while True:
        ctypes.PyDLL(None).usleep(int(busy * 1e6))  # unlike CDLL, PyDLL keeps Python's lock meanwhile
        time.sleep(0.5)
"""
"""The process of a run in a container with another name and another clock."""


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "GONE_SECONDS", GONE)
    monkeypatch.setattr(heartbeat, "BEAT_SECONDS", BEAT)


@pytest.fixture
def instance(empty: Sandbox) -> Iterator[DagsterInstance]:
    empty.place(KEY)
    with empty.instance() as opened:
        yield opened


def started(instance: DagsterInstance) -> DagsterRun:
    return create_run_for_test(instance, "data", status=DagsterRunStatus.STARTED)


@contextmanager
def elsewhere(
    instance: DagsterInstance, run: DagsterRun, skew: float = 0, busy: float = 0
) -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, "-c", ELSEWHERE, instance.root_directory, run.run_id, str(skew), str(busy)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None and process.stdout.readline() == "here\n"
            yield process
        finally:
            process.kill()


def stop(process: subprocess.Popen[str], instance: DagsterInstance) -> None:
    """Between two heartbeats: who is stopped while it writes keeps SQLite's lock, and nobody can look at any run."""
    with closing(sqlite3.connect(runs_database(instance), timeout=60)) as database:
        database.execute("begin immediate")
        process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)


def runs_database(instance: DagsterInstance) -> Path:
    return Path(instance.root_directory, "history", "runs.db")


def status(instance: DagsterInstance, run: DagsterRun) -> DagsterRunStatus:
    found = instance.get_run_by_id(run.run_id)
    assert found is not None
    return found.status


def monitor(instance: DagsterInstance, run: DagsterRun) -> DagsterRunStatus:
    """What the daemon does with a run that has started, as often as `dagster.yaml` says."""
    record = instance.get_run_record_by_id(run.run_id)
    assert record is not None
    if record.dagster_run.status == DagsterRunStatus.STARTED:
        monitor_started_run(instance, NO_WORKSPACE, record, logging.getLogger())
    return status(instance, run)


def monitored(instance: DagsterInstance, run: DagsterRun, seconds: float) -> DagsterRunStatus:
    """After the daemon has looked for so long."""
    end, seen = time.monotonic() + seconds, DagsterRunStatus.STARTED
    while time.monotonic() < end and seen == DagsterRunStatus.STARTED:
        seen = monitor(instance, run)
        time.sleep(BEAT)
    return seen


# --- processes elsewhere ----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_killed_one_in_another_container_is_found_out_and_tried_again(instance: DagsterInstance):
    run = started(instance)
    with elsewhere(instance, run) as process:
        assert monitored(instance, run, 1) == DagsterRunStatus.STARTED
        process.kill()
        assert monitored(instance, run, 10 * GONE) == DagsterRunStatus.FAILURE
    failed = instance.get_run_by_id(run.run_id)
    assert failed is not None and failed.tags["dagster/will_retry"] == "true"
    events = " ".join(entry.message for entry in instance.all_logs(run.run_id))
    assert f"no heartbeat for {GONE:.0f} s" in events
    assert f"process {process.pid} on another-container" in events


@pytest.mark.slow
@pytest.mark.parametrize("skew", [-3600.0, 3600.0])
def test_one_at_work_is_left_alone_though_its_clock_is_wrong_and_python_is_held(instance: DagsterInstance, skew: float):
    run = started(instance)
    with elsewhere(instance, run, skew, busy=BUSY_SECONDS):
        assert monitored(instance, run, 3 * GONE) == DagsterRunStatus.STARTED


@pytest.mark.slow
def test_one_that_was_stopped_for_a_while_is_left_alone(instance: DagsterInstance):
    run = started(instance)
    with elsewhere(instance, run) as process:
        stop(process, instance)
        assert monitored(instance, run, GONE / 2) == DagsterRunStatus.STARTED
        process.send_signal(signal.SIGCONT)
        assert monitored(instance, run, 2 * GONE) == DagsterRunStatus.STARTED


def test_a_process_with_the_number_of_another_is_not_mistaken_for_it(instance: DagsterInstance):
    """Containers of one name have numbers of their own: that of a run which lives may be free here, or taken."""
    run = started(instance)
    with beating(instance, run.run_id):
        assert monitored(instance, run, 2) == DagsterRunStatus.STARTED


@pytest.mark.slow
def test_heartbeats_go_through_postgresql_too(own_postgresql: Server, tmp_path):
    (tmp_path / "dagster.yaml").write_text(
        "run_launcher: {module: pipelines.launcher, class: WatchedRunLauncher}\n"
        f'storage: {{postgres: {{postgres_url: "{own_postgresql.storage}"}}}}\n'
    )
    with DagsterInstance.from_config(str(tmp_path)) as instance:
        run = started(instance)
        with elsewhere(instance, run):
            assert monitored(instance, run, 2 * GONE) == DagsterRunStatus.STARTED
        assert monitored(instance, run, 10 * GONE) == DagsterRunStatus.FAILURE
        heartbeat.forget_heartbeats(instance, but=[])
        assert heartbeats(instance, [run.run_id]) == {}


# --- who looks --------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_command_marks_it_where_no_daemon_does(instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lost_runs, "LOOK_SECONDS", BEAT)
    dead, alive = started(instance), started(instance)
    with beating(instance, dead.run_id):
        pass
    with beating(instance, alive.run_id), marking_lost_runs(instance):
        soon(lambda: status(instance, dead) == DagsterRunStatus.FAILURE)
        assert status(instance, alive) == DagsterRunStatus.STARTED


def soon(what: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(BEAT)


@pytest.mark.slow
def test_health_names_it_and_no_other(instance: DagsterInstance, empty: Sandbox, monkeypatch: pytest.MonkeyPatch):
    empty.name_in(monkeypatch)
    monkeypatch.setattr(heartbeat, "GONE_SECONDS", 1.0)
    dead, alive = started(instance), started(instance)
    with beating(instance, dead.run_id):
        pass
    time.sleep(2.5)
    with beating(instance, alive.run_id):
        (check,) = [one for one in health.examine(empty.catalogue(), empty.home) if one.name == "runs in progress"]
    assert not check.ok
    assert dead.run_id in check.detail and alive.run_id not in check.detail
    assert check.measured == {"started": 2, "silent": 1}


def test_a_run_sends_heartbeats_which_are_forgotten_once_it_has_ended(sandbox: Sandbox):
    with sandbox.instance() as instance:
        sandbox.make(instance, KEY, "raw_data")
        ended, alive = instance.get_runs(limit=1)[0], started(instance)
        assert heartbeats(instance, [ended.run_id])[ended.run_id].endswith(f"process {os.getpid()} on {os.uname()[1]}")
        with beating(instance, alive.run_id):
            clean(sandbox.catalogue(), instance, sandbox.state)
        assert heartbeats(instance, [ended.run_id, alive.run_id]).keys() == {alive.run_id}


@pytest.mark.slow
def test_one_whose_process_dies_after_its_end_keeps_its_success(instance: DagsterInstance):
    run = create_run_for_test(instance, "data", status=DagsterRunStatus.SUCCESS)
    assert not lost_runs.mark_as_failed(run.run_id, instance, "its process is gone")
    after = instance.get_run_by_id(run.run_id)
    assert after and after.status == DagsterRunStatus.SUCCESS


@pytest.mark.slow
def test_of_a_run_that_never_sent_one_nothing_is_known(instance: DagsterInstance):
    """One of another launcher, or of an earlier version."""
    run = started(instance)
    assert monitored(instance, run, 1.5 * GONE) == DagsterRunStatus.STARTED


# --- what counts as silence -------------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def looks_until_gone(pause: float, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(heartbeat, "GONE_SECONDS", GONE_SECONDS)
    clock = Clock()
    silence = Silence(clock)
    for look in range(10**4):
        if silence.gone({"run": "the same"}):
            return look
        clock.now += pause
    raise AssertionError("never")


def test_one_is_gone_when_it_was_seen_silent_for_three_minutes(monkeypatch: pytest.MonkeyPatch):
    assert looks_until_gone(30, monkeypatch) * 30 == pytest.approx(GONE_SECONDS, abs=30)


@pytest.mark.parametrize("hours", [1, 24])
def test_a_pause_in_which_nobody_looked_is_no_silence(hours: int, monkeypatch: pytest.MonkeyPatch):
    """The database was away, or the observer was suspended."""
    assert looks_until_gone(hours * 3600, monkeypatch) >= GONE_SECONDS / LOOK_SECONDS


def test_a_database_that_takes_nothing_does_not_end_the_run(instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch):
    calls = []

    def refuse(pairs: dict[str, str]) -> None:
        calls.append(pairs)
        raise OSError("away")

    with monkeypatch.context() as patched:
        patched.setattr(instance.run_storage, "set_cursor_values", refuse)
        with beating(instance, "run"):
            soon(lambda: len(calls) > 1)
