"""From bytes to tables: every format, and what is said about a file that is wrong."""

import gzip
import io
import os
import pickle
import zipfile
from datetime import UTC, date, datetime
from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from catalogue.definition import Files, Reading
from resources.sources import SourceError, archives
from resources.sources.reading import read_table

QUOTES = "put the field that holds a ',' into quotation marks"
COMPLETE = "complete it, or deliver the file again"
REPAIR = "mend it, or write `repair_header: true`"


def table(content: bytes | str, name: str = "data.csv", pinned: bool = False, **options) -> pl.DataFrame:
    content = content.encode() if isinstance(content, str) else content
    return read_table(content, name, Files(path="*", **options), "the file", pinned=pinned).table


def refusal(content: bytes | str, name: str = "data.csv", pinned: bool = False, **options) -> str:
    with pytest.raises(SourceError) as caught:
        table(content, name, pinned, **options)
    return str(caught.value)


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def saved(write, *arguments, **options) -> bytes:
    buffer = io.BytesIO()
    write(buffer, *arguments, **options)
    return buffer.getvalue()


def test_csv_types_come_from_every_row():
    rows = ["a,b"] + ["1,x"] * 2000 + ["2.5,NA"]
    read = table("\n".join(rows))
    assert read.schema == {"a": pl.Float64, "b": pl.String}
    assert read.row(-1) == (2.5, None)


def test_byte_order_mark_and_trailing_blank_lines_are_no_data():
    assert table(b"\xef\xbb\xbfid,b\r\n1,2\r\n\r\n\r\n").rows(named=True) == [{"id": 1, "b": 2}]


def test_iso_dates_become_dates_and_ambiguous_ones_stay_text():
    read = table(
        "day,moment,local,either,no_day\n2013-01-02,2013-01-02T10:00:00+02:00,2013-01-02 10:00,01/02/2013,2013-02-31\n"
    )
    assert read.row(0) == (
        date(2013, 1, 2),
        datetime(2013, 1, 2, 8, tzinfo=UTC),
        datetime(2013, 1, 2, 10),
        "01/02/2013",
        "2013-02-31",
    )


def test_separator_space_means_any_run_of_spaces():
    read = table(b' id  name   x\r\n 001 "a  b"  2 \r\n 002 c 3\r\n', "data.txt", separator=" ")
    assert read.rows(named=True) == [{"id": "001", "name": "a  b", "x": 2}, {"id": "002", "name": "c", "x": 3}]


def test_headerless_csv_takes_its_names_from_the_definition():
    assert table("1\t2\n", "a.tsv", separator="\t", header=False, columns=["x", "y"]).columns == ["x", "y"]
    assert refusal("1,2\n", header=False, columns=["x"]) == "the file: has 2 columns, `columns` names 1"


def test_latin1_is_read_when_declared_and_located_when_not():
    content = "name,town\nana,Genève\n".encode("latin1")
    assert table(content, encoding="latin1").item(0, "town") == "Genève"
    assert refusal(content) == (
        "the file: line 2: byte 0xe8 at offset 17 is not UTF-8; save it as UTF-8, or set `encoding: cp1252` if "
        "'Genève' is right or `encoding: cp1250` if 'Genčve' is right"
    )


def test_without_quoting_a_quotation_mark_is_text():
    assert table('a\tb\n"x\ty"\n5"\t"\n', separator="\t", quote=None).rows() == [('"x', 'y"'), ('5"', '"')]
    assert table('a b\n5"  x\n', separator=" ", quote=None).rows() == [('5"', "x")]
    assert table("a b\n'x  y'   z\n", separator=" ", quote="'").rows() == [("x  y", "z")]
    assert refusal('a,b\n"x,y,z"\n', quote=None) == f"the file: line 2 has 3 fields, the first line has 2; {QUOTES}"


def test_lines_below_the_header_are_left_out_and_counted():
    orange = "Category\tText\nd\tstring\nclass\t\n\nearn\tshares\n"
    options = {"separator": "\t", "quote": None, "skip_after_header": 3}
    assert table(orange, "r8.tab", **options).rows(named=True) == [{"Category": "earn", "Text": "shares"}]
    assert refusal(f"{orange}trade\n", "r8.tab", **options) == (
        f"the file: line 6 has 1 fields, the first line has 2; {COMPLETE}"
    )


