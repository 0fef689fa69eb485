"""Small files that stand for gigabytes: each is refused by its name, within the memory that reading may take."""

import gzip
import io
import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

PROJECT = Path(__file__).parent.parent.parent
GIB = 2**30
READ = """
import json, resource, sys, time
from pathlib import Path
from catalogue.definition import Files, Source, UseCase
from resources.sources import Cache, SourceError, read

folder, started = Path(sys.argv[1]), time.monotonic()
source = Source(licence="-", citation="-", files=Files(path="a.*"))
case = UseCase(title="t", task="regression", target="a", source=source).placed("shop/orders", folder)
try:
    found = {"rows": read(case, Cache(folder / "cache", None), print).members["files"].collect().height}
except SourceError as error:
    found = {"error": str(error)}
peaks = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
own, child = int(peaks["VmHWM"].split()[0]), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(json.dumps({**found, "own": own * 1024, "child": child * 1024}))
"""


def delivered(folder: Path, name: str, content: bytes, gib: float = 0.5) -> dict[str, Any]:
    """What reading a landing folder with this file ends in, in a process of its own that may take `gib`."""
    (folder / name).write_bytes(content)
    before = time.time() - 60
    os.utime(folder / name, (before, before))
    environment = {**os.environ, "SECTORFORGE_READING_MEMORY": str(gib)}
    command = [sys.executable, "-c", READ, str(folder)]
    done = subprocess.run(command, cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.splitlines()[-1])


# --- files ------------------------------------------------------------------------------------------------------------


