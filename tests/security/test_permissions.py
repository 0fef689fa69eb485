"""What is written is its owner's: a new state folder is nobody else's, files are as the umask says, and no link that
somebody planted leads what is written elsewhere."""

import os
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pipelines.cli.app import app
from pipelines.health import Check, examine
from pipelines.instance import open_instance
from resources.store.atomic import DRAFT, replacing
from resources.store.run_lock import run_lock
from resources.store.state import LOCK
from resources.store.versions import locked

from ..pipelines.sandbox import KEY, Sandbox, orders

NOBODY = 65534


@pytest.fixture(params=[0o022, 0o077, 0o002], ids=oct)
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


@pytest.fixture
def at_home(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Sandbox:
    sandbox.name_in(monkeypatch)
    return sandbox


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o7777


def invoke(*arguments: str) -> str:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    return result.output


# --- permissions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", [["migrate"], ["clean"], pytest.param(["run", "retail/*"], marks=pytest.mark.slow)], ids=" ".join
)
def test_a_new_home_is_its_owners_whichever_command_makes_it(
    empty: Sandbox, monkeypatch: pytest.MonkeyPatch, umask: int, command: list[str]
):
    empty.place("retail/broken", title="Without a delivery")
    empty.name_in(monkeypatch)
    monkeypatch.delenv("DAGSTER_HOME")
    CliRunner().invoke(app, command)
    assert mode(empty.home) == 0o700
    assert mode(empty.dagster_home / "dagster.yaml") == 0o666 & ~umask


@pytest.mark.slow
def test_all_that_a_run_makes_is_as_the_umask_says(empty: Sandbox, umask: int):
    empty.place(frame=orders())
    empty.state.make()
    with empty.instance() as instance:
        empty.make(instance)
    assert mode(empty.home) == 0o700
    found = [path for path in empty.home.rglob("*") if not path.is_symlink()]
    assert len(found) > 50
    wanted = {True: 0o777 & ~umask, False: 0o666 & ~umask}
    databases = {".db": 0o644 & ~umask}  # SQLite's own default, sqlite.org/compile.html#default_file_permissions
    wrong = [path for path in found if mode(path) not in (wanted[path.is_dir()], databases.get(path.suffix))]
    assert [(str(path), oct(mode(path))) for path in wrong] == []


@pytest.mark.slow
def test_predictions_are_as_the_umask_says_and_a_backup_is_its_owners(at_home: Sandbox, tmp_path: Path, umask: int):
    orders(9, seed=4).drop("returned").write_csv(tmp_path / "new.csv")
    invoke("predict", KEY, str(tmp_path / "new.csv"), "--out", str(tmp_path / "out.csv"))
    invoke("backup", str(tmp_path / "backup.tar.gz"))
    assert mode(tmp_path / "out.csv") == 0o666 & ~umask
    assert mode(tmp_path / "backup.tar.gz") == 0o600


def state_folder(sandbox: Sandbox) -> Check:
    return {check.name: check for check in examine(sandbox.catalogue(), sandbox.home)}["state folder"]


def test_health_says_who_else_may_enter_and_changes_nothing(at_home: Sandbox):
    for permissions, ok, said in ((0o755, True, "others than its owner"), (0o777, False, "everybody may write")):
        at_home.home.chmod(permissions)
        with open_instance():
            check = state_folder(at_home)
        assert mode(at_home.home) == permissions
        assert check.ok == ok and said in check.detail
        assert f"`chmod 700 {at_home.home}`" in check.detail
    at_home.home.chmod(0o700)
    assert "chmod" not in state_folder(at_home).detail


# --- planted links ----------------------------------------------------------------------------------------------------


@pytest.fixture
def victim(tmp_path: Path) -> Path:
    file = tmp_path / "victim"
    file.write_text("precious")
    return file


@pytest.mark.slow
@pytest.mark.parametrize("name", ["out.csv", "out.parquet"])
def test_a_link_in_the_place_of_predictions_is_replaced_and_never_followed(
    at_home: Sandbox, tmp_path: Path, victim: Path, name: str
):
    orders(9, seed=4).drop("returned").write_csv(tmp_path / "new.csv")
    (tmp_path / name).symlink_to(victim)
    invoke("predict", KEY, str(tmp_path / "new.csv"), "--out", str(tmp_path / name))
    assert victim.read_text() == "precious"
    assert not (tmp_path / name).is_symlink() and (tmp_path / name).stat().st_size > 100


def test_a_link_in_the_place_of_a_backup_is_not_followed(at_home: Sandbox, tmp_path: Path):
    (tmp_path / "backup.tar.gz").symlink_to(tmp_path / "elsewhere")
    invoke("backup", str(tmp_path / "backup.tar.gz"))
    assert not (tmp_path / "elsewhere").exists()
    assert (tmp_path / "backup.tar.gz").stat().st_size > 1000


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder like /tmp: all may write to it, and nobody may touch what is another's."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        Path(name).chmod(0o1777)
        yield Path(name)


@pytest.mark.skipif(os.geteuid() != 0, reason="becoming somebody else needs root")
def test_nobody_else_can_plant_a_link_where_a_draft_will_be(shared: Path, victim: Path):
    """In a folder that all may write to, of which somebody watches the names."""

    def plant(place: Path) -> None:
        place.symlink_to(victim)

    assert as_nobody(lambda: plant(shared / "anything")) == 0
    with replacing(shared / "out.csv") as draft:
        (folder,) = shared.glob(f"{DRAFT}*")
        assert draft.parent == folder and mode(folder) == 0o700
        assert as_nobody(lambda: plant(draft)) != 0
        assert as_nobody(lambda: folder.rename(shared / "mine")) != 0
        draft.write_text("new")
    assert victim.read_text() == "precious" and (shared / "out.csv").read_text() == "new"


def as_nobody(what: Callable[[], object]) -> int:
    """The exit status of a process of another user that does it: 0 where it could."""
    child = os.fork()
    if child == 0:
        os.setuid(NOBODY)
        try:
            what()
        except OSError:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def test_locks_are_not_taken_through_links(tmp_path: Path, victim: Path):
    (tmp_path / LOCK).symlink_to(victim)
    with pytest.raises(OSError, match="symbolic link"), locked(tmp_path):
        pass
    (tmp_path / "run.lock").symlink_to(victim)
    with pytest.raises(OSError, match="symbolic link"), run_lock(tmp_path / "run.lock", "this process", print):
        pass
    assert victim.read_text() == "precious"
