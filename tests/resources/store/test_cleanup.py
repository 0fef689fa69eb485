"""What is removed from the state folder, and that whoever reads or writes meanwhile does not notice."""

import os
import re
import threading
import time
from pathlib import Path

import pytest

from catalogue import reader
from pipelines.vocabulary import read_catalogue
from resources.sources import pins
from resources.store import cleanup
from resources.store.atomic import DELETING, remove
from resources.store.cleanup import (
    IDLE_SECONDS,
    LOG_BYTES,
    SETTLING_SECONDS,
    drafts,
    idle_scratch,
    long_logs,
    old_versions,
    remove_old_versions,
    size,
    start_anew,
    unpinned_sources,
)
from resources.store.state import State
from resources.store.versions import ABANDONED_SECONDS, current, publish

NOBODY = float("inf")
"""No run is in progress."""


def write(folder: Path) -> None:
    (folder / "a.txt").write_text("whole")
    (folder / "b.txt").write_text("whole")


def age(path: Path, seconds: float) -> None:
    moment = time.time() - seconds
    os.utime(path, (moment, moment), follow_symlinks=False)


def published(folder: Path, versions: int) -> Path:
    """An artefact with versions `1`, `2`, …, an hour and more apart; the last one is current."""
    for number in range(1, versions + 1):
        place = publish(folder, str(number), write)
        age(place, (versions - number + 1) * (SETTLING_SECONDS + 60))
    age(folder / "current", SETTLING_SECONDS + 60)
    return folder


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "versions").iterdir())


# --- versions ---------------------------------------------------------------------------------------------------------


def test_the_last_three_versions_stay(tmp_path: Path):
    folder = published(tmp_path / "raw_data" / "a" / "b", 6)
    remove_old_versions(folder, NOBODY)
    assert names(folder) == ["4", "5", "6"]


def test_the_current_version_stays_however_old_it_is(tmp_path: Path):
    folder = published(tmp_path / "raw_data" / "a" / "b", 6)
    publish(folder, "1", write)
    age(folder / "current", SETTLING_SECONDS + 60)
    remove_old_versions(folder, NOBODY)
    assert names(folder) == ["1", "4", "5", "6"]


def test_of_published_models_the_pinned_one_and_the_last_five_stay(tmp_path: Path):
    folder = published(tmp_path / "published_model" / "a" / "b", 9)
    (folder / "pinned").write_text("2\n")
    remove_old_versions(folder, NOBODY)
    assert names(folder) == ["2", "5", "6", "7", "8", "9"]


@pytest.mark.parametrize("note", ["pinned", "best"])
@pytest.mark.parametrize("content", [b"", b"\xff"])
def test_where_it_is_not_known_which_one_is_needed_all_stay(tmp_path: Path, note: str, content: bytes):
    folder = published(tmp_path / "published_model" / "a" / "b", 9)
    (folder / note).write_bytes(content)
    assert old_versions(folder, NOBODY) == []


@pytest.mark.parametrize("ago", [0, SETTLING_SECONDS - 60])
def test_right_after_a_new_version_all_stay(tmp_path: Path, ago: float):
    """Someone may have found the former one a moment ago."""
    folder = published(tmp_path, 6)
    age(folder / "current", ago)
    assert old_versions(folder, NOBODY) == []


def test_while_a_run_goes_on_that_began_before_the_current_version_all_stay(tmp_path: Path):
    folder = published(tmp_path, 6)
    changed = (folder / "current").lstat().st_mtime
    assert old_versions(folder, busy_since=changed - 1) == []
    assert len(old_versions(folder, busy_since=changed + 1)) == 3


def test_without_a_published_version_nothing_is_removed(tmp_path: Path):
    folder = published(tmp_path, 6)
    (folder / "current").unlink()
    assert old_versions(folder, NOBODY) == []