def zeros(method: int) -> bytes:
    """A zip archive of 335 MB of zeros."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive, archive.open("a.csv", "w") as member:
        for _ in range(20):
            member.write(bytes(2**24))
    return buffer.getvalue()


def one_row_of_large_values() -> bytes:
    """Ten values of 100 MB, all the same text."""
    value = pa.array(["a" * 100_000_000], pa.large_string())
    buffer = io.BytesIO()
    pq.write_table(pa.table({f"column_{number}": value for number in range(10)}), buffer, compression="zstd")
    return buffer.getvalue()


def one_large_value_in_many_rows() -> bytes:
    """A dictionary with one text of a megabyte, to which a million rows point: a terabyte as they stand."""
    once = pa.array(["a" * 1_000_000], pa.string())
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 1_000_000, pa.int32()), once)
    buffer = io.BytesIO()
    pq.write_table(pa.table({"text": column}), buffer, compression="zstd", store_schema=False)
    return buffer.getvalue()


def parquet(column: pa.Array, columns: int = 1) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table({f"column_{number}": column for number in range(columns)}), buffer, compression="zstd")
    return buffer.getvalue()


def one_category_in_many_rows() -> pa.Array:
    """As `one_large_value_in_many_rows`, and the file says that they are categories: 300 MB as they stand."""
    return pa.DictionaryArray.from_arrays(pa.array([0] * 300, pa.int32()), pa.array(["a" * 1_000_000]))


def lists_of_categories() -> pa.Array:
    return pa.ListArray.from_arrays(pa.array(range(301), pa.int32()), one_category_in_many_rows())


def other_keys_in_every_line() -> bytes:
    return b"\n".join(json.dumps({f"{row}_{key}": 1 for key in range(20_000)}).encode() for row in range(30))


def nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"1" + b"}" * levels


MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
FAR_APART = '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="{}"><v>1</v></c></row>'


def workbook(
    sheet: str, *, path: str = "worksheets/sheet1.xml", strings: bytes = b"", encoding: str = "utf-8"
) -> bytes:
    relations = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    targets = {"r1": ("worksheet", path)} | ({"r2": ("sharedStrings", "sharedStrings.xml")} if strings else {})
    listed = "".join(
        f'<Relationship Id="{key}" Type="{relations}/{kind}" Target="{to}"/>' for key, (kind, to) in targets.items()
    )
    sheet = f'<?xml version="1.0" encoding="{encoding}"?><worksheet {MAIN}><sheetData>{sheet}</sheetData></worksheet>'
    files: dict[str, bytes] = {
        "_rels/.rels": f'<Relationships xmlns="{package}"><Relationship Id="r0" Type="{relations}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>'.encode(),
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{relations}"><sheets><sheet name="a" sheetId="1" r:id="r1"/>'
        "</sheets></workbook>".encode(),
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}">{listed}</Relationships>'.encode(),
        f"xl/{path}": sheet.encode(encoding),
        **({"xl/sharedStrings.xml": strings} if strings else {}),
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def many_strings() -> bytes:
    """A workbook of 120 MB of XML that holds seven million texts."""
    strings = f"<sst {MAIN}>".encode() + b"<si><t>a</t></si>" * 7_000_000 + b"</sst>"
    return workbook('<row r="1"><c r="A1" t="s"><v>0</v></c></row>', strings=strings)


SIZE = "is larger than the 0.5 GiB of memory that reading may take; split it, or let reading take more: "
MEMORY = "reading it takes more than the 0.5 GiB of memory that it may; split it, or let reading take more: "
LARGE = "with it, the table takes more than the 0.125 GiB that it may; let reading take more: "
FILES: dict[str, tuple[str, Callable[[], bytes], str]] = {
    "sheer size": ("a.csv", lambda: bytes(700_000_000), SIZE),
    "nearly that size": ("a.csv", lambda: bytes(500_000_000), MEMORY),
    "bzip2": ("a.csv.zip", lambda: zeros(zipfile.ZIP_BZIP2), "packed otherwise than by deflate; deliver it"),
    "LZMA": ("a.csv.zip", lambda: zeros(zipfile.ZIP_LZMA), "packed otherwise than by deflate; deliver it"),
    "a workbook's bzip2": ("a.xlsx", lambda: zeros(zipfile.ZIP_BZIP2), "packed otherwise than by deflate; deliver it"),
    "gzip": ("a.csv.gz", lambda: gzip.compress(bytes(2**26)) * 40, MEMORY),
    "large values": ("a.parquet", one_row_of_large_values, MEMORY),
    "one value often": ("a.parquet", one_large_value_in_many_rows, LARGE),
    "one category often": ("a.parquet", lambda: parquet(one_category_in_many_rows()), LARGE),
    "lists of categories": ("a.parquet", lambda: parquet(lists_of_categories()), LARGE),
    "missing values": ("a.parquet", lambda: parquet(pa.nulls(5_000_000), columns=20), LARGE),
    "truth values": ("a.parquet", lambda: parquet(pa.array([True, None] * 10_000_000)), LARGE),
    "objects": ("a.parquet", lambda: parquet(pa.array([{"k": None}] * 2_000_000)), LARGE),
    "keys": ("a.jsonl", other_keys_in_every_line, MEMORY),
    "deep array": ("a.json", lambda: b"[" * 100_000 + b"]" * 100_000, "is nested too deep to be a table"),
    "deep line": ("a.jsonl", lambda: nested(100_000), "line 1 is nested too deep to be a table"),
    "deep columns": ("a.jsonl", lambda: nested(60), "column 'a' is nested deeper than 16 levels; deliver columns"),
    "cells of a sheet elsewhere": (
        "a.xlsx",
        lambda: workbook(FAR_APART.format("XFD1048576"), path="hidden/1.xml"),
        MEMORY,
    ),
    "cells with spaces": ("a.xlsx", lambda: workbook(FAR_APART.replace('r="{', 'r = "{').format("XFD1048576")), MEMORY),
    "strings": ("a.xlsx", many_strings, MEMORY),
}


@pytest.mark.slow
@pytest.mark.parametrize("attack", FILES)
def test_a_file_that_stands_for_gigabytes_is_refused_by_its_name_and_within_its_memory(tmp_path: Path, attack: str):
    name, make, words = FILES[attack]
    found = delivered(tmp_path, name, make())
    assert found["error"].startswith(f"{tmp_path / name}: {words}")
    assert found["child"] < 0.6 * GIB
    assert found["own"] < 0.3 * GIB
