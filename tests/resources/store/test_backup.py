"""`sectorforge backup` and `sectorforge restore`: what comes back is what was there, and nothing else gets in."""

import gzip
import io
import json
import os
import sqlite3
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dagster import DagsterInstance, DagsterRunStatus, RunsFilter
from dagster._core.remote_origin import RegisteredCodeLocationOrigin, RemoteRepositoryOrigin
from dagster._core.test_utils import create_run_for_test
from typer.testing import CliRunner

from modeling.artefacts.evaluated_model import MODEL
from modeling.artefacts.storage import load
from modeling.core.model import Model
from pipelines.cli import operations
from pipelines.freshness import stale_stages
from resources.store.backup import back_up
from resources.store.backup_archive import MANIFEST, BackupError
from resources.store.restore import agree, end_runs, restore
from resources.store.state import LOCK, State
from resources.store.versions import ABANDONED_SECONDS, current, publish

from ...pipelines.sandbox import KEY, Sandbox, hashes, orders

PROJECT = Path(__file__).parents[3]


def state(folder: Path) -> State:
    return State(folder=str(folder))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A small state folder: an artefact, a cached source, a database that is written to."""
    folder = tmp_path / "home"
    artefact = folder / "artefacts" / "raw_data" / "a" / "b"
    for version in ("1", "2"):
        publish(artefact, version, lambda place, version=version: (place / "table").write_text(version))
    (folder / "cache").mkdir()
    (folder / "cache" / ("a" * 64)).write_bytes(b"content")
    (folder / "dagster").mkdir()
    with closing(sqlite3.connect(folder / "dagster" / "runs.db")) as database:
        database.execute("pragma journal_mode=wal")
        database.execute("create table runs (number)")
        database.commit()
    return folder


@pytest.fixture
def archive(home: Path, tmp_path: Path) -> Path:
    file = tmp_path / "backup.tar.gz"
    back_up(state(home), file)
    return file


def test_everything_comes_back(home: Path, archive: Path, tmp_path: Path):
    count = restore(archive, state(tmp_path / "back")).files
    back, before = hashes(tmp_path / "back"), hashes(home)
    assert back.pop(LOCK) and count == len(back)
    wanted = {name for name in before if not name.endswith((".lock", "-wal", "-shm"))}
    assert back.keys() == wanted
    assert {name: back[name] for name in wanted if not name.endswith(".db")} == {
        name: before[name] for name in wanted if not name.endswith(".db")
    }
    artefact = tmp_path / "back" / "artefacts" / "raw_data" / "a" / "b"
    assert (artefact / "current").readlink() == Path("versions/2")
    assert (artefact / "current" / "table").read_text() == "2"


def test_a_version_without_files_comes_back_too(home: Path, tmp_path: Path):
    """As models are of a family of which a use case names none."""
    publish(home / "artefacts" / "torch_model" / "a" / "b", "1", lambda _: None)
    back_up(state(home), file := tmp_path / "backup.tar.gz")
    restore(file, state(tmp_path / "back"))
    place = tmp_path / "back" / "artefacts" / "torch_model" / "a" / "b"
    assert current(place) == place / "versions" / "1"


def test_what_only_means_something_to_a_running_process_stays_out(home: Path, tmp_path: Path):
    for name in ("artefacts/raw_data/a/b/versions/.writing-x", "scratch/a/b/mlp", "weights/partial-1", ".writing-x"):
        (home / name).mkdir(parents=True)
        (home / name / "half").write_text("half")
    back_up(state(home), file := tmp_path / "backup.tar.gz")
    restore(file, state(tmp_path / "back"))
    assert not [name for name in hashes(tmp_path / "back") if name.endswith("half")]


def test_a_database_that_is_written_to_is_copied_whole(home: Path, tmp_path: Path):
    """Each transaction adds two rows; a copy of the file's bytes could hold one, or none that can be read."""
    over = threading.Event()

    def write() -> None:
        with closing(sqlite3.connect(home / "dagster" / "runs.db", timeout=30)) as database:
            while not over.is_set():
                database.executemany("insert into runs values (?)", [(1,), (2,)])
                database.commit()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            back_up(state(home), tmp_path / f"{number}.tar.gz")
    finally:
        over.set()
        writer.join()
    for number in range(3):
        restore(tmp_path / f"{number}.tar.gz", state(tmp_path / str(number)))
        with closing(sqlite3.connect(tmp_path / str(number) / "dagster" / "runs.db")) as database:
            assert database.execute("pragma integrity_check").fetchone() == ("ok",)
            assert database.execute("select count(*) % 2 from runs").fetchone() == (0,)


def test_the_archive_is_for_its_owner_only(archive: Path):
    assert archive.stat().st_mode & 0o077 == 0


# --- what is refused --------------------------------------------------------------------------------------------------


