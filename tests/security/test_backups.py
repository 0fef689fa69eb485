"""An archive that says it is a backup: what it takes of memory, of the disk and of time is bounded, and whatever is
wrong with it is an error of that archive."""

import gzip
import hashlib
import io
import json
import os
import re
import tarfile
import tracemalloc
from collections.abc import Callable, Iterable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from dagster import DagsterInstance
from typer.testing import CliRunner

from catalogue.definition import Files, Source, UseCase
from pipelines.cli.app import app
from pipelines.forget.people import PIECE, People, in_content
from pipelines.forget.remaining import in_backups
from resources.sources.memory import MEMORY_VARIABLE
from resources.store.backup import back_up
from resources.store.backup_archive import MANIFEST, BackupError
from resources.store.identifiers import Identifiers
from resources.store.integrity import file_sha256
from resources.store.restore import restore
from resources.store.state import VARIABLE, State

from ..pipelines.sandbox import KEY

MIB = 2**20
LARGE = 256 * MIB
JANE = "jane.doe@example.org"
PEOPLE = Identifiers("order", frozenset([JANE]))


# --- archives that no `backup` wrote ----------------------------------------------------------------------------------


def header(name: str, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size, entry.type = size, kind
    return entry.tobuf(tarfile.GNU_FORMAT)


def file(name: str, content: bytes, kind: bytes = tarfile.REGTYPE) -> bytes:
    return header(name, len(content), kind) + content + bytes(-len(content) % tarfile.BLOCKSIZE)


def extended(about: dict[str, str], kind: bytes = tarfile.XHDTYPE) -> bytes:
    """A header of pax's (POSIX.1-2008)."""
    records = b""
    for name, value in about.items():
        record = f" {name}={value}\n".encode()
        length = len(record) + len(str(len(record)))
        records += str(length + (len(str(length)) > len(str(len(record))))).encode() + record
    return file("pax", records, kind)


def endless_header(kind: bytes) -> Iterator[bytes]:
    yield header("././@LongLink", LARGE, kind)
    yield from (bytes(MIB) for _ in range(LARGE // MIB))


def headers_of_all_files() -> Iterator[bytes]:
    for number in range(4000):
        yield extended({f"comment{number}": 8000 * "x"}, tarfile.XGLTYPE) + file(f"f{number}", b"")


def sparse_file_with_an_endless_map() -> Iterator[bytes]:
    yield extended({"GNU.sparse.major": "1", "GNU.sparse.minor": "0"})
    yield header("sparse", LARGE) + b"999999999\n"
    yield from (MIB // 2 * b"0\n" for _ in range(16))


def sparse_file_of_nothing() -> Iterator[bytes]:
    yield extended({"GNU.sparse.map": "0,0", "GNU.sparse.realsize": str(LARGE)}) + file("sparse", b"")


def packed(path: Path, parts: Iterable[bytes]) -> Path:
    with gzip.open(path, "wb", compresslevel=1) as archive:
        for part in parts:
            archive.write(part)
        archive.write(bytes(20 * tarfile.BLOCKSIZE))
    return path


ATTACKS: dict[str, tuple[Callable[[], Iterable[bytes]], str]] = {
    "an endless name": (lambda: endless_header(tarfile.GNUTYPE_LONGNAME), "a header in it is longer"),
    "an endless link": (lambda: endless_header(tarfile.GNUTYPE_LONGLINK), "a header in it is longer"),
    "an endless extended header": (lambda: endless_header(tarfile.XHDTYPE), "a header in it is longer"),
    "an endless header of all files": (lambda: endless_header(tarfile.XGLTYPE), "a header in it is longer"),
    "a header that is less than empty": (lambda: [header("pax", -512, tarfile.XHDTYPE), bytes(LARGE)], "end of file"),
    "many headers of all files": (headers_of_all_files, "no plain file"),
    "a sparse file with an endless map": (sparse_file_with_an_endless_map, "a header in it is longer"),
    "a sparse file of nothing": (sparse_file_of_nothing, "no plain file"),
    "headers before headers": (lambda: [extended({"comment": "x"}) * 2000], "a header in it is longer"),
    "a file that leads back to itself": (lambda: [header("f", 0), header("g", -1024)], "no plain file"),
    "a size that leads back": (lambda: [header("f", 0), extended({"size": "-1536"}), header("g", 0)], "no plain file"),
    "a file larger than the disk": (lambda: [header("f", 2**50)], "the disk has room for"),
    "folders in folders": (lambda: [file(f"{700 * 'a/'}f", b"")], "deep into it"),
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    place = tmp_path / "place"
    place.mkdir()
    return place / "home"


@pytest.mark.parametrize(("parts", "reason"), ATTACKS.values(), ids=ATTACKS.keys())
def test_a_small_archive_takes_little_memory_and_is_refused(
    home: Path, tmp_path: Path, parts: Callable[[], Iterable[bytes]], reason: str
):
    archive = packed(tmp_path / "backup.tar.gz", parts())
    tracemalloc.start()
    try:
        with pytest.raises(BackupError, match=reason):
            restore(archive, State(folder=str(home)))
        assert tracemalloc.get_traced_memory()[1] < 32 * MIB
    finally:
        tracemalloc.stop()
    assert list(home.parent.iterdir()) == []


# --- manifests that no `backup` wrote ---------------------------------------------------------------------------------


def manifest(contents: dict[str, bytes], **other: Any) -> bytes:
    """Of an archive with these files; `other` takes the place of what it says, or is added."""
    files = {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()}
    about = {"format": 1, "versions": {"dagster": version("dagster")}, "files": files, "links": {}, "empty": []}
    return json.dumps(about | other).encode()


def archive_of(path: Path, files: dict[str, bytes], last: bytes) -> Path:
    return packed(path, [*(file(name, content) for name, content in files.items()), file(MANIFEST, last)])


CURRENT = "artefacts/raw_data/a/b/current"
WRONG: dict[str, tuple[bytes, str]] = {
    "a list": (b"[1, 2]", "MANIFEST.json is not as `backup` writes it, all of it"),
    "nothing": (b"", "Expecting value"),
    "an empty object": (b"{}", "not as `backup` writes it, format"),
    "no text": (b"\xff\xfe\x00", "can't be put back"),
    "files are a number": (manifest({}, files=3), "not as `backup` writes it, files"),
    "a digest is a number": (manifest({}, files={"a": 3}), "not as `backup` writes it, files.a"),
    "links are a list": (manifest({}, links=[]), "not as `backup` writes it, links"),
    "a link leads to a number": (manifest({}, links={CURRENT: 7}), f"not as `backup` writes it, links.{CURRENT}"),
    "empty is a number": (manifest({}, empty=7), "not as `backup` writes it, empty"),
    "an empty folder is an object": (manifest({}, empty=[{}]), "not as `backup` writes it, empty.0"),
    "versions are a list": (manifest({}, versions=["1.0"]), "not as `backup` writes it, versions"),
    "no version of dagster": (manifest({}, versions={}), "not as `backup` writes it, versions.dagster"),
    "an endless version": (manifest({}, versions={"dagster": MIB * "1"}), "at most 100 characters"),
    "a link of an endless name": (manifest({}, links={MIB * "x": "versions/1"}), "so this is no backup"),
    "a version is none": (manifest({}, versions={"dagster": "new"}), "Invalid version: 'new'"),
    "another format": (json.dumps({"format": ["x"]}).encode(), "its format is .*, and only 1 is known"),
    "lists in lists": (100_000 * b"[", "nested deeply"),
    "an empty folder outside": (manifest({}, empty=["../outside"]), "leads out of the state folder"),
    "an empty folder with a zero byte": (manifest({}, empty=["a\0b"]), "null byte"),
    "an empty folder of no text": (manifest({}, empty=["\ud800"]), "can't be put back"),
    "endless": (17 * MIB * b" ", "is longer than"),
}


@pytest.fixture
def no_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A state folder that the environment names, and that is not there."""
    monkeypatch.setenv(VARIABLE, str(home))
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    monkeypatch.setenv("COLUMNS", "1000")
    return home


@pytest.mark.parametrize(("content", "reason"), WRONG.values(), ids=WRONG.keys())
@pytest.mark.parametrize("there", [False, True], ids=["a new home", "an empty home"])
def test_a_wrong_manifest_is_an_error_of_that_archive_and_nothing_is_made(
    no_home: Path, tmp_path: Path, content: bytes, reason: str, there: bool
):
    archive = archive_of(tmp_path / "backup.tar.gz", {}, content)
    if there:
        no_home.mkdir()
    for _ in range(2):
        result = CliRunner().invoke(app, ["restore", str(archive)], catch_exceptions=False)
        assert result.exit_code == 1
        assert f"{archive} can't be put back: " in result.stderr
        assert re.search(reason, result.stderr) and "unexpected" not in result.stderr
        assert len(result.stderr) < 1000
        assert list(no_home.parent.rglob("*")) == ([no_home] if there else [])


@pytest.mark.parametrize("name", [".moving", ".restoring-home-abcdefgh/.moving", ".restoring-/f", ".lock"])
def test_an_archive_can_not_speak_to_a_restore(home: Path, tmp_path: Path, name: str):
    """What a restore leaves for the next one, or for its own undoing, names what to remove."""
    precious = home.parent / "precious"
    precious.mkdir()
    files = {name: json.dumps([str(precious)]).encode()}
    archive = archive_of(tmp_path / "backup.tar.gz", files, manifest(files))

    def fail(draft: State) -> int:
        raise OSError("the history does not answer")

    with pytest.raises(BackupError, match="would mean something to a restore"):
        restore(archive, State(folder=str(home)), fail)
    assert list(home.parent.iterdir()) == [precious]


def test_a_draft_that_somebody_planted_beside_the_home_removes_nothing_else(home: Path, tmp_path: Path):
    precious, planted = tmp_path / "precious", home.with_name(f".restoring-{home.name}-abcdefgh")
    precious.mkdir()
    planted.mkdir()
    (planted / ".moving").write_text(json.dumps([str(precious)]))
    archive = archive_of(tmp_path / "backup.tar.gz", {}, manifest({}))
    assert restore(archive, State(folder=str(home))).removed == [planted]
    assert precious.is_dir() and not planted.exists()


# --- honest ones ------------------------------------------------------------------------------------------------------


def test_names_of_any_length_and_letters_come_back(home: Path, tmp_path: Path):
    """In the archive they have headers of their own."""
    folder = tmp_path / "original"
    names = ["/".join(["x" * 250] * 12), "übung/ж" + 100 * "ж", os.fsdecode(b"r\xfcckgabe"), "two\nlines", "MANIFEST"]
    for name in names:
        path = folder / "cache" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name, errors="surrogateescape")
    back_up(State(folder=str(folder)), tmp_path / "backup.tar.gz")
    assert restore(tmp_path / "backup.tar.gz", State(folder=str(home))).files == len(names)
    assert {name: (home / "cache" / name).read_text(errors="surrogateescape") for name in names} == {
        name: name for name in names
    }


def test_a_size_that_only_an_extended_header_has_room_for_is_read_there(home: Path, tmp_path: Path):
    """As of files of more than 8 GiB."""
    files = {"cache/a": b"content"}
    parts = [extended({"size": "7"}), header("cache/a", 0), b"content".ljust(tarfile.BLOCKSIZE, b"\0")]
    archive = packed(tmp_path / "backup.tar.gz", [*parts, file(MANIFEST, manifest(files))])
    assert restore(archive, State(folder=str(home))).files == 1
    assert (home / "cache" / "a").read_bytes() == b"content"


@pytest.mark.slow
def test_a_file_of_gigabytes_and_many_small_ones_come_back_in_little_memory(home: Path, tmp_path: Path):
    folder = tmp_path / "original"
    (folder / "cache").mkdir(parents=True)
    with (folder / "cache" / "large").open("wb") as large:
        large.truncate(5 * 2**29)
        large.write(b"begins")
        large.seek(-4, os.SEEK_END)
        large.write(b"ends")
    for number in range(20_000):
        (folder / "cache" / f"{number:0>120}").write_text(str(number))
    back_up(State(folder=str(folder)), tmp_path / "backup.tar.gz")
    tracemalloc.start()
    try:
        assert restore(tmp_path / "backup.tar.gz", State(folder=str(home))).files == 20_001
        assert tracemalloc.get_traced_memory()[1] < 128 * MIB
    finally:
        tracemalloc.stop()
    for path in (folder / "cache").iterdir():
        assert file_sha256(home / "cache" / path.name) == file_sha256(path)


# --- looking for people in one ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [PIECE, 2 * PIECE])
@pytest.mark.parametrize("before", [0, 1, 10, len(JANE) - 1, len(JANE), len(JANE) + 1])
def test_whoever_stands_where_a_piece_ends_is_found(cut: int, before: int):
    """A file is read in pieces; `before` characters of hers stand in the one."""
    text, after = (cut - before - 1) * b"\n", 1000 * b"\n"
    assert in_content(PEOPLE, "a.log", io.BytesIO(text + b" " + JANE.encode()))
    assert in_content(PEOPLE, "a.log", io.BytesIO(text + b" " + JANE.encode() + after))
    assert not in_content(PEOPLE, "a.log", io.BytesIO(text + b"2" + JANE.encode() + after))
    assert not in_content(PEOPLE, "a.log", io.BytesIO(text + b" " + JANE.encode() + b"2" + after))
    assert not in_content(PEOPLE, "a.log", io.BytesIO(text + b" " + JANE.encode() + b".2" + after))


@pytest.mark.parametrize("content", [JANE, f"{JANE} ", f" {JANE}", f"\n{JANE}\n", f"{'ж' * PIECE} {JANE}"])
def test_whoever_stands_at_an_end_of_a_file_is_found(content: str):
    assert in_content(PEOPLE, "a.log", io.BytesIO(content.encode()))


def test_a_file_of_any_size_is_looked_into_in_little_memory(tmp_path: Path):
    with (tmp_path / "a.log").open("wb") as log:
        log.truncate(24 * MIB)
        log.seek(0, os.SEEK_END)
        log.write(f" {JANE}".encode())
    tracemalloc.start()
    try:
        with (tmp_path / "a.log").open("rb") as log:
            assert in_content(PEOPLE, "a.log", log)
        assert tracemalloc.get_traced_memory()[1] < 12 * MIB
    finally:
        tracemalloc.stop()


@pytest.fixture
def people(tmp_path: Path) -> Iterator[People]:
    source = Source(licence="-", citation="-", files=Files(path="orders.csv"))
    use_case = UseCase(title="t", task="regression", target="t", source=source).placed(KEY, tmp_path)
    with DagsterInstance.ephemeral() as instance:
        yield People(use_case, PEOPLE, instance, State(folder=str(tmp_path)), (), frozenset(), True)


def one_row_of_large_values() -> bytes:
    """A table of some kilobytes that takes a gigabyte."""
    value = pa.array([100 * MIB * "a"], pa.large_string())
    buffer = io.BytesIO()
    pq.write_table(pa.table({f"column_{number}": value for number in range(10)}), buffer, compression="zstd")
    return buffer.getvalue()


@pytest.mark.slow
def test_looking_into_backups_is_bounded_and_says_what_it_could_not_see(
    people: People, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv(MEMORY_VARIABLE, "0.5")
    hostile = ("an endless name", "a sparse file with an endless map", "a file that leads back to itself")
    archives = [packed(tmp_path / f"{name}.tar.gz", ATTACKS[name][0]()) for name in hostile]
    table = {f"artefacts/raw_data/{KEY}/versions/1/table.parquet": one_row_of_large_values()}
    archives.append(archive_of(tmp_path / "table.tar.gz", table, manifest(table)))
    archives.append(packed(tmp_path / "half.tar.gz", [file("logs/runs.log", b"nobody")]))
    said = dict(zip(archives, in_backups(people, archives), strict=True))
    for archive, line in said.items():
        assert line.startswith(f"the backup {archive} can't be looked into, and may hold them: ")
    assert "takes more than the 0.5 GiB of memory" in said[tmp_path / "table.tar.gz"]
    assert "does not end with MANIFEST.json" in said[tmp_path / "half.tar.gz"]


@pytest.mark.slow
def test_what_holds_them_in_a_backup_is_counted_and_other_use_cases_are_not_looked_into(people: People, tmp_path: Path):
    table = io.BytesIO()
    pl.DataFrame({"order": [JANE]}).write_parquet(table)
    files = {
        "logs/runs.log": PIECE * b"." + f" {JANE} ".encode(),
        f"artefacts/raw_data/{KEY}/versions/1/table.parquet": table.getvalue(),
        "artefacts/raw_data/energy/load/versions/1/table.parquet": table.getvalue(),
        "cache/a": JANE.encode(),
    }
    archive = archive_of(tmp_path / "backup.tar.gz", files, manifest(files))
    assert list(in_backups(people, [archive])) == [
        f"the backup {archive} holds them in 2 files: back up anew and remove it"
    ]
    del files["logs/runs.log"], files[f"artefacts/raw_data/{KEY}/versions/1/table.parquet"]
    assert list(in_backups(people, [archive_of(archive, files, manifest(files))])) == []
