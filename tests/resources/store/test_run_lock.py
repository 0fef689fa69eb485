"""Of one use case one run at a time."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from resources.store.run_lock import run_lock


def test_the_second_waits_and_says_for_whom(tmp_path: Path):
    said, order = [], []
    lock = tmp_path / "locks" / "retail.returns.lock"

    def second() -> None:
        with run_lock(lock, "run 2", said.append):
            order.append("second")

    with run_lock(lock, "run 1 of retail/returns (process 7)", said.append):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(1)
        assert thread.is_alive()
        order.append("first")
    thread.join(10)
    assert order == ["first", "second"]
    assert said == ["waits until run 1 of retail/returns (process 7) has ended: both make the same"]


def test_who_holds_it_may_take_it_again(tmp_path: Path):
    lock, said = tmp_path / "a.lock", []
    command = [sys.executable, "-c", HOLD, str(lock)]
    with run_lock(lock, "a command", pytest.fail):
        with run_lock(lock, "its run", pytest.fail):
            pass
        assert lock.read_text() == "a command"
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True) as other:
            assert other.stdout is not None
            said.append(other.stdout.readline())
            assert other.poll() is None
            other.kill()
    assert said == ["waits until a command has ended: both make the same\n"]
    with run_lock(lock, "another command", pytest.fail):
        assert lock.read_text() == "another command"


def test_another_use_case_does_not_wait(tmp_path: Path):
    with run_lock(tmp_path / "a.lock", "run 1", pytest.fail), run_lock(tmp_path / "b.lock", "run 2", pytest.fail):
        pass


FORMER = """
import fcntl, sys
with open(sys.argv[1], "a+") as file:
    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    file.truncate(0)
    file.write("run 1 of an earlier version")
    file.flush()
    print(flush=True)
    sys.stdin.read()
"""


def test_a_process_of_an_earlier_version_and_this_one_wait_for_each_other(tmp_path: Path):
    """It locked the same file with flock."""
    lock, said = tmp_path / "a.lock", []
    command = [sys.executable, "-c", FORMER, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None and child.stdout.readline()
        threading.Timer(1, child.kill).start()
        with run_lock(lock, "run 2", said.append):
            assert child.poll() is not None
            assert subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode != 0
            assert lock.read_text() == "run 2"
    assert said == ["waits until run 1 of an earlier version has ended: both make the same"]


HOLD = """
import sys
from pathlib import Path
from resources.store.run_lock import run_lock
with run_lock(Path(sys.argv[1]), "run 1", lambda message: print(message, flush=True)):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_the_lock_of_a_killed_process_is_free(tmp_path: Path):
    lock = tmp_path / "a.lock"
    command = [sys.executable, "-c", HOLD, str(lock)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None and child.stdout.readline() == "held\n"
        child.kill()
    with run_lock(lock, "run 2", pytest.fail):
        pass
