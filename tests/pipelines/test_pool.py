"""The shipped `dagster.yaml` and its daemon: runs that need the GPU, or are of one use case, go one by one; one whose
process died is tried again."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRun, DagsterRunStatus, RunsFilter

from resources.store.state import VARIABLE

from . import pooled
from .sandbox import Sandbox

pytestmark = pytest.mark.slow

LOCATION = Path(pooled.__file__)
NETWORKS = ("make_network_one", "make_network_two")
TABLES = ("make_table_one", "make_table_two")
JOBS = (*NETWORKS, *TABLES)
TWINS = ("make_twin_one", "make_twin_two")
PATIENCE_SECONDS = 240


@pytest.fixture
def environment(empty: Sandbox, tmp_path: Path) -> dict[str, str]:
    """Of every process here. The instance is made as `sectorforge run` and `sectorforge ui` make it."""
    marks = tmp_path / "marks"
    marks.mkdir()
    homeless = {name: value for name, value in os.environ.items() if name != "DAGSTER_HOME"}
    outside = {**homeless, VARIABLE: str(empty.home), pooled.MARKS: str(marks)}
    with_a_gpu = "from resources import compute; compute.has_gpu = lambda: True"
    opening = f"{with_a_gpu}; from pipelines.instance import open_instance; open_instance().dispose()"
    subprocess.run([sys.executable, "-c", opening], env=outside, check=True)
    return {**outside, "DAGSTER_HOME": str(empty.dagster_home)}


@pytest.fixture
def instance(environment: dict[str, str]) -> Iterator[DagsterInstance]:
    with DagsterInstance.from_config(environment["DAGSTER_HOME"]) as opened:
        yield opened


@pytest.fixture
def daemon(environment: dict[str, str], tmp_path: Path) -> Iterator[None]:
    """The real daemon, which takes runs from the queue and starts them through a code server."""
    program = Path(sys.executable).with_name("dagster-daemon")
    with (tmp_path / "daemon.log").open("w") as log:
        process = subprocess.Popen([program, "run", "-f", LOCATION], env=environment, stdout=log, stderr=log)
        yield
        process.terminate()
        process.wait(60)


def submit(jobs: Sequence[str], environment: dict[str, str], **tags: str) -> None:
    """Put a run of each job into the queue."""
    program = Path(sys.executable).with_name("dagster")
    tagged = ["--tags", json.dumps(tags)]
    commands = [[program, "job", "launch", "-f", LOCATION, "-j", job, *tagged] for job in jobs]
    processes = [subprocess.Popen(command, env=environment) for command in commands]
    assert [process.wait(PATIENCE_SECONDS) for process in processes] == [0] * len(jobs)


def ended(instance: DagsterInstance, jobs: Sequence[str]) -> dict[str, DagsterRun]:
    """The run of each of the jobs, once all have ended."""
    until = time.monotonic() + PATIENCE_SECONDS
    while True:
        runs = {run.job_name: run for run in instance.get_runs(RunsFilter())}
        if len(runs) == len(jobs) and all(run.is_finished for run in runs.values()):
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
    submit(NETWORKS, environment)
    submit(TABLES, environment)
    runs = ended(instance, JOBS)
    assert {name: run.status for name, run in runs.items()} == dict.fromkeys(JOBS, DagsterRunStatus.SUCCESS)
    one, two = sorted(span(instance, runs[job]) for job in NETWORKS)
    assert one[1] <= two[0]


@pytest.mark.usefixtures("daemon")
def test_two_runs_of_one_use_case_never_overlap(instance: DagsterInstance, environment: dict[str, str]):
    submit(TWINS, environment, **{"dagster/partition": "retail/returns"})
    runs = ended(instance, TWINS)
    assert {name: run.status for name, run in runs.items()} == dict.fromkeys(TWINS, DagsterRunStatus.SUCCESS)
    one, two = sorted(span(instance, runs[job]) for job in TWINS)
    assert one[1] <= two[0]


@pytest.mark.usefixtures("daemon")
def test_a_run_whose_process_died_is_tried_again(instance: DagsterInstance, environment: dict[str, str]):
    submit(["make_mortal"], environment)
    until = time.monotonic() + PATIENCE_SECONDS
    while not instance.get_runs_count(RunsFilter(statuses=[DagsterRunStatus.SUCCESS])):
        assert time.monotonic() < until, [run.status for run in instance.get_runs()]
        time.sleep(0.5)
    second, first = instance.get_runs()
    assert first.status == DagsterRunStatus.FAILURE
    assert second.parent_run_id == first.run_id
