"""`sectorforge run` that is ended from outside takes its child with it: the run is marked, the lock is free."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from dagster import DagsterRunStatus
from filelock import FileLock, Timeout

from .sandbox import KEY, Sandbox, orders

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]
HANGING = """
import time
from pathlib import Path
def assemble(members):
    Path(__file__).with_name("here").touch()
    while True:
        time.sleep(60)
"""
SECONDS = 60
COMMAND = [sys.executable, "-c", "from pipelines.cli.app import app; app()", "run", KEY]
KILLED_SOON = """
import os, signal, threading
from pipelines.instance import open_instance
from pipelines.runs import Launch, Worker
from pipelines.vocabulary import read_catalogue
from resources.store.state import State
from tests.pipelines.sandbox import KEY
State().make()
with open_instance() as instance:
    worker = Worker(read_catalogue().roots, instance, State().run_log)
    print(worker.pid, flush=True)
    threading.Timer(0.5, os.kill, (os.getpid(), signal.SIGKILL)).start()
    worker.run(Launch("use_case", KEY, ("raw_data",)), lambda *_: None)
"""
"""A parent that is gone while its child, to which it has sent a run, still imports."""


def wait_for(happened: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + SECONDS
    while not happened():
        assert time.monotonic() < end, f"not within {SECONDS} s: {what}"
        time.sleep(0.1)


@pytest.fixture
def hanging(empty: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    (empty.place(KEY, orders()) / "features.py").write_text(HANGING)
    empty.name_in(monkeypatch)
    return empty


def working(sandbox: Sandbox, command: int) -> psutil.Process:
    """The child of a command, once it works."""
    wait_for((sandbox.root / KEY / "here").exists, "the work begins")
    (child,) = [one for one in psutil.Process(command).children() if "spawn_main" in " ".join(one.cmdline())]
    return child


def ended(process: psutil.Process) -> bool:
    """A zombie whose threads have not all ended yet counts, although it holds its files."""
    return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE


def free(sandbox: Sandbox) -> bool:
    with contextlib.suppress(Timeout), FileLock(sandbox.state.run_lock(KEY)).acquire(blocking=False):
        return True
    return False


@pytest.mark.usefixtures("hears_hangups")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGKILL])
@pytest.mark.parametrize("everybody", [False, True])
def test_its_child_ends_too(hanging: Sandbox, number: signal.Signals, *, everybody: bool):
    """`everybody`: the whole process group is told, as by a terminal that closes."""
    if everybody and number == signal.SIGKILL:
        pytest.skip("nothing can be marked by who is killed; the next run finds it")
    with hanging.instance() as instance:
        with subprocess.Popen(COMMAND, cwd=PROJECT, start_new_session=True, stdout=subprocess.DEVNULL) as run:
            child = working(hanging, run.pid)
            (os.killpg if everybody else os.kill)(run.pid, number)
        wait_for(lambda: ended(child), "the child ends")
        (marked,) = instance.get_runs()
        assert marked.status == DagsterRunStatus.FAILURE
        assert "the command that had started it was ended" in str(list(instance.all_logs(marked.run_id)))
        wait_for(lambda: free(hanging), "the lock is free")


def test_a_child_whose_parent_ended_while_it_imported_begins_nothing(empty: Sandbox, monkeypatch: pytest.MonkeyPatch):
    empty.place(KEY, orders())
    empty.name_in(monkeypatch)
    with subprocess.Popen([sys.executable, "-c", KILLED_SOON], cwd=PROJECT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
    assert parent.returncode == -signal.SIGKILL
    wait_for(lambda: ended(child), "the child ends")
    with empty.instance() as instance:
        assert list(instance.get_runs()) == []
    assert not empty.state.artefact("raw_data", KEY).exists()


def test_it_ends_too_while_the_database_is_away(hanging: Sandbox):
    away = hanging.dagster_home.with_name("away")
    with subprocess.Popen(COMMAND, cwd=PROJECT, start_new_session=True, stdout=subprocess.DEVNULL) as run:
        child = working(hanging, run.pid)
        hanging.dagster_home.rename(away)
        run.kill()
    wait_for(lambda: ended(child), "the child ends")
    wait_for(lambda: free(hanging), "the lock is free")


def test_under_nohup_both_go_on_when_the_terminal_closes(hanging: Sandbox):
    with hanging.instance() as instance:
        with subprocess.Popen(
            ["nohup", *COMMAND], cwd=PROJECT, start_new_session=True, stdout=subprocess.DEVNULL
        ) as run:
            child = working(hanging, run.pid)
            os.killpg(run.pid, signal.SIGHUP)
            time.sleep(3)
            assert run.poll() is None and not ended(child)
            assert [one.status for one in instance.get_runs()] == [DagsterRunStatus.STARTED]
            os.killpg(run.pid, signal.SIGTERM)
        wait_for(lambda: ended(child), "the child ends")
