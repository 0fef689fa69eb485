"""What is replaced is replaced whole; what can't be written says where, why and what to do."""

import errno
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from resources.store.atomic import StorageError, replacing, writing
from resources.store.test_access_log import record_access


def make_file(draft: Path) -> None:
    draft.write_text("new")


def make_folder(draft: Path) -> None:
    draft.mkdir()
    (draft / "file").write_text("new")


def make_link(draft: Path) -> None:
    draft.symlink_to("elsewhere")


@pytest.mark.parametrize("make", [make_file, make_folder, make_link])
def test_a_reader_finds_the_former_or_all_of_the_new_and_no_draft_is_left(tmp_path: Path, make: Callable[[Path], None]):
    path = tmp_path / "place"
    with pytest.raises(KeyError), replacing(path) as draft:
        make(draft)
        raise KeyError
    assert list(tmp_path.iterdir()) == []
    with replacing(path) as draft:
        make(draft)
        assert not os.path.lexists(path)
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_is_replaced_and_a_folder_that_is_there_stays(tmp_path: Path):
    for text in ("one", "two"):
        with replacing(tmp_path / "file") as draft:
            draft.write_text(text)
        with replacing(tmp_path / "folder") as draft:
            draft.mkdir()
            (draft / "file").write_text(text)
    assert (tmp_path / "file").read_text() == "two"
    assert (tmp_path / "folder" / "file").read_text() == "one"
    assert len(list(tmp_path.iterdir())) == 2


def test_a_folder_does_not_take_the_place_of_a_file(tmp_path: Path):
    (tmp_path / "place").write_text("precious")
    with pytest.raises(OSError, match="Not a directory"), replacing(tmp_path / "place") as draft:
        draft.mkdir()
    assert (tmp_path / "place").read_text() == "precious"


@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "the disk is full: make room"),
        (errno.EDQUOT, "this user's share of the disk is used up: make room"),
        (errno.EROFS, "the storage is read-only: mount it for writing"),
        (errno.EACCES, "this user may not write there: change its permissions"),
    ],
)
def test_what_somebody_can_mend_is_told_with_the_place(tmp_path: Path, number: int, remedy: str):
    place = tmp_path / "not made yet" / "features"
    with pytest.raises(StorageError) as caught, writing(place):
        raise OSError(number, os.strerror(number))
    assert str(caught.value) == (
        f"{place} can't be written, {remedy} and run again. What was published before is untouched."
    )


def test_a_library_that_hides_the_number_is_understood(tmp_path: Path):
    with pytest.raises(StorageError, match="the disk is full"), writing(tmp_path):
        raise RuntimeError("I/O error: No space left on device (os error 28)")


@pytest.mark.parametrize("error", [OSError(errno.EIO, "Input/output error"), ValueError("no such level")])
def test_any_other_error_is_passed_on(tmp_path: Path, error: Exception):
    with pytest.raises(type(error)) as caught, writing(tmp_path):
        raise error
    assert caught.value is error


def test_an_access_that_can_not_be_recorded_spoils_no_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    rows = np.arange(3, dtype=np.uint64)
    assert record_access(tmp_path / "retail.returns.jsonl", "s", rows, "1").times == 1

    def half(path: Path, text: str, **_: object) -> None:
        with path.open("w") as file:
            file.write(text[: len(text) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", half)
        with pytest.raises(StorageError, match=r"retail\.returns\.jsonl can't be written, the disk is full"):
            record_access(tmp_path / "retail.returns.jsonl", "s", rows, "2")
    log = tmp_path / "retail.returns.jsonl"
    assert record_access(log, "s", rows, "3").times == 3, "rows are counted before the line is written"
    assert len(log.read_text().splitlines()) == 2
    assert {path.name for path in tmp_path.iterdir()} == {log.name, "retail.returns.rows.parquet"}
