"""What can't be written says where, why and what to do; anything else is passed on as it is."""

import errno
import os
from pathlib import Path

import pytest

from resources.store.atomic import StorageError, writing
from resources.store.test_access_log import record_access


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


def test_an_opening_that_can_not_be_noted_spoils_no_ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert record_access(tmp_path / "retail.returns.jsonl", "s", "1") == 1

    def half(path: Path, text: str, **_: object) -> None:
        with path.open("w") as file:
            file.write(text[: len(text) // 2])
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "write_text", half)
        with pytest.raises(StorageError, match=r"retail\.returns\.jsonl can't be written, the disk is full"):
            record_access(tmp_path / "retail.returns.jsonl", "s", "2")
    assert record_access(tmp_path / "retail.returns.jsonl", "s", "3") == 2
    assert [path.name for path in tmp_path.iterdir()] == ["retail.returns.jsonl"]
