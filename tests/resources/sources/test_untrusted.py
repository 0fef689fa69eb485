"""Reading in a process of its own: the same tables and the same errors as here, and limits that name the file."""

import ctypes
import io
import os
import subprocess
import sys
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from catalogue.definition import Files, Source, UseCase
from catalogue.reader import Catalogue
from pipelines.onboarding import OnboardingError, onboard
from resources.limited_process import machine_memory
from resources.sources import Cache, SourceError, memory, read, untrusted
from resources.sources.memory import memory_limit
from resources.sources.reading import detect_reading, read_table
from resources.sources.untrusted import Reader, read_file

PROJECT = Path(__file__).parent.parent.parent.parent
EVERY_TYPE = pl.DataFrame(
    {
        "i": pl.Series([1, None], dtype=pl.Int8),
        "u": pl.Series([1, 2**63], dtype=pl.UInt64),
        "f": [0.5, float("nan")],
        "s": ["é", None],
        "b": [b"\0", None],
        "t": [True, None],
        "d": [date(2020, 1, 2), None],
        "z": [datetime(2020, 1, 2, tzinfo=UTC), None],
        "l": [timedelta(1), None],
        "n": [Decimal("1.23"), None],
        "c": pl.Series(["x", None], dtype=pl.Categorical),
        "e": pl.Series(["x", "y"], dtype=pl.Enum(["x", "y"])),
        "o": [None, None],
        "a": [[{"k": "v"}], None],
        "lc": pl.Series([["x"], None], dtype=pl.List(pl.Categorical)),
    }
)


