"""A restore that is killed, or fails, at any point leaves a state folder that is not there, is refused, or is whole.
The next restore clears away what it left."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from pipelines.cli.app import app
from pipelines.instance import open_instance
from resources.store import cleanup
from resources.store.atomic import DELETING, StorageError, sync
from resources.store.backup import back_up
from resources.store.backup_archive import BackupError
from resources.store.restore import restore
from resources.store.state import LOCK, RESTORING, State
from resources.store.versions import ABANDONED_SECONDS, publish

from ...pipelines.sandbox import Sandbox, hashes
from .power_cut import cut_everywhere

ACCESSES = ("open", "os.rename", "os.mkdir", "os.rmdir", "os.remove", "os.symlink")
"""What Python tells of, before it is done."""


def state(folder: Path) -> State:
    return State(folder=str(folder))


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A backup of a state folder with two artefacts and an opened test."""

    def write(place: Path) -> None:
        (place / "table").write_text("1")

    home = tmp_path / "original"
    for asset in ("raw_data", "features"):
        publish(home / "artefacts" / asset / "a" / "b", "1", write)
    for name in ("dagster/dagster.yaml", "openings/a.b.jsonl"):
        (home / name).parent.mkdir()
        (home / name).write_text(name)
    back_up(state(home), tmp_path / "backup.tar.gz")
    return tmp_path / "backup.tar.gz"