def test_what_a_killed_backup_left_beside_the_archive_goes_a_day_later(home: Path, tmp_path: Path):
    folder = tmp_path / "backups"
    old, young = (folder / f".writing-{letter * 32}" for letter in "ab")
    for draft in (old, young):
        draft.mkdir(parents=True)
        (draft / "draft").write_bytes(b"all of it")
    moment = time.time() - ABANDONED_SECONDS - 60
    os.utime(old, (moment, moment))
    back_up(state(home), folder / "monday.tar.gz")
    assert sorted(path.name for path in folder.iterdir()) == [young.name, "monday.tar.gz"]


def test_a_backup_replaces_no_file_and_holds_not_itself(home: Path, archive: Path):
    before = archive.read_bytes()
    with pytest.raises(BackupError, match="exists already"):
        back_up(state(home), archive)
    assert archive.read_bytes() == before
    with pytest.raises(BackupError, match="lies in the state folder"):
        back_up(state(home), home / "backup.tar.gz")
    with pytest.raises(BackupError, match="no state folder"):
        back_up(state(home / "nowhere"), archive.with_name("other"))
    with pytest.raises(BackupError, match="can't be written"):
        back_up(state(home), home.parent / "nowhere" / "backup.tar.gz")


def test_a_link_out_of_the_state_folder_is_refused_before_it_is_missed(home: Path, tmp_path: Path):
    (home / "cache" / "elsewhere").symlink_to(tmp_path)
    with pytest.raises(BackupError, match="elsewhere is a symbolic link"):
        back_up(state(home), tmp_path / "backup.tar.gz")
    assert [path.name for path in tmp_path.iterdir()] == ["home"]


def test_only_an_empty_folder_is_restored_into(archive: Path, tmp_path: Path):
    (tmp_path / "back").mkdir()
    (tmp_path / "back" / "precious").touch()
    with pytest.raises(BackupError, match="is not empty"):
        restore(archive, state(tmp_path / "back"))
    assert [path.name for path in (tmp_path / "back").iterdir()] == ["precious"]


def entries(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar}


def rewritten(archive: Path, change: Callable[[dict[str, bytes], Any], None]) -> None:
    """The same archive after a change to its contents and its manifest."""
    contents = entries(archive)
    manifest = json.loads(contents.pop(MANIFEST))
    change(contents, manifest)
    with tarfile.open(archive, "w:gz") as tar:
        for name, content in {**contents, MANIFEST: json.dumps(manifest).encode()}.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))


TABLE = "artefacts/raw_data/a/b/versions/2/table"
LINK = "artefacts/raw_data/a/b/current"


def flip(contents: dict[str, bytes], manifest: Any) -> None:
    contents[TABLE] = b"3"


def lose(contents: dict[str, bytes], manifest: Any) -> None:
    del contents[TABLE]


def smuggle(contents: dict[str, bytes], manifest: Any) -> None:
    contents["more"] = b"not listed"


def climb(contents: dict[str, bytes], manifest: Any) -> None:
    contents["../outside"] = b"x"


def root(contents: dict[str, bytes], manifest: Any) -> None:
    contents["/tmp/outside"] = b"x"


def lead_out(contents: dict[str, bytes], manifest: Any) -> None:
    manifest["links"][LINK] = "../../../../../outside"


def lead_from_anywhere(contents: dict[str, bytes], manifest: Any) -> None:
    manifest["links"]["artefacts/raw_data/versions"] = "versions/2"


def make_a_folder_outside(contents: dict[str, bytes], manifest: Any) -> None:
    manifest["empty"].append("../folder")


def climb_with_a_link(contents: dict[str, bytes], manifest: Any) -> None:
    manifest["links"]["../current"] = "versions/2"


def come_from_the_future(contents: dict[str, bytes], manifest: Any) -> None:
    manifest["versions"]["dagster"] = "99.0"


def change_format(contents: dict[str, bytes], manifest: Any) -> None:
    manifest["format"] = 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (flip, f"1 files are not what was backed up, {TABLE} first"),
        (lose, "1 files are not what was backed up"),
        (smuggle, "1 files are not what was backed up, more first"),
        (climb, "'../outside' leads out of the state folder"),
        (root, "'/tmp/outside' leads out of the state folder"),
        (lead_out, "leads to '../../../../../outside'"),
        (lead_from_anywhere, "the link 'artefacts/raw_data/versions'"),
        (make_a_folder_outside, "'../folder' leads out of the state folder"),
        (climb_with_a_link, "'../current' leads out of the state folder"),
        (come_from_the_future, "made with dagster 99.0: install that"),
        (change_format, "its format is 2"),
    ],
)
def test_an_archive_that_is_not_as_it_was_written_is_refused_whole(
    archive: Path, tmp_path: Path, change: Callable[[dict[str, bytes], Any], None], reason: str
):
    rewritten(archive, change)
    before = sorted(path.name for path in tmp_path.iterdir())
    with pytest.raises(BackupError) as raised:
        restore(archive, state(tmp_path / "back"))
    assert reason in str(raised.value)
    assert sorted(path.name for path in tmp_path.iterdir()) == before
    assert not Path("/tmp/outside").exists()


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_an_entry_that_is_no_plain_file_is_refused(tmp_path: Path, kind: bytes):
    entry = tarfile.TarInfo("artefacts/link")
    entry.type, entry.linkname = kind, "/etc/passwd"
    with tarfile.open(tmp_path / "archive", "w:gz") as tar:
        tar.addfile(entry)
    with pytest.raises(BackupError, match="is no plain file"):
        restore(tmp_path / "archive", state(tmp_path / "back"))
    assert not (tmp_path / "back").exists()


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7])
def test_a_cut_off_archive_is_refused(archive: Path, tmp_path: Path, share: float):
    content = archive.read_bytes()
    archive.write_bytes(content[: int(len(content) * share)])
    with pytest.raises(BackupError, match="can't be put back"):
        restore(archive, state(tmp_path / "back"))
    assert not (tmp_path / "back").exists()