def test_a_nameless_column_that_numbers_the_rows_is_left_out_when_declared():
    assert table(",a,b\n0,5,x\n1,6,y\n", index=True).rows(named=True) == [{"a": 5, "b": "x"}, {"a": 6, "b": "y"}]
    assert refusal(",a\n0,5\n") == (
        "the file: the header has no name for column 1; write `index: true` if it numbers the rows, else "
        "`repair_header: true` to name it `column_1`"
    )
    assert refusal("id,a\n0,5\n", index=True) == (
        "the file: the header calls column 1 'id', so it is data: take `index` out"
    )
    assert refusal(",a,\n0,5,6\n", index=True) == (f"the file: the header has no name for column 3; {REPAIR}")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "the file: empty (0 bytes); deliver it again"),
        ("\n\n", "the file: empty, nothing but line ends; deliver it again"),
        ("a,b\n", "the file: empty, no row below the header; deliver it again"),
        ("a,b,a,b,c\n1,2,3,4,5\n", f"the file: the header repeats 'a', 'b'; names must be unique: {REPAIR}"),
        ("a,,c, \n1,2,3,4\n", f"the file: the header has no name for column 2, 4; {REPAIR}"),
        ("a,b\n1,2\n3,4,5\n", f"the file: line 3 has 3 fields, the first line has 2; {QUOTES}"),
        ('a,b\n"1\n2",2\n3\n', f"the file: line 4 has 1 fields, the first line has 2; {COMPLETE}"),
        (
            'a,b\n1,2\n3,"4\n',
            "the file: line 3: no quotation mark ends the field that one begins; deliver the file again, whole",
        ),
    ],
)
def test_broken_csv_is_refused_with_its_place(content, message):
    assert refusal(content) == message


def test_an_empty_last_field_is_not_a_short_row():
    assert table("a,b\n1,\n2,3\n")["b"].to_list() == [None, 3]


def test_parquet():
    frame = pl.DataFrame({"a": [1, 2], "b": ["x", None]})
    content = saved(lambda buffer: frame.write_parquet(buffer))
    assert table(content, "a.parquet").equals(frame)
    assert refusal(content[:-9], "a.parquet").startswith("the file: ")
    assert refusal(saved(lambda buffer: frame.clear().write_parquet(buffer)), "a.parquet").startswith("the file: empty")


def test_json_lines():
    read = table('{"a": 1, "t": "2020-01-01"}\n{"a": 2.5, "b": "x"}\n', "a.jsonl")
    assert read.rows(named=True) == [{"a": 1.0, "t": date(2020, 1, 1), "b": None}, {"a": 2.5, "t": None, "b": "x"}]
    assert refusal('{"a": 1}\n{"a":\n', "a.jsonl") == "the file: line 2, column 6: Expecting value"
    assert refusal("[1]\n", "a.ndjson") == "the file: line 1 is not a JSON object"


OPEN_XML = "http://schemas.openxmlformats.org"


