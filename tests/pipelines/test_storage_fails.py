"""A full or read-only disk at every stage: the run says so, what was published stays, the next run recovers."""

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter

from assets import published_model
from assets.stages import BESIDE_VALIDATED_DATA, DRIFT, STAGES
from pipelines.sensors.failed_runs import notice_of
from resources.store import io_manager
from resources.store.atomic import DRAFT

from .sandbox import KEY, Sandbox, failures, hashes, orders

FULL = OSError(errno.ENOSPC, "No space left on device")
AWAY = OSError(errno.EIO, "Input/output error")
MEGABYTE = 2**20


def selection(stage: str) -> list[str]:
    return [stage, *BESIDE_VALIDATED_DATA] if stage == "validated_data" else [stage]


def failing(error: Exception) -> Callable[..., None]:
    """Saves half, then fails."""

    def save(value: object, folder: Path, **_: object) -> None:
        (folder / "half").write_bytes(b"half")
        raise error

    return save


def retried(instance: DagsterInstance) -> str:
    (run,) = instance.get_runs(RunsFilter(statuses=[DagsterRunStatus.FAILURE]))
    return run.tags["dagster/will_retry"]


@pytest.mark.parametrize(
    "stage", [pytest.param(stage, marks=[] if stage == "features" else pytest.mark.slow) for stage in STAGES]
)
def test_a_disk_that_is_full_at_a_stage(
    sandbox: Sandbox, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch, stage: str
):
    sandbox.place(frame=orders(seed=1))
    if stage == "published_model":  # the one judged last has its version already
        sandbox.make(instance, KEY, "evaluation")
    before = hashes(sandbox.home / "artefacts")
    with monkeypatch.context() as patched:
        patched.setattr(io_manager, "save", failing(FULL))
        patched.setattr(published_model.shutil, "copytree", failing(FULL))
        result = sandbox.materialise(instance, KEY, *selection(stage))
    (message,) = failures(result).values()
    assert f"{stage if stage != 'validated_data' else DRIFT}/{KEY} can't be written, the disk is full" in message
    assert hashes(sandbox.home / "artefacts") == before
    assert not list((sandbox.home / "artefacts").rglob(f"{DRAFT}*"))
    assert retried(instance) == "false", "a full disk is full until somebody makes room"
    sandbox.make(instance, KEY, *selection(stage))


def test_storage_that_does_not_answer_is_tried_again(
    sandbox: Sandbox, instance: DagsterInstance, monkeypatch: pytest.MonkeyPatch
):
    sandbox.place(frame=orders(seed=1))
    monkeypatch.setattr(io_manager, "save", failing(AWAY))
    assert not sandbox.materialise(instance, KEY, "raw_data").success
    assert retried(instance) == "true"


# --- a real disk ------------------------------------------------------------------------------------------------------


@pytest.fixture
def disk(delivered: Sandbox, tmp_path: Path) -> Iterator[Sandbox]:
    """A copy of `delivered` on a disk of its own, which a test can fill and lock."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", folder], check=False)
    if mounted.returncode:
        pytest.skip("this user may not mount")
    try:
        yield delivered.copy(folder / "sandbox")
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture
def elsewhere(disk: Sandbox, tmp_path: Path) -> Iterator[DagsterInstance]:
    """The instance of `disk`, moved to another disk."""
    moved = Sandbox(tmp_path / "other")
    subprocess.run(["cp", "-r", disk.folder, moved.folder], check=True)
    with moved.instance() as opened:
        yield opened


def fill(folder: Path, left: int) -> Path:
    ballast = folder / "ballast"
    free = os.statvfs(folder)
    with ballast.open("wb") as file:
        file.write(bytes(free.f_bavail * free.f_frsize - left))
    return ballast


@pytest.mark.slow
def test_a_disk_that_fills_up_and_is_emptied(disk: Sandbox, elsewhere: DagsterInstance):
    before = disk.published()
    disk.place(frame=orders(3_000, seed=1))
    ballast = fill(disk.folder, left=MEGABYTE // 16)
    result = disk.materialise(elsewhere)
    (message,) = failures(result).values()
    assert "can't be written, the disk is full: make room and run again" in message
    assert disk.published() == before
    ballast.unlink()
    disk.make(elsewhere)
    assert disk.published()["validated_data"] != before["validated_data"]


@pytest.mark.slow
def test_a_disk_that_is_read_only_for_a_while(disk: Sandbox, elsewhere: DagsterInstance):
    before = disk.published()
    disk.place(frame=orders(seed=1))
    subprocess.run(["mount", "-o", "remount,ro", disk.folder.parent], check=True)
    assert not disk.materialise(elsewhere).success
    (run,) = elsewhere.get_runs(RunsFilter(statuses=[DagsterRunStatus.FAILURE]))
    assert (
        "can't be written, the storage is read-only: mount it for writing and run again"
        in notice_of(run, elsewhere, disk.catalogue()).text
    )
    assert disk.published() == before
    subprocess.run(["mount", "-o", "remount,rw", disk.folder.parent], check=True)
    disk.make(elsewhere)
    assert disk.published() != before


@pytest.mark.slow
def test_an_event_database_without_room_keeps_what_it_has(disk: Sandbox):
    before = disk.published()
    disk.place(frame=orders(seed=1))
    with disk.instance() as instance:
        runs = instance.get_runs_count()
        ballast = fill(disk.folder, left=0)
        with pytest.raises(Exception, match=r"disk is full|disk I/O error"):
            disk.materialise(instance)
        assert disk.published() == before
        ballast.unlink()
    with disk.instance() as instance:
        assert instance.get_runs_count() >= runs
        disk.make(instance)
    assert disk.published() != before