def parquet(frame: pl.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.write_parquet(buffer)
    return buffer.getvalue()


FILES = {
    "a.parquet": parquet(EVERY_TYPE),
    "a.csv": b"id,day,x\n1,2020-01-02,\n2,2020-01-03,2.5\n",
    "a.json": b'[{"a": 1, "b": [1, 2]}, {"a": null, "b": []}]',
    "a.jsonl": b'{"a": {"b": "x"}}\n{"a": null}\n',
}
BROKEN = {"a.csv": b"a,b\n1,2\n3\n", "a.parquet": b"PAR1", "a.xlsx": b"PK", "a.json": b"[{]", "a.pickle": b"x"}


def test_tables_are_the_same_as_here():
    with Reader() as reader:
        for name, content in FILES.items():
            files = Files(path="*")
            found = reader.table(partial(bytes, content), name, files, "the file").table
            here = read_table(content, name, files, "the file", pinned=False).table
            assert found.schema == here.schema
            assert found.equals(here)


def test_a_table_of_many_pieces_is_whole():
    table = pl.DataFrame({"a": range(1_000_000), "s": [f"text {n % 9} of some length" for n in range(1_000_000)]})
    assert table.estimated_size() > 1.5 * untrusted.SLICE_BYTES
    with Reader() as reader:
        assert reader.table(partial(bytes, parquet(table)), "a.parquet", Files(path="*"), "the file").table.equals(
            table
        )


def test_what_is_said_of_broken_files_and_detected_of_others_is_the_same_as_here():
    with Reader() as reader:
        for name, content in BROKEN.items():
            with pytest.raises(SourceError) as there:
                reader.table(partial(bytes, content), name, Files(path="*"), "the file")
            with pytest.raises(SourceError) as here:
                read_table(content, name, Files(path="*"), "the file", pinned=False)
            assert str(there.value) == str(here.value)
        german = b"Titel\n\nTag;Umsatz\n31.12.2025;1.234,5\n30.12.2025;k.A.\n"
        assert reader.detected(partial(bytes, german), "a.csv", "the file") == detect_reading(
            german, "a.csv", "the file"
        )


@pytest.mark.parametrize("header", [b"%s,%s\n1,2\n", b"%s,b%s\n1,2\n"])
def test_what_is_said_of_endless_names_ends(header: bytes):
    with Reader() as reader, pytest.raises(SourceError) as caught:
        reader.table(partial(bytes, header % (b"a" * 10**7, b"a" * 10**7)), "a.csv", Files(path="*"), "the file")
    assert len(str(caught.value)) < 2100
    with (
        Reader() as reader,
        pytest.raises(SourceError, match=r"the name of column 1, 'a+'…, has 10,000,000 characters"),
    ):
        reader.detected(partial(bytes, b"%s,b\n1,2\n" % (b"a" * 10**7)), "a.csv", "the file")
    assert str(caught.value).startswith(("the file: the header repeats 'aaa", "the file: the name of column 1, 'aaa"))
    assert str(caught.value).endswith(("write `repair_header: true`", "shorten it to 1,000 or fewer"))


@pytest.mark.slow
def test_who_reads_too_long_or_dies_is_named_by_the_file(monkeypatch: pytest.MonkeyPatch):
    with Reader() as reader, pytest.raises(SourceError) as caught:
        reader.table(partial(ctypes.string_at, 0), "a.csv", Files(path="*"), "the file")
    assert str(caught.value) == (
        "the file: reading it ends the process that does it (SIGSEGV); it is damaged or meant to do harm; "
        "deliver it again"
    )
    monkeypatch.setattr(untrusted, "READ_SECONDS", 3)
    with Reader() as reader, pytest.raises(SourceError) as caught:
        reader.table(partial(time.sleep, 600), "a.csv", Files(path="*"), "the file")
    assert str(caught.value) == "the file: reading it takes longer than the 0.05 minutes that it may; split it"


def landing(folder: Path, **options) -> UseCase:
    source = Source(licence="-", citation="-", files=Files(path="*.csv", **options))
    return UseCase(title="t", task="regression", target="a", source=source).placed("shop/orders", folder)


@pytest.mark.parametrize("options", [{}, {"format": "bytes"}])
def test_files_that_are_too_large_together_are_refused_by_the_one_that_is_too_much(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: dict[str, str]
):
    monkeypatch.setattr(memory, "table_limit", lambda: 2**21)
    for number in range(4):
        (tmp_path / f"{number}.csv").write_text(f"a\n{number}\n" + "1234567\n" * 100_000)
    time.sleep(1.1)
    with pytest.raises(
        SourceError, match=r"\.csv: with it, the table takes more than the 0.00195 GiB that it may; let"
    ):
        read(landing(tmp_path, **options), Cache(tmp_path / "cache", None), print)


def test_many_files_are_read_by_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    started: list[object] = []

    class Counted(subprocess.Popen):
        def __init__(self, command: Any, **options: Any) -> None:
            started.append(command)
            super().__init__(command, **options)

    monkeypatch.setattr(subprocess, "Popen", Counted)
    for number in range(100):
        (tmp_path / f"{number}.csv").write_text(f"a\n{number}\n")
    time.sleep(1.1)
    table = read(landing(tmp_path), Cache(tmp_path / "cache", None), print).members["files"].collect()
    assert sorted(table["a"]) == list(range(100))
    assert len(started) == 1


@pytest.mark.slow
def test_a_file_that_a_command_names_is_read_with_the_same_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(memory.MEMORY_VARIABLE, "0.5")
    bomb = tmp_path / "a.parquet"
    bomb.write_bytes(parquet(pl.DataFrame({"a": pl.repeat(1, 2**27, eager=True, dtype=pl.Int64)})))
    words = f"{bomb}: reading it takes more than the 0.5 GiB of memory that it may; split it, or let reading take more"
    with pytest.raises(SourceError, match=words):
        read_file(bomb, Files(path="*"))
    with pytest.raises(OnboardingError, match=words):
        onboard("shop/orders", bomb, "a", Catalogue([tmp_path / "catalogue"]))
    with pytest.raises(SourceError, match="can't be read: No such file"):
        read_file(tmp_path / "b.parquet", Files(path="*"))


@pytest.mark.parametrize("gib", ["", "1e12"])
def test_a_process_that_may_have_less_than_the_machine_still_reads(tmp_path: Path, gib: str):
    (tmp_path / "a.csv").write_bytes(FILES["a.csv"])
    code = (
        "import sys\nfrom pathlib import Path\nfrom catalogue.definition import Files\n"
        "from resources.sources.untrusted import read_file\n"
        "print(read_file(Path(sys.argv[1]), Files(path='*')).table.height)"
    )
    command = ["sh", "-c", 'ulimit -d 1500000 && exec "$@"', "sh", sys.executable, "-c", code, str(tmp_path / "a.csv")]
    environment = {**os.environ, memory.MEMORY_VARIABLE: gib}
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True)
    assert done.stdout == "2\n", done.stderr


def test_the_limit_is_half_of_what_there_is_or_what_the_environment_says(monkeypatch: pytest.MonkeyPatch):
    assert memory_limit() == machine_memory() // 2
    monkeypatch.setenv(memory.MEMORY_VARIABLE, "1.5")
    assert memory_limit() == 3 * 2**29
    for more_than_there_is in ("1e12", "1e300"):
        monkeypatch.setenv(memory.MEMORY_VARIABLE, more_than_there_is)
        assert memory_limit() == machine_memory()
    for wrong in ("much", "-1", "0.1", "inf", "nan"):
        monkeypatch.setenv(memory.MEMORY_VARIABLE, wrong)
        with pytest.raises(
            SourceError, match=r"SECTORFORGE_READING_MEMORY is '.*': write a number of GiB, 0.5 or more"
        ):
            memory_limit()
