"""A file that grows slowly, with pauses longer than a second, is taken when it is whole: by each way to say that."""

import hashlib
import os
import pickle
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import SimpleHTTPRequestHandler
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec import AbstractFileSystem
from pydantic import ValidationError

from catalogue.definition import Files
from resources.sources import LandingError, SourceError
from resources.sources.completeness import MOST_MANIFEST_BYTES
from resources.sources.landing import deliveries, landed, waiting

from ..notification.servers import serving

HALF, WHOLE = b"id\n1\n", b"id\n1\n2\n"
FINISHED = {"quiet_seconds": None, "marker": "a.csv.done", "manifest": "SHA256SUMS"}


def files(path: str = "*.csv", **complete_when: Any) -> Files:
    return Files.model_validate({"path": path, "complete_when": complete_when or None})


def write(path: Path, content: bytes = WHOLE, ago: float = 0.0) -> None:
    path.write_bytes(content)
    os.utime(path, (time.time() - ago, time.time() - ago))


def taken(landing: Files, folder: Path, before: tuple[str, ...] = ()) -> list[bytes]:
    try:
        return [file.content() for file in deliveries(landing, folder, before)]
    except LandingError:
        return []


def sums(folder: Path, *names: str) -> None:
    """What the tool itself writes."""
    listed = subprocess.run(["sha256sum", *names], cwd=folder, check=True, capture_output=True)
    (folder / "SHA256SUMS").write_bytes(listed.stdout)


def test_a_pause_longer_than_a_second_looks_like_the_end_where_nothing_is_declared(tmp_path: Path):
    write(tmp_path / "a.csv", HALF, ago=5)
    assert taken(files(), tmp_path) == [HALF]


def test_a_quiet_time_outlasts_the_pauses(tmp_path: Path):
    landing = files(quiet_seconds=60)
    write(tmp_path / "a.csv", HALF, ago=5)
    assert taken(landing, tmp_path) == []
    assert waiting(landing, tmp_path).endswith("a.csv: was written to less than 60 s ago, so it is not whole yet")
    write(tmp_path / "a.csv", WHOLE, ago=61)
    assert taken(landing, tmp_path) == [WHOLE] and waiting(landing, tmp_path) == ""


@pytest.mark.parametrize("ahead", [1, 290, 310, 86400 * 365, 2**40])
def test_a_quiet_time_holds_where_the_clock_of_the_file_server_is_ahead(tmp_path: Path, ahead: int):
    landing = files(quiet_seconds=300)
    write(tmp_path / "a.csv", HALF, ago=-ahead)
    write(tmp_path / "b.csv", b"id\n9\n", ago=301)
    assert taken(landing, tmp_path) == [b"id\n9\n"], "and holds up no other"
    ordinary = "was written to less than 300 s ago"
    future = r"is dated \d+-\d\d-\d\d .* yet to come here, .*; set the clock right .* then `touch` it"
    assert re.search(future if ahead > 300 else ordinary, waiting(landing, tmp_path))
    (tmp_path / "a.csv").touch()
    assert ordinary in waiting(landing, tmp_path), "what is advised takes nothing too early"
    write(tmp_path / "a.csv", WHOLE, ago=301)
    assert taken(landing, tmp_path) == [WHOLE, b"id\n9\n"]


def test_a_marker_of_its_own_is_waited_for(tmp_path: Path):
    landing = files(marker="{name}.done")
    write(tmp_path / "a.csv", HALF, ago=600)
    write(tmp_path / "b.csv", b"id\n9\n", ago=600)
    assert taken(landing, tmp_path) == []
    assert waiting(landing, tmp_path).endswith("a.csv: waits for its marker a.csv.done (and 1 more)")
    write(tmp_path / "a.csv")
    write(tmp_path / "a.csv.done", b"")
    assert taken(landing, tmp_path) == [WHOLE], "at once: the marker says it"


@pytest.mark.parametrize("way", [{"marker": "_SUCCESS"}, {"manifest": "SHA256SUMS"}])
def test_a_file_takes_no_list_of_the_others_to_another_process(tmp_path: Path, way: dict[str, str]):
    names = [f"{number}.csv" for number in range(200)]
    for name in names:
        write(tmp_path / name, name.encode())
    sums(tmp_path, *names)
    write(tmp_path / "_SUCCESS", b"")
    found = deliveries(files(**way), tmp_path)
    assert len(found) == 200
    sent = [pickle.dumps(file) for file in found]
    assert max(map(len, sent)) < 3000
    assert pickle.loads(sent[0]).content(found[0].sha256()) == found[0].content()  # noqa: S301  our own


