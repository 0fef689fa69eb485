"""A landing folder is full of things that are no delivery, not one yet, or one already."""

import os
import time
from pathlib import Path

import fsspec
import pytest
from fsspec import AbstractFileSystem

from industries.definition import Files
from resources.sources import LandingError, SourceError
from resources.sources.landing import SETTLED_SECONDS, deliveries, landed


def drop(path: Path, content: str = "id\n1\n", ago: float = 60) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    os.utime(path, (time.time() - ago, time.time() - ago))
    return path


def names(folder: Path, pattern: str = "*.csv") -> list[str]:
    return [file.name for file in deliveries(Files(path=pattern), folder)]


@pytest.mark.parametrize("other", [".hidden.csv", "~$open.csv", "half.csv.part", "half.CSV.TMP", "old.csv~"])
def test_hidden_and_temporary_files_are_no_deliveries(tmp_path, other):
    drop(tmp_path / "a.csv")
    drop(tmp_path / other, "id\n2\n")
    assert names(tmp_path, "*") == ["a.csv"]


def test_what_lies_in_a_hidden_folder_is_no_delivery_unless_the_folder_is_asked_for(tmp_path):
    drop(tmp_path / ".upload" / "a.csv")
    drop(tmp_path / "done" / "b.csv", "id\n2\n")
    assert names(tmp_path, "*/*.csv") == ["done/b.csv"]
    assert names(tmp_path, ".upload/*.csv") == [".upload/a.csv"]


def test_the_same_bytes_under_another_name_are_one_delivery(tmp_path):
    for name in ("b.csv", "a.csv", "c.csv"):
        drop(tmp_path / name)
    drop(tmp_path / "d.csv", "id\n2\n")
    assert names(tmp_path) == ["a.csv", "d.csv"]


def test_a_file_that_is_being_written_waits_until_it_is_left_alone(tmp_path):
    drop(tmp_path / "a.csv", ago=0)
    with pytest.raises(LandingError, match=r"a\.csv: was written to a moment ago, so it is not whole yet"):
        names(tmp_path)
    drop(tmp_path / "b.csv", "id\n2\n")
    assert names(tmp_path) == ["b.csv"]
    (growing,) = [file for file in landed(Files(path="*.csv"), tmp_path) if file.name == "a.csv"]
    assert 0 < growing.seconds_to_wait <= 2 * SETTLED_SECONDS


def test_a_file_of_the_future_is_not_waited_for(tmp_path):
    drop(tmp_path / "a.csv", ago=-3600)
    assert names(tmp_path) == ["a.csv"]


def test_a_file_that_changes_while_it_is_read_is_not_taken(tmp_path):
    drop(tmp_path / "a.csv")
    (file,) = deliveries(Files(path="*.csv"), tmp_path)
    drop(tmp_path / "a.csv", "id\n1\n2\n")
    with pytest.raises(LandingError, match=r"a\.csv: changed while it was read"):
        file.content()
    (tmp_path / "a.csv").unlink()
    with pytest.raises(LandingError, match=r"a\.csv: was taken away meanwhile"):
        file.content()


def test_a_folder_that_is_gone_is_not_an_empty_one(tmp_path):
    with pytest.raises(SourceError, match=r"there is no folder .*/landing: make it, or correct the `path` of `files`"):
        names(tmp_path, "landing/*.csv")
    (tmp_path / "landing").mkdir()
    with pytest.raises(SourceError, match=r"no file matches .*/landing/\*\.csv: put files there"):
        names(tmp_path, "landing/*.csv")


def test_a_symbolic_link_is_refused(tmp_path):
    secret = drop(tmp_path / "secret" / "keys.csv")
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "a.csv").symlink_to(secret)
    with pytest.raises(
        SourceError, match=r"a\.csv is a symbolic link, which may lead anywhere: put the file itself there"
    ):
        names(tmp_path, "landing/*.csv")


class Broken(AbstractFileSystem):
    """A store that lists its folders, but not what is in them."""

    protocol = "broken"

    def info(self, path: str, **kwargs: object) -> dict[str, object]:
        return {"name": path, "type": "directory", "size": 0}

    def ls(self, path: str, detail: bool = True, **kwargs: object) -> list:
        raise OSError("503 Slow Down")


def test_a_listing_that_fails_is_not_an_empty_folder():
    fsspec.register_implementation("broken", Broken, clobber=True)
    with pytest.raises(LandingError, match=r"broken://landing/\*\.csv: the store does not answer \(503 Slow Down\)"):
        landed(Files(path="broken://landing/*.csv"), Path())


def test_any_store_will_do():
    store = fsspec.filesystem("memory")
    store.pipe({"/landing/b.csv": b"id\n2\n", "/landing/a.csv": b"id\n1\n", "/landing/c.csv": b"id\n1\n"})
    found = deliveries(Files(path="memory://landing/*.csv"), Path("/nowhere"))
    assert [(file.where, file.content()) for file in found] == [
        ("memory:///landing/a.csv", b"id\n1\n"),
        ("memory:///landing/b.csv", b"id\n2\n"),
    ]
