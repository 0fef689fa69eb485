"""The power goes in the middle of `sectorforge run`, or as it ends, on a file system of its own: the next run makes
again what was lost, and no more is forgotten than was never said to be done."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.disk_image import DiskImage, missing
from pipelines.freshness import stale_stages
from resources.store.integrity import damage
from resources.store.versions import current

from .sandbox import BEHIND_THE_CONTRACT, KEY, Sandbox, hashes, orders
from .test_told_to_end import PROJECT, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(missing()), reason=missing())]

COMMAND = [sys.executable, "-c", "from pipelines.cli.app import app; app()", "run", KEY]
DETERMINISTIC = ("raw_data", "validated_data", "features")
"""Stages whose files are the same after every run."""


@pytest.fixture(scope="module")
def former(tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    """Everything made from the first delivery; then the second one is dropped."""
    made = Sandbox(tmp_path_factory.mktemp("former") / "sandbox")
    made.place(frame=orders())
    with made.instance() as instance:
        made.make(instance)
    made.place(frame=orders(seed=1))
    return made


@pytest.fixture(scope="module")
def undisturbed(former: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Sandbox:
    made = former.copy(tmp_path_factory.mktemp("undisturbed") / "sandbox")
    with made.instance() as instance:
        made.make(instance)
    return made


def start() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(COMMAND, cwd=PROJECT, start_new_session=True, stdout=subprocess.DEVNULL)


def sync(home: Path) -> None:
    subprocess.run(["sync", "-f", str(home)], check=True)


def times_opened(sandbox: Sandbox) -> int:
    return len(sandbox.state.test_access_log(KEY).read_text().splitlines())


@pytest.mark.parametrize("asset", ["features", "evaluation", None])
def test_the_next_run_makes_again_what_was_lost(
    former: Sandbox, undisturbed: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asset: str | None
):
    """Cut as soon as a version of `asset` is published, or as the run has ended."""
    sandbox = Sandbox(tmp_path / "sandbox")
    shutil.copytree(former.root, sandbox.root)
    with DiskImage(sandbox.home) as disk:
        shutil.copytree(former.home, sandbox.home, symlinks=True, dirs_exist_ok=True)
        sync(sandbox.home)
        sandbox.name_in(monkeypatch)
        before = current(sandbox.state.artefact(asset, KEY)) if asset else None
        with start() as run:
            if asset:
                wait_for(lambda: current(sandbox.state.artefact(asset, KEY)) != before, f"{asset} is published")
            else:
                assert run.wait() == 0
            disk.cut_power()
            if asset:
                os.killpg(run.pid, signal.SIGKILL)
        disk.restore_power()
        opened = times_opened(sandbox)
        assert opened >= (1 if asset else 2)

        again = subprocess.run(COMMAND, cwd=PROJECT, check=False, capture_output=True, text=True)
        assert again.returncode == 0, again.stdout + again.stderr
        assert "Traceback" not in again.stdout + again.stderr
        with sandbox.instance() as instance:
            assert stale_stages(sandbox.use_case(), instance, sandbox.state) == []
        assert {name: damage(sandbox.current(name)) for name in BEHIND_THE_CONTRACT} == dict.fromkeys(
            BEHIND_THE_CONTRACT, ""
        )
        for name in DETERMINISTIC:
            assert hashes(sandbox.current(name)) == hashes(undisturbed.current(name))
        assert times_opened(sandbox) >= opened
