"""The shipped `dagster.yaml` and its daemon: runs that need the GPU go one by one, others side by side."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from . import pooled
from .sandbox import Sandbox

pytestmark = pytest.mark.slow

LOCATION = Path(pooled.__file__)
JOBS = ("make_network_one", "make_network_two", "make_table_one", "make_table_two")
PATIENCE_SECONDS = 240


@pytest.fixture
def environment(empty: Sandbox, tmp_path: Path) -> dict[str, str]:
    marks = tmp_path / "marks"
    marks.mkdir()
    return {**os.environ, "DAGSTER_HOME": str(empty.dagster_home), pooled.MARKS: str(marks)}


@pytest.fixture
def instance(empty: Sandbox) -> Iterator[DagsterInstance]:
    with empty.instance() as opened:
        yield opened


@pytest.fixture
def daemon(instance: DagsterInstance, environment: dict[str, str], tmp_path: Path) -> Iterator[None]:
    """The real daemon, which takes runs from the queue and starts them through a code server."""
    program = Path(sys.executable).with_name("dagster-daemon")
    with (tmp_path / "daemon.log").open("w") as log:
        process = subprocess.Popen([program, "run", "-f", LOCATION], env=environment, stdout=log, stderr=log)
        yield
        process.terminate()
        process.wait(60)


def submit(job: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    program = Path(sys.executable).with_name("dagster")
    return subprocess.Popen([program, "job", "launch", "-f", LOCATION, "-j", job], env=environment)


def ended(instance: DagsterInstance) -> dict[str, DagsterRun]:
    """The run of every job, once all have ended."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        runs = {run.job_name: run for run in instance.get_runs(RunsFilter())}
        if len(runs) == len(JOBS) and all(run.is_finished for run in runs.values()):
            return runs
        assert time.monotonic() < until, {name: run.status for name, run in runs.items()}
        time.sleep(0.5)


def span(instance: DagsterInstance, run: DagsterRun) -> tuple[float, float]:
    record = instance.get_run_record_by_id(run.run_id)
    assert record is not None
    assert record.start_time is not None
    assert record.end_time is not None
    return record.start_time, record.end_time


@pytest.mark.usefixtures("daemon")
def test_two_runs_that_need_the_gpu_never_overlap_while_others_do(
    instance: DagsterInstance, environment: dict[str, str]
):
    for launched in [submit(job, environment) for job in JOBS]:
        assert launched.wait(PATIENCE_SECONDS) == 0
    runs = ended(instance)
    assert {name: run.status for name, run in runs.items()} == dict.fromkeys(JOBS, DagsterRunStatus.SUCCESS)
    one, two = sorted(span(instance, runs[job]) for job in JOBS if "network" in job)
    assert one[1] <= two[0]