def workbook(**sheets: list[list[str | int]]) -> bytes:
    """The few XML files an Excel workbook is made of."""
    relation = f"{OPEN_XML}/officeDocument/2006/relationships"
    main = f'xmlns="{OPEN_XML}/spreadsheetml/2006/main" xmlns:r="{relation}"'
    listed = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in enumerate(sheets, start=1))
    files = {
        "_rels/.rels": _relations({"r0": (f"{relation}/officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": f"<workbook {main}><sheets>{listed}</sheets></workbook>",
        "xl/_rels/workbook.xml.rels": _relations(
            {f"r{n + 1}": (f"{relation}/worksheet", f"worksheets/{n}.xml") for n in range(len(sheets))}
        ),
    }
    for n, rows in enumerate(sheets.values()):
        body = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in rows)
        files[f"xl/worksheets/{n}.xml"] = f"<worksheet {main}><sheetData>{body}</sheetData></worksheet>"
    return zipped(**{name: text.encode() for name, text in files.items()})


def _relations(targets: dict[str, tuple[str, str]]) -> str:
    rows = "".join(f'<Relationship Id="{id}" Type="{kind}" Target="{to}"/>' for id, (kind, to) in targets.items())
    return f'<Relationships xmlns="{OPEN_XML}/package/2006/relationships">{rows}</Relationships>'


def _cell(value: str | int) -> str:
    return f'<c t="inlineStr"><is><t>{value}</t></is></c>' if isinstance(value, str) else f"<c><v>{value}</v></c>"


def test_a_json_array_of_objects():
    read = table('[{"a": 1, "t": "2020-01-01"},\n {"a": 2.5, "b": "x"}]\n', "a.json")
    assert read.rows() == [(1.0, date(2020, 1, 1), None), (2.5, None, "x")]
    assert refusal('{"a": 1}\n', "a.json").startswith(
        "the file: is no array of objects, like [{…}, {…}]; one object a line"
    )
    assert refusal('[{"a": 1},\n{"a":\n', "a.json") == "the file: line 3, column 1: Expecting value"
    assert refusal('[{"a": 1}, 2]', "a.json") == "the file: entry 2 of the array is not a JSON object"
    assert refusal('[{"^all$": "x"}]', "a.json") == (
        "the file: a column can't be called '^all$', a pattern of names: rename it"
    )
    assert refusal("[]", "a.json") == "the file: empty, no row below the header; deliver it again"


def test_excel():
    book = workbook(good=[["a", "b"], [1, "x"], [2, "y"]], twice=[["a", "a"], [1, 2]], nothing=[])
    assert table(book, "a.xlsx").rows(named=True) == [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}]
    assert table(book, "a.xlsx", sheet="twice", columns=["x", "y"]).rows(named=True) == [{"x": 1, "y": 2}]
    assert refusal(book, "a.xlsx", sheet="twice") == f"the file: the header repeats 'a'; names must be unique: {REPAIR}"
    repaired = table(book, "a.xlsx", sheet="twice", repair_header=True)
    assert repaired.rows(named=True) == [{"a": 1, "a_2": 2}]
    assert refusal(book, "a.xlsx", sheet="nothing") == "the file: empty, no row below the header; deliver it again"
    assert refusal(book, "a.xlsx", sheet="nope") == (
        "the file: has no sheet 'nope', it has ['good', 'twice', 'nothing']"
    )
    assert refusal(b"no workbook", "a.xlsx").startswith("the file: calamine error")


def test_compressed_files_are_opened():
    assert table(gzip.compress(b"a\n1\n"), "a.csv.gz").item() == 1
    assert table(zipped(**{"x.csv": b"a\n1\n", "__MACOSX/x.csv": b""}), "a.csv.ZIP").item() == 1


def test_damaged_compression_says_so():
    content = gzip.compress(b"a,b\n" + b"1,2\n" * 1000)
    assert refusal(content[:-20], "a.csv.gz") == (
        "the file: truncated, the compressed data ends too early; deliver it again"
    )
    assert "damaged or not what its name says (Not a gzipped file" in refusal(b"a,b\n1,2\n", "a.csv.gz")
    assert "damaged or not what its name says (File is not a zip file)" in refusal(b"a,b\n1,2\n", "a.csv.zip")
    assert refusal(zipped(x=b"1", y=b"2"), "a.csv.zip") == (
        "the file: a .zip must hold exactly one file, this one holds ['x', 'y']"
    )


def test_unpacking_is_bounded(monkeypatch):
    monkeypatch.setattr(archives, "MAX_BYTES", 2**21)
    bomb = gzip.compress(b"0" * 2**22)
    assert len(bomb) < 2**13
    assert refusal(bomb, "a.csv.gz") == "the file: unpacks to more than 2,097,152 bytes; split the file"


def test_a_name_without_a_known_ending_needs_a_format():
    assert refusal("a\n1\n", "a.dat") == "the file: no format goes with '.dat'; name one in `format`"
    assert table("a\n1\n", "a.dat", format="csv").item() == 1


@pytest.mark.parametrize("protocol", [2, 4, 5])
def test_a_pinned_pickle_of_a_data_frame_is_read(protocol):
    frame = pd.DataFrame(
        {
            "i": [1, 2],
            "f": [0.5, None],
            "s": ["x", None],
            "c": pd.Categorical(["u", "v"]),
            "n": pd.array([1, None], dtype="Int32"),
            "t": pd.to_datetime(["2020-01-01", "2020-01-02"]),
        }
    )
    read = table(pickle.dumps(frame, protocol), "a.pickle", pinned=True)
    assert read.rows() == [
        (1, 0.5, "x", "u", 1, datetime(2020, 1, 1)),
        (2, None, None, "v", None, datetime(2020, 1, 2)),
    ]


class MakesFolder:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self):
        return os.mkdir, (str(self.path),)


def test_a_pickle_runs_nothing(tmp_path):
    trap = tmp_path / "was here"
    frame = pd.DataFrame({"a": [MakesFolder(trap)]})
    message = refusal(pickle.dumps(frame), "a.pkl", pinned=True)
    assert message == "the file: cannot be unpickled as a pandas DataFrame (posix.mkdir is not part of a DataFrame)"
    assert not trap.exists()
    assert refusal(pickle.dumps({"a": 1}), "a.pkl", pinned=True) == "the file: holds a dict, not a pandas DataFrame"


def test_an_unpinned_pickle_is_refused():
    content = pickle.dumps(pd.DataFrame({"a": [1]}))
    message = "the file: a pickle can run code, so only one with a pinned sha256 is read; deliver Parquet"
    assert refusal(content, "a.pickle") == message
    assert refusal(content, "a.dat", format="pickle") == message
    assert refusal(gzip.compress(content), "a.pickle.gz") == message


def test_every_format_of_a_definition_has_a_reader():
    options = Reading.model_json_schema()["properties"]["format"]["anyOf"][0]["enum"]
    for name in set(options) - {"bytes"}:
        with pytest.raises(SourceError):
            table(b"\x00", "a.dat", pinned=True, format=name)