def test_another_file_is_refused(tmp_path: Path):
    (tmp_path / "file").write_bytes(gzip.compress(b"no archive"))
    with pytest.raises(BackupError, match="can't be put back"):
        restore(tmp_path / "file", state(tmp_path / "back"))
    with pytest.raises(BackupError, match="No such file"):
        restore(tmp_path / "nowhere", state(tmp_path / "back"))


# --- a real one -------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_runs_that_were_in_progress_hold_nothing_up_afterwards(sandbox: Sandbox, instance: DagsterInstance):
    begun = create_run_for_test(instance, job_name="use_case", status=DagsterRunStatus.STARTED)
    location = RegisteredCodeLocationOrigin("sectorforge")
    origin = RemoteRepositoryOrigin(location, "__repository__").get_job_origin("use_case")
    waiting = create_run_for_test(
        instance, job_name="use_case", status=DagsterRunStatus.QUEUED, remote_job_origin=origin
    )
    assert end_runs(instance) == 1
    statuses = {run.run_id: run.status for run in instance.get_runs(RunsFilter(run_ids=[begun.run_id, waiting.run_id]))}
    assert statuses == {begun.run_id: DagsterRunStatus.FAILURE, waiting.run_id: DagsterRunStatus.QUEUED}


def but_the_model(sandbox: Sandbox) -> dict[str, dict[str, str]]:
    """What is published, but for the model that serves: a person may have chosen that one."""
    return {asset: files for asset, files in sandbox.published().items() if asset != "published_model"}


@pytest.mark.slow
def test_what_was_published_while_the_backup_was_made_is_not_current(sandbox: Sandbox, instance: DagsterInstance):
    """The instance, which was copied before, knows nothing of it."""
    published = but_the_model(sandbox)
    folder = sandbox.current("evaluation_report").parent
    publish(folder, "newer", lambda place: (place / "report.html").write_text("newer"))
    model = sandbox.home / "artefacts" / "published_model" / KEY
    publish(model, "earlier", lambda place: (place / "model.json").write_text("{}"))
    assert but_the_model(sandbox) != published
    assert agree(sandbox.state, instance) == 1
    assert but_the_model(sandbox) == published
    assert (folder / "versions" / "newer").is_dir()
    assert current(model) == (model / "versions" / "earlier").resolve()
    assert agree(sandbox.state, instance) == 0


def predictions(sandbox: Sandbox) -> np.ndarray:
    return load(Model, sandbox.current("evaluation") / MODEL).predict(orders(50, seed=9))


@pytest.mark.slow
def test_a_backup_during_a_run_is_up_to_date_elsewhere_and_predicts_the_same(
    sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    command = [sys.executable, "-m", "tests.pipelines.blocked_run", str(sandbox.folder), "evaluation", "written"]
    with subprocess.Popen([*command, "evaluation"], cwd=PROJECT, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None and child.stdout.readline() == "here\n"
        monkeypatch.setenv("SECTORFORGE_HOME", str(sandbox.home))
        monkeypatch.setenv("DAGSTER_HOME", str(sandbox.dagster_home))
        result = CliRunner().invoke(operations.app, ["backup", str(tmp_path / "backup.tar.gz")])
        child.kill()
    assert result.exit_code == 0, result.output
    assert "lies elsewhere" not in result.output

    elsewhere = Sandbox(tmp_path / "elsewhere")
    elsewhere.folder.mkdir()
    elsewhere.root.symlink_to(sandbox.root)
    monkeypatch.setenv("SECTORFORGE_HOME", str(elsewhere.home))
    monkeypatch.delenv("DAGSTER_HOME")
    result = CliRunner().invoke(operations.app, ["restore", str(tmp_path / "backup.tar.gz")])
    assert result.exit_code == 0, result.output
    assert "1 runs that were in progress are marked as failed" in result.stdout
    assert elsewhere.published() == sandbox.published()
    with elsewhere.instance() as instance:
        assert stale_stages(elsewhere.use_case(), instance, elsewhere.state) == []
        assert all(run.is_finished for run in instance.get_runs())
    assert np.array_equal(predictions(elsewhere), predictions(sandbox))