def test_a_marker_of_the_folder_covers_what_was_written_before_it(tmp_path: Path):
    landing = files(marker="_SUCCESS")
    write(tmp_path / "a.csv", WHOLE, ago=600)
    assert taken(landing, tmp_path) == []
    write(tmp_path / "_SUCCESS", b"", ago=500)
    assert taken(landing, tmp_path) == [WHOLE]
    write(tmp_path / "b.csv", HALF, ago=300)
    assert taken(landing, tmp_path) == [WHOLE]
    assert "was written to after its marker _SUCCESS, so it waits for a newer one" in waiting(landing, tmp_path)
    write(tmp_path / "_SUCCESS", b"")
    assert taken(landing, tmp_path) == [WHOLE, HALF]


def test_a_manifest_says_what_is_in_the_whole_file(tmp_path: Path):
    landing = files(manifest="SHA256SUMS")
    write(tmp_path / "a.csv", WHOLE, ago=600)
    assert taken(landing, tmp_path) == [] and "waits for the manifest SHA256SUMS" in waiting(landing, tmp_path)
    sums(tmp_path, "a.csv")
    assert taken(landing, tmp_path) == [WHOLE]
    write(tmp_path / "a.csv", HALF, ago=600)
    assert taken(landing, tmp_path) == []
    assert "waits until its content has the sha256 that SHA256SUMS says" in waiting(landing, tmp_path)
    write(tmp_path / "a.csv", WHOLE)
    write(tmp_path / "b.csv", HALF, ago=600)
    assert taken(landing, tmp_path) == [WHOLE], "at once: the digest says it"
    assert "b.csv: waits until the manifest SHA256SUMS lists it" in waiting(landing, tmp_path)


@pytest.mark.parametrize("cut", [0, 10, 63, 66, 70])
def test_a_manifest_that_is_being_written_lists_what_it_has_so_far(tmp_path: Path, cut: int):
    write(tmp_path / "a.csv")
    sums(tmp_path, "a.csv")
    write(tmp_path / "SHA256SUMS", (tmp_path / "SHA256SUMS").read_bytes()[:cut])
    assert taken(files(manifest="SHA256SUMS"), tmp_path) == []


def test_a_manifest_too_large_to_be_read_whole_is_refused(tmp_path: Path):
    write(tmp_path / "a.csv")
    sums(tmp_path, "a.csv")
    manifest = tmp_path / "SHA256SUMS"
    listed = manifest.read_bytes()
    manifest.write_bytes(listed.rjust(MOST_MANIFEST_BYTES, b"\n"))
    assert taken(files(manifest="SHA256SUMS"), tmp_path) == [WHOLE]
    manifest.write_bytes(listed.rjust(MOST_MANIFEST_BYTES + 1, b"\n"))
    with pytest.raises(SourceError, match=r"a\.csv: its manifest SHA256SUMS is larger than 16 MiB; put files into sev"):
        deliveries(files(manifest="SHA256SUMS"), tmp_path)


def test_a_manifest_that_is_written_anew_takes_no_file_out(tmp_path: Path):
    for name in "abc":
        write(tmp_path / f"{name}.csv", f"id\n{name}\n".encode(), ago=600)
    landing = files(manifest="SHA256SUMS")
    sums(tmp_path, "a.csv", "b.csv", "c.csv")
    before = tuple(file.name for file in deliveries(landing, tmp_path))
    assert before == ("a.csv", "b.csv", "c.csv")
    sums(tmp_path, "a.csv")
    with pytest.raises(
        LandingError, match=r"b\.csv: waits until the manifest SHA256SUMS lists it; it was taken before"
    ):
        deliveries(landing, tmp_path, before)
    (tmp_path / "b.csv").unlink()
    (tmp_path / "c.csv").unlink()
    assert taken(landing, tmp_path, before) == [b"id\na\n"], "who takes files away means it"


@pytest.mark.parametrize("how", ["append", "replace"])
def test_a_file_that_is_touched_keeps_its_rows(tmp_path: Path, how: str):
    landing = files(quiet_seconds=600).model_copy(update={"deliveries": how})
    write(tmp_path / "a.csv", HALF, ago=700)
    write(tmp_path / "b.csv", WHOLE, ago=700)
    before = tuple(file.name for file in deliveries(landing, tmp_path))
    write(tmp_path / "b.csv", WHOLE)
    assert taken(landing, tmp_path, before) == []
    write(tmp_path / "b.csv", WHOLE, ago=700)
    write(tmp_path / "c.csv", HALF)
    assert len(taken(landing, tmp_path, before)) == len(before), "a new file that waits holds up no other"


