"""A landing folder that an attacker may write to: nothing outside is read, nothing hangs, nothing runs."""

import io
import os
import pickle
import zipfile
from pathlib import Path

import polars as pl
import pytest

from catalogue.definition import Files, Reading
from resources.sources import SourceError, archives
from resources.sources.formats import parquet_file
from resources.sources.landing import landed
from resources.sources.reading import read_table


def refused(folder: Path, pattern: str) -> str:
    with pytest.raises(SourceError) as caught:
        landed(Files(path=pattern), folder)
    return str(caught.value)


def unreadable(content: bytes, name: str) -> str:
    with pytest.raises(SourceError) as caught:
        read_table(content, name, Reading(), "the file", pinned=False)
    return str(caught.value)


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


# --- what is no file of this folder -----------------------------------------------------------------------------------


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    (tmp_path / "secret").mkdir()
    (tmp_path / "secret" / "keys.csv").write_text("id\n1\n")
    return tmp_path / "secret"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the use case."""
    made = tmp_path / "use_case"
    made.mkdir()
    return made


def test_a_landing_folder_that_is_a_link_is_refused(folder: Path, secret: Path):
    (folder / "landing").symlink_to(secret)
    assert refused(folder, "landing/*.csv").startswith(f"{folder / 'landing'} is a symbolic link")


def test_a_folder_below_it_that_is_a_link_is_refused_or_left_out(folder: Path, secret: Path):
    (folder / "landing").mkdir()
    (folder / "landing" / "may").symlink_to(secret)
    assert refused(folder, "landing/may/*.csv").startswith(f"{folder / 'landing' / 'may'} is a symbolic link")
    assert refused(folder, "landing/*/*.csv").startswith("no file matches")


def test_a_link_to_a_link_and_one_that_leads_nowhere_are_refused(folder: Path, secret: Path):
    (folder / "b.txt").symlink_to(secret / "keys.csv")
    (folder / "a.csv").symlink_to(folder / "b.txt")
    assert refused(folder, "*.csv").startswith(f"{folder / 'a.csv'} is a symbolic link")
    (folder / "b.txt").unlink()
    assert refused(folder, "*.csv").startswith(f"{folder / 'a.csv'} is a symbolic link")


def test_a_landing_folder_the_administrator_linked_is_read(folder: Path, secret: Path, tmp_path: Path):
    (tmp_path / "srv").symlink_to(secret)
    assert [file.name for file in landed(Files(path=f"{tmp_path}/srv/*.csv"), folder)]


def test_a_pipe_is_refused_and_not_waited_for(folder: Path):
    os.mkfifo(folder / "a.csv")
    assert refused(folder, "*.csv") == f"{folder / 'a.csv'} is no regular file: put one there"


@pytest.mark.parametrize(
    "name", ["a\nb.csv", "a\x1b[31m.csv", "=1+1.csv", "a'; drop table x; --.csv", "é" * 100 + ".csv"]
)
def test_strange_names_are_files_like_others(folder: Path, name: str):
    (folder / name).write_text("id\n1\n")
    assert [file.name for file in landed(Files(path="*.csv"), folder)] == [name]


# --- bombs ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bounds a test can reach."""
    monkeypatch.setattr(archives, "SMALL_BYTES", 2**20)
    monkeypatch.setattr(parquet_file, "MOST_CELLS", 10_000)


@pytest.mark.usefixtures("small")
@pytest.mark.parametrize("name", ["a.csv.zip", "a.xlsx"])
def test_an_archive_that_unpacks_to_hundreds_of_times_its_size_is_refused(name: str):
    bomb = zipped({"xl/sharedStrings.xml": bytes(2**22)})
    assert len(bomb) < 2**13
    assert unreadable(bomb, name) == "the file: unpacks to more than 1,048,576 bytes; split the file"


@pytest.mark.usefixtures("small")
def test_a_table_that_packs_well_is_none():
    content = b"id,name\n" + b"".join(b"%d,name %d\n" % (number, number % 7) for number in range(200_000))
    packed = zipped({"a.csv": content})
    assert len(content) > 2**21
    assert read_table(packed, "a.csv.zip", Reading(), "the file", pinned=False).table.height == 200_000


def test_an_archive_in_an_archive_is_not_opened_unasked():
    nested = zipped({"b.zip": zipped({"a.csv": b"id\n1\n"})})
    assert unreadable(nested, "a.zip.zip") == "the file: no format goes with '.zip'; name one in `format`"


@pytest.mark.usefixtures("small")
def test_a_parquet_file_of_more_rows_than_memory_is_refused_unread():
    buffer = io.BytesIO()
    pl.DataFrame({"a": pl.repeat(1, 50_000, eager=True)}).write_parquet(buffer)
    assert unreadable(buffer.getvalue(), "a.parquet") == (
        "the file: 50,000 rows of 1 columns are more than a table may have; split the file"
    )


SHEET = b"""<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>
<row r="1"><c r="A1"><v>1</v></c></row><row r="%d"><c r="%s%d"><v>1</v></c></row></sheetData></worksheet>"""


def test_a_workbook_of_two_cells_far_apart_is_refused_unread():
    bomb = zipped({"xl/worksheets/sheet1.xml": SHEET % (1_048_576, b"XFD", 1_048_576)})
    assert unreadable(bomb, "a.xlsx") == (
        "the file: xl/worksheets/sheet1.xml has cells as far as row 1,048,576 and column 16,384; deliver CSV"
    )


def test_json_nested_without_end_is_refused():
    assert unreadable(b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", "a.jsonl") == (
        "the file: line 1 is nested too deep to be a table"
    )


# --- what could run ---------------------------------------------------------------------------------------------------


class Trap:
    def __reduce__(self):
        return os.system, ("touch ran",)


@pytest.mark.parametrize("name", ["a.pickle", "a.pkl", "a.csv", "a.parquet", "a.xlsx", "a.jsonl"])
def test_a_pickle_runs_nothing_under_any_name(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    unreadable(pickle.dumps([Trap()]), name)
    assert not list(tmp_path.iterdir())