@pytest.fixture(params=["absent", "an empty folder"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    place = tmp_path / "place" / "home"
    place.parent.mkdir()
    if request.param != "absent":
        place.mkdir(mode=0o750)
    return place


def content(folder: Path) -> dict[str, str]:
    found = hashes(folder).items()
    return {name: digest for name, digest in found if Path(name).name != LOCK and not name.startswith(DELETING)}


def restore_in_a_process_that_dies(archive: Path, home: Path, when: Callable[[str, Any], bool]) -> bool:
    """Whether it died, by SIGKILL, just before the first access to the disk of which `when` says so."""
    child = os.fork()
    if child == 0:

        def die(event: str, arguments: Any) -> None:
            if event in ACCESSES and when(event, arguments):
                os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(die)
        try:
            restore(archive, state(home))
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def at(step: int) -> Callable[[str, Any], bool]:
    """At the access with this number."""
    accesses = count()
    return lambda event, arguments: next(accesses) == step


def ledger_is_next(home: Path) -> Callable[[str, Any], bool]:
    """At the renaming that puts the ledger of opened tests in place."""
    return lambda event, arguments: event == "os.rename" and Path(arguments[1]) == home / "openings"


def test_one_that_is_killed_while_it_clears_away_is_repeated(archive: Path, tmp_path: Path):
    home = tmp_path / "home"
    home.mkdir()
    assert restore_in_a_process_that_dies(archive, home, ledger_is_next(home))
    assert restore_in_a_process_that_dies(archive, home, lambda event, arguments: event == "os.rmdir")
    with pytest.raises(StorageError, match="holds a part of a backup"):
        state(home).require_whole()
    restore(archive, state(home))
    assert content(home) == content(tmp_path / "original")
    assert cleanup.restore_drafts(home) == []


@pytest.mark.slow
def test_wherever_it_is_killed_the_home_is_absent_refused_or_whole(archive: Path, home: Path, tmp_path: Path):
    expected = content(tmp_path / "original")
    there, found, step = home.exists(), set[str](), 0
    while restore_in_a_process_that_dies(archive, home, at(step)):
        found.add(standing(home, expected))
        restore_again(archive, home, expected)
        clear(home, there)
        step += 2
    assert found == ({"refused", "empty", "whole"} if there else {"absent", "whole"})
    assert step > 30


def standing(home: Path, expected: dict[str, str]) -> str:
    if not home.exists():
        return "absent"
    if state(home).unfinished_restore:
        with pytest.raises(StorageError, match="type `sectorforge restore` with the archive again"):
            state(home).require_whole()
        return "refused"
    if not any(home.iterdir()):
        return "empty"
    assert content(home) == expected
    return "whole"


def restore_again(archive: Path, home: Path, expected: dict[str, str]) -> None:
    if content(home) != expected or state(home).unfinished_restore:
        left = cleanup.restore_drafts(home)
        assert restore(archive, state(home)).removed == left
    assert content(home) == expected
    assert [path.name for path in home.parent.iterdir()] == ["home"]
    assert (home / "artefacts" / "features" / "a" / "b" / "current" / "table").read_text() == "1"


def clear(home: Path, there: bool) -> None:
    shutil.rmtree(home)
    if there:
        home.mkdir(mode=0o750)


def test_a_power_cut_leaves_no_half_home_that_looks_whole(archive: Path, home: Path, tmp_path: Path):
    expected = content(tmp_path / "original")
    with cut_everywhere(home.parent, tmp_path / "images") as cuts:
        for folder in [*home.parent.iterdir(), home.parent]:
            sync(folder)
        restore(archive, state(home))
        images = cuts()
    there = [image / "home" for image in images if (image / "home").exists()]
    assert {standing(place, expected) for place in there} <= {"refused", "empty", "whole"}
    assert standing(images[-1] / "home", expected) == "whole"


def test_a_folder_that_was_there_keeps_its_permissions_and_a_new_one_is_its_owners(archive: Path, tmp_path: Path):
    (tmp_path / "there").mkdir()
    (tmp_path / "there").chmod(0o2770)
    for name, mode in (("there", 0o2770), ("new", 0o700)):
        restore(archive, state(tmp_path / name))
        assert (tmp_path / name).stat().st_mode & 0o7777 == mode


def test_a_file_system_of_its_own_is_empty_with_what_is_always_in_it(archive: Path, tmp_path: Path):
    (tmp_path / "mount" / "lost+found").mkdir(parents=True)
    restore(archive, state(tmp_path / "mount"))
    assert content(tmp_path / "mount") == content(tmp_path / "original")


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_mount_is_restored_into(archive: Path, tmp_path: Path):
    """It can't be renamed over."""
    place = tmp_path / "mount"
    place.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", str(place)], check=False, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        restore(archive, state(place))
        assert content(place) == content(tmp_path / "original")
        assert place.is_mount() and state(place).unfinished_restore is None
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_what_fails_last_leaves_nothing(archive: Path, home: Path):
    def fail(draft: State) -> int:
        raise OSError("the history does not answer")

    there = home.exists()
    with pytest.raises(BackupError, match="the history does not answer"):
        restore(archive, state(home), fail)
    assert home.exists() == there
    assert content(home.parent) == {}
    assert len(list(home.parent.iterdir())) == there


def test_two_restores_of_one_home_do_not_mix(archive: Path, home: Path):
    def meanwhile(draft: State) -> int:
        with pytest.raises(BackupError, match="another process restores"):
            restore(archive, state(home))
        return 7

    assert restore(archive, state(home), meanwhile).ended == 7


def test_what_a_home_holds_that_no_restore_put_there_is_never_removed(archive: Path, home: Path):
    """As where an earlier version's restore was killed, and the folder was used since."""
    (home / f"{RESTORING}abc" / "artefacts").mkdir(parents=True)
    (home / "openings").mkdir()
    (home / "openings" / "mine").write_text("mine")
    with pytest.raises(BackupError, match="is not empty"):
        restore(archive, state(home))
    assert (home / "openings" / "mine").read_text() == "mine"


def test_a_cleaning_removes_old_drafts_of_restores(home: Path):
    home.mkdir(exist_ok=True)
    drafts = [home.parent / f"{RESTORING}home-abcdefgh", home / f"{RESTORING}home-abcdefgh"]
    other = home.parent / f"{RESTORING}home-2-abcdefgh"
    for draft in (*drafts, other):
        draft.mkdir()
        os.utime(draft, (0, time.time() - ABANDONED_SECONDS - 60))
    assert list(cleanup.drafts(state(home))) == drafts


# --- the command line -------------------------------------------------------------------------------------------------


@pytest.fixture
def half(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder into which a backup was half put back: without the ledger of opened tests."""
    back_up(sandbox.state, sandbox.folder / "backup.tar.gz")
    home = sandbox.folder / "half"
    home.mkdir()
    assert restore_in_a_process_that_dies(sandbox.folder / "backup.tar.gz", home, ledger_is_next(home))
    assert (home / "artefacts").is_dir() and (home / "dagster").is_dir()
    sandbox.name_in(monkeypatch)
    monkeypatch.setenv("SECTORFORGE_HOME", str(home))
    monkeypatch.delenv("DAGSTER_HOME")
    return home


def invoke(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, arguments)
    return result.exit_code, " ".join(result.output.split())


def test_no_command_takes_half_a_home_for_one(half: Path, sandbox: Sandbox):
    before = hashes(half)
    for command in (["run"], ["list"], ["report"], ["models", "list"], ["clean"], ["migrate"], ["ui"], ["health"]):
        status, said = invoke(*command)
        assert status == 1, command
        assert "holds a part of a backup" in said and "type `sectorforge restore`" in said
    with pytest.raises(StorageError, match="holds a part of a backup"):
        open_instance()
    assert hashes(half) == before

    status, said = invoke("restore", str(sandbox.folder / "backup.tar.gz"))
    assert (status, "removed; a restore that was ended had left it" in said) == (0, True)
    assert hashes(half / "openings") == hashes(sandbox.home / "openings")
    assert invoke("list")[0] == 0
    with open_instance() as instance:
        assert instance.get_runs_count() == 1