def test_a_file_that_is_renamed_when_it_is_whole_needs_nothing_declared(tmp_path: Path):
    write(tmp_path / "a.csv.part", HALF, ago=600)
    write(tmp_path / "b.csv", b"id\n9\n", ago=600)
    assert taken(files("*"), tmp_path) == [b"id\n9\n"]
    write(tmp_path / "a.csv.part", WHOLE, ago=600)
    (tmp_path / "a.csv.part").rename(tmp_path / "a.csv")
    assert taken(files("*"), tmp_path) == [WHOLE, b"id\n9\n"]


@pytest.mark.parametrize("way", [{"marker": "{name}.done"}, {"marker": "_SUCCESS"}, {"manifest": "SHA256SUMS"}])
def test_what_says_so_is_no_delivery_itself(tmp_path: Path, way: dict[str, str]):
    write(tmp_path / "a.csv", ago=600)
    sums(tmp_path, "a.csv")
    sure = next(iter(way.values())).replace("{name}", "a.csv")
    write(tmp_path / sure, (tmp_path / "SHA256SUMS").read_bytes())
    if sure != "SHA256SUMS":
        (tmp_path / "SHA256SUMS").unlink()
    assert taken(files("*", **way), tmp_path) == [WHOLE]


def test_a_pipe_or_a_link_says_nothing(tmp_path: Path):
    """Nobody waits for a pipe that no one writes to."""
    write(tmp_path / "a.csv")
    os.mkfifo(tmp_path / "SHA256SUMS")
    (tmp_path / "a.csv.done").symlink_to("/etc/passwd")
    assert taken(files(manifest="SHA256SUMS"), tmp_path) == taken(files(marker="{name}.done"), tmp_path) == []


# --- stores -----------------------------------------------------------------------------------------------------------


class Store(AbstractFileSystem):
    """A folder of this machine, of which only the times are told otherwise: as `says` tells them."""

    protocol = "elsewhere"
    cachable = False
    says: Callable[[datetime], dict[str, Any]]

    def info(self, path: str, **kwargs: object) -> dict[str, Any]:
        told = Path(path).stat()
        kind = "directory" if Path(path).is_dir() else "file"
        times = type(self).says(datetime.fromtimestamp(told.st_mtime, UTC))
        return {"name": path, "size": told.st_size, "type": kind, **times}

    def ls(self, path: str, detail: bool = True, **kwargs: object) -> list[Any]:
        return [self.info(str(place)) if detail else str(place) for place in Path(path).iterdir()]

    def _open(self, path: str, mode: str = "rb", *args: object, **kwargs: object) -> Any:
        return Path(path).open("rb")


SAYS: dict[str, Callable[[datetime], dict[str, Any]]] = {
    "SFTP": lambda moment: {"mtime": moment, "time": datetime.now(UTC)},
    "SMB": lambda moment: {"mtime": moment.timestamp()},
    "S3": lambda moment: {"LastModified": moment},
    "Google": lambda moment: {"mtime": moment, "updated": f"{moment:%Y-%m-%dT%H:%M:%S.%fZ}"},
    "Azure": lambda moment: {"creation_time": datetime.now(UTC), "last_modified": moment},
    "WebDAV": lambda moment: {"created": datetime.now(UTC), "modified": moment},
    "WebHDFS": lambda moment: {"modificationTime": int(moment.timestamp() * 1000)},
    "FTP": lambda moment: {"modify": f"{moment:%Y%m%d%H%M%S}"},
    "FTP with parts of seconds": lambda moment: {"modify": f"{moment:%Y%m%d%H%M%S.%f}"},
    "no time zone": lambda moment: {"mtime": moment.replace(tzinfo=None)},
}
SAYS_NOTHING: dict[str, Callable[[datetime], dict[str, Any]]] = {
    "HTTP": lambda moment: {},
    "FTP without MLSD": lambda moment: {"modify": f"{moment:%b %d %H:%M}"},
    "Arrow, of what it does not know": lambda moment: {"mtime": None},
    "S3, of what it does not know": lambda moment: {"LastModified": ""},
}


