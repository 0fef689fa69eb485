"""Two runs of one use case at once, neither through the queue: each is whole, and nothing is mixed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from dagster import AssetKey, AssetRecordsFilter, DagsterEventType, DagsterInstance, DagsterRunStatus
from filelock import FileLock, Timeout

from assets.stages import STAGES
from pipelines import refresh
from pipelines.freshness import stale_stages
from pipelines.refresh import bring_up_to_date
from pipelines.runs import ChildFailed, Launch, Worker
from resources.store.atomic import StorageError

from .sandbox import KEY, NoProgress, Sandbox, orders

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]
UNWRITABLE = Path("/sys/a.lock")
"""Not even by root."""
MAKE = """
import sys
from pathlib import Path
from tests.pipelines.sandbox import KEY, Sandbox
sandbox = Sandbox(Path(sys.argv[1]))
with sandbox.instance() as instance:
    sandbox.make(instance, KEY)
"""


def start(sandbox: Sandbox) -> "subprocess.Popen[bytes]":
    return subprocess.Popen([sys.executable, "-c", MAKE, str(sandbox.folder)], cwd=PROJECT)


def spans(instance: DagsterInstance) -> dict[str, tuple[float, float]]:
    """When the first step of each run began and its last one ended."""
    found = {}
    for run in instance.get_runs():
        assert run.status == DagsterRunStatus.SUCCESS
        steps = {DagsterEventType.STEP_START, DagsterEventType.STEP_SUCCESS}
        moments = [entry.timestamp for entry in instance.all_logs(run.run_id, of_type=steps)]
        found[run.run_id] = (min(moments), max(moments))
    return found


def test_two_processes_that_make_one_use_case_take_turns(empty: Sandbox):
    empty.place(frame=orders())
    with empty.instance() as instance:
        instance.get_runs()
        both = [start(empty), start(empty)]
        assert [process.wait(300) for process in both] == [0, 0]
        (first, one), (second, other) = sorted(spans(instance).items(), key=lambda run: run[1])
        assert one[1] <= other[0], "no step of one run lies within the other"
        waited = [entry.user_message for entry in instance.all_logs(second) if entry.dagster_event is None]
        assert any(f"waits until run {first} of {KEY}" in line for line in waited)
        assert {_maker(instance, stage) for stage in STAGES} == {second}
        assert stale_stages(empty.use_case(), instance, empty.state) == []
        for stage in ("baseline_model", "evaluation", "evaluation_report"):
            assert empty.current(stage).resolve().name == second


def test_two_commands_at_once_train_once(empty: Sandbox, monkeypatch: pytest.MonkeyPatch):
    empty.place(frame=orders())
    empty.name_in(monkeypatch)
    with empty.instance() as instance:
        instance.get_runs()
    command = [sys.executable, "-c", "from pipelines.cli.app import app; app()", "run", KEY]
    both = [subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = sorted(process.communicate(timeout=300)[0] for process in both)
    assert [process.returncode for process in both] == [0, 0]
    assert sum("another `sectorforge run`" in one for one in said) == 1
    assert sum("up to date" in one for one in said) == 1
    with empty.instance() as instance:
        jobs = [run.job_name for run in instance.get_runs()]
    assert sorted(jobs) == ["industry", "market_entry", "status", "use_case"]
    assert len((empty.state.test_access_log(KEY)).read_text().splitlines()) == 1


class Waits(NoProgress):
    """Keeps what is said of waiting."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def wait(self, key: str, message: str) -> None:
        self.said.append(message)


def after_each_question(monkeypatch: pytest.MonkeyPatch, happens: Callable[[], None]) -> None:
    """Let something happen each time that a command was told what is out of date."""

    def asked(*arguments: Any) -> list[str]:
        stale = stale_stages(*arguments)
        happens()
        return stale

    monkeypatch.setattr(refresh, "stale_stages", asked)


def test_a_run_that_begins_while_a_command_starts_its_child_trains_alone(
    empty: Sandbox, monkeypatch: pytest.MonkeyPatch
):
    """One of the queue, say. It holds the lock before the command's child has loaded its imports."""
    empty.place(frame=orders())
    empty.name_in(monkeypatch)
    others: list[subprocess.Popen[bytes]] = []
    lock = empty.state.run_lock(KEY)

    def other_begins() -> None:
        if not others:
            others.append(start(empty))
            while not (lock.exists() and lock.read_text().startswith("run ")):
                assert others[0].poll() is None
                time.sleep(0.1)

    after_each_question(monkeypatch, other_begins)
    progress = Waits()
    with empty.instance() as instance:
        result = bring_up_to_date([KEY], empty.catalogue(), instance, progress)[0]
        assert others[0].wait(60) == 0
        assert len(empty.state.test_access_log(KEY).read_text().splitlines()) == 1
        (run,) = [run for run in instance.get_runs() if run.tags.get("dagster/partition") == KEY]
    assert result.status == "up to date"
    assert [f"waits until run {run.run_id} of {KEY}" in line for line in progress.said] == [True]


def test_a_command_holds_the_lock_from_its_question_to_the_end(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch):
    """Between its two runs, one that makes the data and one that trains, too. What it asks before it has the lock only
    says whether a process is needed."""
    sandbox.place(frame=orders(seed=1))
    sandbox.name_in(monkeypatch)
    held: list[bool] = []
    after_each_question(monkeypatch, lambda: held.append(not is_free(sandbox.state.run_lock(KEY))))
    with sandbox.instance() as instance:
        result = bring_up_to_date([KEY], sandbox.catalogue(), instance, NoProgress())[0]
        jobs = {run.job_name for run in instance.get_runs() if run.tags.get("dagster/partition") == KEY}
    assert result.status == "made" and {"data", "use_case"} <= jobs
    assert held == [False, True, True]
    assert is_free(sandbox.state.run_lock(KEY))


def test_a_process_says_what_it_cannot_lock_and_holds_nothing_once_it_was_killed(
    empty: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    empty.place(frame=orders())
    empty.name_in(monkeypatch)
    lock = tmp_path / "a.lock"
    with empty.instance() as instance:
        worker = Worker(empty.catalogue().roots, instance, empty.state.run_log)
        with pytest.raises(StorageError, match="can't be written"), worker.holding(UNWRITABLE, "a test", pytest.fail):
            pass
        with worker.holding(lock, "a test", pytest.fail):
            assert not is_free(lock) and lock.read_text() == "a test"
            os.kill(worker.pid, signal.SIGKILL)
            with pytest.raises(ChildFailed, match=f"exit code -9 before the run began; see {empty.state.run_log}"):
                worker.run(Launch("data", KEY), lambda *_: None)
            assert is_free(lock)
        with pytest.raises(ChildFailed), worker.holding(lock, "a test", pytest.fail):
            pass
        worker.close()


def is_free(lock: Path) -> bool:
    with suppress(Timeout), FileLock(lock, blocking=False):
        return True
    return False


def _maker(instance: DagsterInstance, stage: str) -> str:
    wanted = AssetRecordsFilter(AssetKey(stage), asset_partitions=[KEY])
    return instance.fetch_materializations(wanted, limit=1).records[0].run_id