@pytest.mark.slow
def test_readers_and_writers_do_not_notice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """New versions, and former ones again, while old ones are removed as soon as they may be."""
    monkeypatch.setattr(cleanup, "SETTLING_SECONDS", SETTLED := 0.5)
    folder = published(tmp_path, 6)
    over = threading.Event()
    faults: list[Exception] = []

    def read() -> None:
        while not over.is_set():
            place = current(folder)
            try:
                assert place is not None and (place / "a.txt").read_text() == (place / "b.txt").read_text() == "whole"
            except (OSError, AssertionError) as error:
                faults.append(error)

    def clean() -> None:
        while not over.is_set():
            remove_old_versions(folder, NOBODY)

    threads = [threading.Thread(target=work) for work in (read, read, clean)]
    for thread in threads:
        thread.start()
    for version in ("7", "1", "8", "2", "1"):
        place = publish(folder, version, write)
        assert (place / "b.txt").read_text() == "whole"
        assert current(folder) == place
        time.sleep(SETTLED * 1.4)
    over.set()
    for thread in threads:
        thread.join()
    assert faults == []
    assert names(folder) == ["1", "2", "8"]


def test_a_version_is_never_half_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Killed while it removes, it leaves what the next cleaning takes away; the same version can be published again."""
    folder = published(tmp_path, 5)
    monkeypatch.setattr("shutil.rmtree", lambda *_, **__: None)
    remove_old_versions(folder, NOBODY)
    assert names(folder) == [f"{DELETING}1", f"{DELETING}2", "3", "4", "5"]
    monkeypatch.undo()
    publish(folder, "1", write)
    assert sorted(path.name for path in (folder / "current").iterdir()) == ["a.txt", "b.txt", "digests.json"]


# --- all else ---------------------------------------------------------------------------------------------------------


def test_what_killed_processes_left_is_found_a_day_later(tmp_path: Path):
    versions = published(tmp_path / "artefacts" / "raw_data" / "a" / "b", 1) / "versions"
    left = [versions / ".writing-x", versions / ".deleting-y", tmp_path / "weights" / "partial-z"]
    left += [tmp_path / "notices" / "webhook" / ".writing-n", tmp_path / "forgotten" / ".writing-f"]
    for path in left:
        path.mkdir(parents=True)
    (tmp_path / "cache").mkdir()
    left.append(tmp_path / "cache" / "partial-1")
    left[-1].write_bytes(b"half")
    assert list(drafts(State(folder=str(tmp_path)))) == []
    for path in left:
        age(path, ABANDONED_SECONDS + 60)
    assert sorted(drafts(State(folder=str(tmp_path)))) == sorted(left)


def test_of_the_cache_only_what_nobody_pins_goes(tmp_path: Path):
    for name in ("a" * 64, "b" * 64, "c" * 32, "notes.txt", "partial-1"):
        (tmp_path / name).write_bytes(b"content")
    assert {path.name for path in unpinned_sources(tmp_path, {"a" * 64})} == {"b" * 64, "c" * 32}


def test_whatever_a_definition_pins_is_known():
    """Every digest in the shipped definitions."""
    written = [path.read_text() for path in reader.SHIPPED.glob("*/*/use_case.yaml")]
    digests = {digest for text in written for digest in re.findall(r"(?:sha256|md5): [\"']?([0-9a-f]+)", text)}
    assert len(digests) > 20
    use_cases = read_catalogue().use_cases.values()
    assert set().union(*(pins(one.source) for one in use_cases)) == digests


def test_interrupted_work_goes_when_nobody_took_it_up(tmp_path: Path):
    for key in ("a/old", "a/busy", "a/new"):
        folder = tmp_path / key / "mlp"
        folder.mkdir(parents=True)
        (folder / "mlp.safetensors").write_bytes(b"weights")
        if key != "a/new":
            for path in (folder / "mlp.safetensors", folder, folder.parent):
                age(path, IDLE_SECONDS + 60)
    assert idle_scratch(tmp_path, {"a/busy"}) == [tmp_path / "a" / "old"]


def test_a_long_log_is_set_aside_and_its_writer_loses_nothing(tmp_path: Path):
    log = tmp_path / "runs.log"
    with log.open("a") as writer:
        writer.write("x" * (LOG_BYTES + 1))
        writer.flush()
        assert long_logs(tmp_path) == [log]
        start_anew(log)
        writer.write("the end")
    assert (tmp_path / "runs.log.1").read_text().endswith("the end")
    assert long_logs(tmp_path) == []


def test_sizes_and_removal(tmp_path: Path):
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    (folder / "inner" / "file").write_bytes(b"12345")
    assert size(folder) == 5
    remove(folder)
    assert list(tmp_path.iterdir()) == []
