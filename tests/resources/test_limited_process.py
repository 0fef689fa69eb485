"""A function in a process of its own: what it yields comes back, and every way to die is a message."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import psutil
import pytest

from resources.limited_process import (
    Died,
    LimitedProcess,
    LimitedProcessError,
    MemoryExceeded,
    TimeExceeded,
    _cgroup_limits,
    machine_memory,
)

PROJECT = Path(__file__).parent.parent.parent
GIB = 2**30


def ends(
    function: Callable[..., Any], *arguments: object, seconds: float = 60, silence: float | None = None
) -> LimitedProcessError:
    with LimitedProcess(GIB, (KeyError,)) as process, pytest.raises(LimitedProcessError) as caught:
        list(process.results(function, *arguments, seconds=seconds, silence=silence))
    return caught.value


def eventually(condition: Callable[[], bool]) -> bool:
    end = time.monotonic() + 60
    while not (done := condition()) and time.monotonic() < end:
        time.sleep(0.2)
    return done


def test_what_a_function_yields_comes_back_and_the_process_stays():
    pairs = [[["é", {"a": None}], b"\0" * 2**20], [1.5, b""]]
    with LimitedProcess(GIB) as process:
        for _ in range(3):
            assert [list(pair) for pair in process.results(iter, pairs, seconds=60)] == pairs


def test_an_error_that_is_named_is_raised_and_the_process_stays():
    with LimitedProcess(GIB, (KeyError,)) as process:
        with pytest.raises(KeyError, match="'a'"):
            list(process.results({}.__getitem__, "a", seconds=60))
        assert list(process.results(iter, [(1, b"")], seconds=60)) == [(1, b"")]
    assert str(ends(int, "x")) == "fails with ValueError: invalid literal for int() with base 10: 'x'"


def test_a_text_of_any_length_comes_back_short_with_its_beginning_and_its_end(monkeypatch: pytest.MonkeyPatch):
    with LimitedProcess(GIB, (KeyError,)) as process, pytest.raises(KeyError) as caught:
        list(process.results({}.__getitem__, f"begins {'a' * 10**8} ends", seconds=60))
    (said,) = caught.value.args
    assert said.startswith("begins aaa") and said.endswith("aaa ends") and len(said) < 2100
    monkeypatch.setenv("SHOP_PASSWORD", "correct-horse-battery")
    with LimitedProcess(GIB, (KeyError,)) as process, pytest.raises(KeyError) as caught:
        list(process.results({}.__getitem__, f"{'a' * 990}correct-horse-battery{'a' * 2000}", seconds=60))
    assert "correct" not in str(caught.value)
    printed = str(ends(exec, "import os; print('a' * 10**8, 'ends', flush=True); os._exit(3)"))
    assert printed.endswith("aaa ends)") and len(printed) < 2100


def test_memory_that_is_refused_is_said():
    assert str(ends(bytes, 2 * GIB)) == "takes more than the 1 GiB of memory that it may"
    assert isinstance(ends(bytes, 2 * GIB), MemoryExceeded)
    assert isinstance(ends(signal.raise_signal, signal.SIGKILL), MemoryExceeded), (
        "as the kernel does that has none left"
    )


def test_an_abort_of_polars_for_want_of_memory_is_said():
    many = pl.LazyFrame({"a": [0]}).select(pl.int_range(GIB))
    assert isinstance(ends(pl.LazyFrame.collect, many), MemoryExceeded)


def test_a_crash_is_said():
    assert str(ends(ctypes.string_at, 0)) == "ends the process that does it (SIGSEGV)"
    assert str(ends(os.abort)) == "ends the process that does it (SIGABRT)"
    assert isinstance(ends(os._exit, 3), Died)


@pytest.mark.slow
def test_time_that_is_over_is_said():
    started = time.monotonic()
    assert str(ends(time.sleep, 600, seconds=3)) == "takes longer than the 0.05 minutes that it may"
    assert isinstance(ends(time.sleep, 600, seconds=600, silence=1), TimeExceeded)
    assert time.monotonic() - started < 60


def test_a_process_ends_with_its_parent():
    code = (
        "import os, time\nfrom resources.limited_process import LimitedProcess\n"
        "with LimitedProcess(2**30) as process:\n"
        "    print(process._process.pid, flush=True)\n"
        "    list(process.results(time.sleep, 600, seconds=600))\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=PROJECT, stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    assert eventually(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)


def test_the_memory_of_a_machine_is_that_of_its_narrowest_control_group(tmp_path: Path):
    for folder, limit in {"": "max", "system.slice": "2000", "system.slice/one.service": "max"}.items():
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / "memory.max").write_text(f"{limit}\n")
    assert list(_cgroup_limits(tmp_path, "memory.max", "/system.slice/one.service")) == [2000]
    assert list(_cgroup_limits(tmp_path, "memory.max", "/docker/of-the-host")) == []
    assert 0 < machine_memory() <= psutil.virtual_memory().total