@pytest.fixture
def tokyo(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A place where local time is not UTC."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def shown_as(says: Callable[[datetime], dict[str, Any]], folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The glob of a folder in a store that tells times so."""
    fsspec.register_implementation("elsewhere", Store, clobber=True)
    monkeypatch.setattr(Store, "says", staticmethod(says), raising=False)
    return f"elsewhere://{folder}/*.csv"


@pytest.mark.usefixtures("tokyo")
@pytest.mark.parametrize("store", SAYS)
def test_every_store_is_understood(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str):
    where = shown_as(SAYS[store], tmp_path, monkeypatch)
    write(tmp_path / "a.csv", HALF, ago=5)
    assert [file.seconds_to_wait for file in landed(files(where), tmp_path)] == [0]
    assert taken(files(where), tmp_path) == [HALF]
    quiet = files(where, quiet_seconds=60)
    assert taken(quiet, tmp_path) == [] and "was written to less than 60 s ago" in waiting(quiet, tmp_path)
    write(tmp_path / "a.csv", WHOLE, ago=62)
    assert taken(quiet, tmp_path) == [WHOLE]
    marked = files(where, marker="{name}.done")
    write(tmp_path / "a.csv.done", b"", ago=64)
    assert taken(marked, tmp_path) == [] and "waits for a newer one" in waiting(marked, tmp_path)
    write(tmp_path / "a.csv.done", b"", ago=60)
    assert taken(marked, tmp_path) == [WHOLE]


@pytest.mark.parametrize("store", SAYS_NOTHING)
def test_a_store_without_times_needs_a_manifest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: str):
    where = shown_as(SAYS_NOTHING[store], tmp_path, monkeypatch)
    write(tmp_path / "a.csv")
    assert taken(files(where), tmp_path) == [WHOLE]
    for declared in ({"quiet_seconds": 60}, {"marker": "{name}.done"}):
        with pytest.raises(SourceError, match=r"a\.csv: its store does not say when .*; declare a `manifest` in `comp"):
            deliveries(files(where, **declared), tmp_path)
    sums(tmp_path, "a.csv")
    assert taken(files(where, manifest="SHA256SUMS"), tmp_path) == [WHOLE]


def test_an_object_is_marked_or_listed():
    store = fsspec.filesystem("memory")
    store.pipe({"/marked/a.csv": WHOLE, "/marked/b.csv": HALF, "/marked/a.csv.done": b""})
    marked = files("memory://marked/*.csv", marker="{name}.done")
    assert taken(marked, Path("/nowhere")) == [WHOLE]
    store.pipe("/marked/a.csv", HALF)
    assert taken(marked, Path("/nowhere")) == [], "written anew after its marker"
    store.pipe(
        {"/listed/a.csv": WHOLE, "/listed/SHA256SUMS": f"{hashlib.sha256(WHOLE).hexdigest()} *a.csv\r\n".encode()}
    )
    assert taken(files("memory://listed/*", manifest="SHA256SUMS"), Path("/nowhere")) == [WHOLE]


class Streaming(SimpleHTTPRequestHandler):
    """A web server that lists the working directory, and says of no file how long it is."""

    def send_header(self, keyword: str, value: str) -> None:
        if keyword != "Content-Length":
            super().send_header(keyword, value)

    def log_message(self, format: str, *args: object) -> None:
        pass


def test_a_manifest_that_comes_piece_by_piece_is_read_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    write(tmp_path / "a.csv")
    sums(tmp_path, "a.csv")
    listed = (tmp_path / "SHA256SUMS").read_bytes()
    (tmp_path / "SHA256SUMS").write_bytes(listed.rjust(5_000_000, b"\n"))
    monkeypatch.chdir(tmp_path)
    with serving(Streaming) as port:
        assert taken(files(f"http://127.0.0.1:{port}/*.csv", manifest="SHA256SUMS"), tmp_path) == [WHOLE]


# --- definitions ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({}, "exactly one of"),
        ({"marker": "x", "manifest": "y"}, "exactly one of"),
        ({"marker": "../x"}, "not the name of one file"),
        ({"marker": "*.done"}, "not the name of one file"),
        ({"marker": "{name}"}, "is the file itself"),
        ({"marker": "{stem}.done"}, "not the name of one file"),
        ({"manifest": "{name}.sha256"}, "a manifest lists all of a folder"),
        ({"quiet_seconds": 0}, "greater than 0"),
        ({"rename": True}, "Extra inputs"),
    ],
)
def test_what_is_declared_wrongly_is_refused(written: dict[str, Any], message: str):
    with pytest.raises(ValidationError, match=message):
        Files.model_validate({"path": "*.csv", "complete_when": written})


def test_when_a_file_is_whole_changes_no_fingerprint():
    assert files(marker="_SUCCESS").model_dump() == files().model_dump()
