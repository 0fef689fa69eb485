"""Use cases are made side by side, and each as if it were alone."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from dagster import DagsterRunStatus
from filelock import FileLock, Timeout

from benchmarks import repeatability
from pipelines import refresh as refreshing
from pipelines.refresh import Result, bring_up_to_date
from resources import compute
from resources.compute import has_gpu, jobs_carried

from .sandbox import NoProgress, Sandbox, orders
from .test_told_to_end import HANGING, PROJECT, ended, wait_for

SALES, STOCK, STORES = "retail/sales", "retail/stock", "retail/stores"
MEETING = """
import time
from pathlib import Path
def assemble(members):
    folder = Path(__file__).parent
    (folder / "here").touch()
    end = time.monotonic() + 300
    while not all((folder.parent / name / "here").exists() for name in ("sales", "stock")):
        assert time.monotonic() < end, "the other never came"
        time.sleep(0.1)
    return next(iter(members.values()))
"""
"""Both use cases come to their data only where they do so at the same time."""


def made(sandbox: Sandbox, keys: list[str], jobs: int) -> list[Result]:
    with sandbox.instance() as instance:
        return bring_up_to_date(keys, sandbox.catalogue(), instance, NoProgress(), jobs)


@pytest.mark.slow
def test_two_are_made_at_the_same_time_and_one_that_fails_stops_no_other(
    empty: Sandbox, monkeypatch: pytest.MonkeyPatch
):
    for key in (SALES, STOCK):
        (empty.place(key, orders(), title=key) / "features.py").write_text(MEETING)
    empty.place(STORES, orders().with_columns(returned=1), title="Broken")
    empty.name_in(monkeypatch)
    results = made(empty, [STORES, SALES, STOCK], jobs=2)
    assert [(one.key, one.status) for one in results] == [(STORES, "failed"), (SALES, "made"), (STOCK, "made")]
    page = (empty.current("status_report", "all") / "report.md").read_text()
    assert SALES in page and STOCK in page


@pytest.mark.slow
def test_side_by_side_every_figure_is_as_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    homes = []
    for jobs in (1, 2):
        sandbox = Sandbox(tmp_path / str(jobs))
        for seed, key in enumerate((SALES, STOCK)):
            sandbox.place(key, orders(seed=seed), title=key, learners=["logistic", "lightgbm", "mlp"])
        sandbox.name_in(monkeypatch)
        assert {one.status for one in made(sandbox, [SALES, STOCK], jobs)} == {"made"}
        homes.append(sandbox.home)
    assert list(repeatability.compared(*homes)) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_all_end_with_the_command_and_nothing_stays_locked(
    empty: Sandbox, monkeypatch: pytest.MonkeyPatch, number: signal.Signals
):
    for key in (SALES, STOCK):
        (empty.place(key, orders(), title=key) / "features.py").write_text(HANGING)
    empty.name_in(monkeypatch)
    command = [sys.executable, "-c", "from pipelines.cli.main import main; main()", "run", "--jobs", "2"]
    with empty.instance() as instance:
        with subprocess.Popen(command, cwd=PROJECT, start_new_session=True, stdout=subprocess.DEVNULL) as run:
            for key in (SALES, STOCK):
                wait_for((empty.root / key / "here").exists, f"{key} begins")
            children = psutil.Process(run.pid).children(recursive=True)
            os.kill(run.pid, number)
        wait_for(lambda: all(ended(one) for one in children), "they end")
        wait_for(lambda: free(empty, SALES) and free(empty, STOCK), "the locks are free")
        assert {one.status for one in instance.get_runs()} == {DagsterRunStatus.FAILURE}


@pytest.mark.slow
def test_who_is_ended_before_its_process_begins_makes_nothing(empty: Sandbox, monkeypatch: pytest.MonkeyPatch):
    """Ctrl-C comes while a thread looks what is out of date: it would work on, and the command with it."""
    empty.place(SALES, orders(), title=SALES)
    empty.name_in(monkeypatch)
    with empty.instance() as instance:
        refresh = refreshing._Refresh(empty.catalogue(), instance, NoProgress())
        refresh.kill()
        assert refresh.use_case(SALES).status == "failed"
        assert list(instance.get_runs()) == []
    assert not empty.state.artefact("raw_data", SALES).exists()


def free(sandbox: Sandbox, key: str) -> bool:
    try:
        with FileLock(sandbox.state.run_lock(key)).acquire(blocking=False):
            return True
    except Timeout:
        return False


@pytest.mark.parametrize(
    ("cores", "memory", "gpu", "jobs"),
    [
        (2, 24, False, 2),
        (16, 128, False, 16),
        (16, 20, False, 5),
        (1, 64, False, 1),
        (8, 3, False, 1),
        (16, 128, True, 1),
    ],
)
def test_what_a_machine_carries_follows_from_cores_and_memory(
    monkeypatch: pytest.MonkeyPatch, cores: int, memory: int, gpu: bool, jobs: int
):
    monkeypatch.setattr(compute, "cores", lambda: cores)
    monkeypatch.setattr(compute, "machine_memory", lambda: memory * 2**30)
    monkeypatch.setattr(compute, "has_gpu", lambda: gpu)
    assert jobs_carried() == jobs


@pytest.mark.parametrize("hidden", ["", "-1"])
def test_a_gpu_that_is_hidden_is_none(monkeypatch: pytest.MonkeyPatch, hidden: str):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)
    assert not has_gpu()
