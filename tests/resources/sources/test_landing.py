"""A landing folder is full of things that are no delivery, not one yet, or one already."""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import fsspec
import pytest
from fsspec import AbstractFileSystem

from catalogue.definition import Files
from resources.sources import LandingError, SourceError
from resources.sources.completeness import SETTLED_SECONDS
from resources.sources.landing import Landed, deliveries, landed


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


def test_where_deliveries_replace_each_other_the_last_name_alone_counts(tmp_path):
    replacing = Files(path="*.csv", deliveries="replace")
    drop(tmp_path / "2026-11-26.csv", "id\n2\n", ago=600)
    drop(tmp_path / "2026-11-25.csv", "id\n1\n")
    drop(tmp_path / "2026-11-27.csv", "id\n3\n", ago=0)
    assert [file.name for file in deliveries(replacing, tmp_path)] == ["2026-11-26.csv"]
    drop(tmp_path / "2026-11-27.csv", "id\n1\n")
    assert [file.name for file in deliveries(replacing, tmp_path)] == ["2026-11-27.csv"]


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


def test_a_file_too_large_to_be_read_is_refused_before_any_of_it_is_looked_at(tmp_path, monkeypatch):
    monkeypatch.setenv("SECTORFORGE_READING_MEMORY", "1")
    os.truncate(drop(tmp_path / "a.csv"), 2**32)
    drop(tmp_path / "a.csv.done", "")
    message = (
        r"a\.csv: is larger than the 1 GiB of memory that reading may take; split it, or let reading take more: SEC"
    )
    for declared in ({}, {"complete_when": {"marker": "{name}.done"}}):
        os.utime(tmp_path / "a.csv", (0, 0))
        with pytest.raises(SourceError, match=message):
            deliveries(Files.model_validate({"path": "*.csv", **declared}), tmp_path)


def test_a_symbolic_link_is_refused(tmp_path):
    secret = drop(tmp_path / "secret" / "keys.csv")
    (tmp_path / "landing").mkdir()
    (tmp_path / "landing" / "a.csv").symlink_to(secret)
    with pytest.raises(
        SourceError, match=r"a\.csv is a symbolic link, which may lead anywhere: put the file itself there"
    ):
        names(tmp_path, "landing/*.csv")


SWAPS: dict[str, Callable[[Path, Path], object]] = {
    "a link": lambda path, secret: path.symlink_to(secret),
    "a pipe": lambda path, secret: os.mkfifo(path),
    "a folder": lambda path, secret: path.mkdir(),
    "another file": lambda path, secret: path.write_text("id\n2\n"),
}


@pytest.mark.parametrize("swap", SWAPS)
@pytest.mark.parametrize("read", [Landed.sha256, lambda file: file.content("0" * 64)])
def test_what_takes_the_place_of_a_listed_file_is_not_read(tmp_path, swap, read):
    secret = drop(tmp_path / "secret" / "keys.csv", "id\nsecret\n")
    path = drop(tmp_path / "landing" / "a.csv", "id\nsecret\n")
    (file,) = landed(Files(path="landing/*.csv"), tmp_path)
    path.rename(tmp_path / "kept")
    SWAPS[swap](path, secret)
    with pytest.raises(LandingError, match=r"a\.csv: was taken away meanwhile"):
        read(file)


def test_a_folder_that_becomes_a_link_leads_nowhere(tmp_path):
    drop(tmp_path / "secret" / "a.csv", "id\nsecret\n")
    drop(tmp_path / "landing" / "a.csv")
    (file,) = landed(Files(path="landing/*.csv"), tmp_path)
    (tmp_path / "landing").rename(tmp_path / "kept")
    (tmp_path / "landing").symlink_to(tmp_path / "secret")
    with pytest.raises(LandingError, match=r"a\.csv: was taken away meanwhile"):
        file.sha256()


def test_a_manifest_that_becomes_a_pipe_is_not_waited_for(tmp_path):
    drop(tmp_path / "a.csv")
    drop(tmp_path / "SHA256SUMS", "")
    declared = Files.model_validate({"path": "*.csv", "complete_when": {"manifest": "SHA256SUMS"}})
    (file,) = landed(declared, tmp_path)
    file.completeness._beside(str(tmp_path))
    (tmp_path / "SHA256SUMS").unlink()
    os.mkfifo(tmp_path / "SHA256SUMS")
    with pytest.raises(LandingError, match=r"a\.csv: was taken away meanwhile"):
        assert not file.waits_for


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


class Talkative(AbstractFileSystem):
    """A store whose package raises errors of its own, and remembers what it listed."""

    protocol = "talkative"
    listed = 0

    def info(self, path: str, **kwargs: object) -> dict[str, object]:
        raise LookupError("no credentials")

    def invalidate_cache(self, path: str | None = None) -> None:
        type(self).listed += 1


def test_whatever_a_store_raises_is_no_answer_and_it_is_asked_anew_every_time():
    fsspec.register_implementation("talkative", Talkative, clobber=True)
    for _ in range(2):
        with pytest.raises(LandingError, match="the store does not answer"):
            landed(Files(path="talkative://landing/*.csv"), Path())
    assert Talkative.listed == 2


@pytest.mark.parametrize(
    ("protocol", "package", "extra"), [("s3", "s3fs", "s3"), ("gs", "gcsfs", "gcs"), ("abfs", "adlfs", "azure")]
)
def test_a_store_whose_package_is_missing_names_the_command_that_installs_it(monkeypatch, protocol, package, extra):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules["fsspec.registry"]._registry, protocol, raising=False)  # where it was found before
    with pytest.raises(LandingError, match=rf"package is not installed: pip install 'sectorforge\[{extra}\]'"):
        landed(Files(path=f"{protocol}://bucket/orders/*.csv"), Path())


def test_a_store_that_nobody_knows_is_a_mistake():
    with pytest.raises(SourceError, match=r"Protocol not known: s4; correct `source.files.path`"):
        landed(Files(path="s4://bucket/*.csv"), Path())
