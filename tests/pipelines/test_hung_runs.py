"""A run that hangs ends by itself, whoever started it and whatever it hangs in."""

import logging
import subprocess
import sys
import time
from pathlib import Path
from typing import cast

import pytest
import yaml
from dagster import DagsterEvent, DagsterEventType, DagsterInstance, DagsterRunStatus
from dagster._core.test_utils import create_run_for_test
from dagster._core.workspace.context import BaseWorkspaceRequestContext
from dagster._daemon.monitoring.run_monitoring import monitor_started_run
from filelock import FileLock

from pipelines.instance import SHIPPED
from resources.store.run_limit import seconds_allowed

from .sandbox import KEY, Sandbox, orders

PROJECT = Path(__file__).parents[2]
DEAF = """
import re
def assemble(members):
    re.match(r"(a+)+$", "a" * 64 + "b")  # takes longer than the world is old, and holds the interpreter's lock
    return members["files"]
"""
IN_PROCESS = f"""
import sys
from pathlib import Path
from dagster import DagsterInstance
from resources.store import run_limit
from tests.pipelines.sandbox import Sandbox
run_limit.GRACE_SECONDS = 1
sandbox = Sandbox(Path(sys.argv[1]))
job = sandbox.definitions().resolve_job_def("data")
with sandbox.instance() as instance:
    job.execute_in_process(instance=instance, partition_key="{KEY}", tags={{"dagster/max_runtime": "20"}})
"""


@pytest.fixture
def deaf(empty: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    """A use case that hangs in a library of C, which hears no interrupt."""
    (empty.place(KEY, orders()) / "features.py").write_text(DEAF)
    empty.name_in(monkeypatch)
    return empty


def test_the_shipped_limit_is_a_day_and_a_run_may_say_otherwise(empty: Sandbox):
    with empty.instance() as instance:
        assert seconds_allowed({}, instance) == 24 * 3600
        assert seconds_allowed({"dagster/max_runtime": "60"}, instance) == 60


def test_the_daemon_ends_a_run_that_takes_too_long(empty: Sandbox):
    with empty.instance() as instance:
        tags = {"dagster/max_runtime": "1"}
        run = create_run_for_test(instance, "data", status=DagsterRunStatus.STARTING, tags=tags)
        instance.report_dagster_event(DagsterEvent(DagsterEventType.RUN_START.value, "data"), run.run_id)
        time.sleep(2)
        record = instance.get_run_record_by_id(run.run_id)
        assert record is not None
        monitor_started_run(instance, cast(BaseWorkspaceRequestContext, None), record, logging.getLogger())
        assert status(instance) == DagsterRunStatus.FAILURE
        assert "exceeding maximum runtime of 1 seconds" in str(list(instance.all_logs(run.run_id)))


@pytest.mark.slow
def test_the_command_ends_one_that_hears_nothing(
    deaf: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture
):
    home = tmp_path / "instance"
    home.mkdir()
    config = yaml.safe_load(SHIPPED.read_text())
    config["run_monitoring"]["max_runtime_seconds"] = 30
    (home / "dagster.yaml").write_text(yaml.safe_dump(config))
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    command = [sys.executable, "-c", "from pipelines.cli.app import app; app()", "run", KEY]
    ended = subprocess.run(command, cwd=PROJECT, timeout=300, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "took longer than a run may (`max_runtime_seconds`" in " ".join((ended.stdout + ended.stderr).split())
    with DagsterInstance.from_config(str(home)) as instance:
        assert status(instance) == DagsterRunStatus.FAILURE
    FileLock(deaf.state.run_lock(KEY)).acquire(blocking=False)


@pytest.mark.slow
def test_a_run_of_the_queue_ends_itself_where_nobody_else_can(deaf: Sandbox):
    """The daemon may be on another machine, and its code server ends a run by an interrupt, which is not heard."""
    ended = subprocess.run(
        [sys.executable, "-c", IN_PROCESS, str(deaf.folder)], cwd=PROJECT, timeout=300, capture_output=True, text=True
    )
    assert ended.returncode == 1
    assert "Timeout (0:00:21)!" in ended.stderr and "in assemble" in ended.stderr, ended.stderr[-2000:]
    FileLock(deaf.state.run_lock(KEY)).acquire(blocking=False)


def status(instance: DagsterInstance) -> DagsterRunStatus:
    (run,) = [run for run in instance.get_runs() if run.job_name != "status"]
    return run.status
