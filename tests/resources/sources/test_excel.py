"""Workbooks as offices keep them: the table that a person sees is read, or the message says which sheet and row."""

import io
import zipfile
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from xml.sax.saxutils import escape

import polars as pl
import pytest

from catalogue.definition import Reading
from resources.sources import SourceError
from resources.sources.reading import detect_reading, read_table

OPEN_XML = "http://schemas.openxmlformats.org"
MAIN = f'xmlns="{OPEN_XML}/spreadsheetml/2006/main"'
RELATIONS = f"{OPEN_XML}/officeDocument/2006/relationships"
DATE, TIME, HOURS, PERCENT = 1, 2, 3, 4
STYLES = "".join(f'<xf numFmtId="{number}" applyNumberFormat="1"/>' for number in (0, 14, 21, 46, 10))
ERROR = "#DIV/0!"
HEADER = ["Order", "Date", "Area", "Revenue"]


@dataclass
class Tab:
    """A sheet: its rows, of texts, numbers, true and false, errors, empty cells and numbers with a style."""

    rows: list[list[Any]]
    hidden: bool = False
    hidden_rows: set[int] = field(default_factory=set)


def book(*, epoch_1904: bool = False, **tabs: Tab | list[list[Any]]) -> bytes:
    """The few XML files that a workbook is made of."""
    sheets = [tab if isinstance(tab, Tab) else Tab(tab) for tab in tabs.values()]
    listed = "".join(
        f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"{" state=" + repr("hidden") if tab.hidden else ""}/>'
        for n, (name, tab) in enumerate(zip(tabs, sheets, strict=True), start=1)
    )
    files = {
        "_rels/.rels": _relations({"r0": ("officeDocument", "xl/workbook.xml")}),
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{RELATIONS}"><workbookPr date1904="{int(epoch_1904)}"/>'
        f"<sheets>{listed}</sheets></workbook>",
        "xl/styles.xml": f"<styleSheet {MAIN}><cellXfs>{STYLES}</cellXfs></styleSheet>",
        "xl/_rels/workbook.xml.rels": _relations(
            {"rs": ("styles", "styles.xml")}
            | {f"r{n + 1}": ("worksheet", f"worksheets/{n}.xml") for n in range(len(sheets))}
        ),
    }
    for n, tab in enumerate(sheets):
        body = "".join(_row(number, row, number in tab.hidden_rows) for number, row in enumerate(tab.rows, start=1))
        files[f"xl/worksheets/{n}.xml"] = f"<worksheet {MAIN}><sheetData>{body}</sheetData></worksheet>"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return buffer.getvalue()


def _relations(targets: dict[str, tuple[str, str]]) -> str:
    rows = "".join(
        f'<Relationship Id="{i}" Type="{RELATIONS}/{kind}" Target="{to}"/>' for i, (kind, to) in targets.items()
    )
    return f'<Relationships xmlns="{OPEN_XML}/package/2006/relationships">{rows}</Relationships>'


def _row(number: int, cells: list[Any], hidden: bool) -> str:
    written = "".join(_cell(f"{chr(65 + place)}{number}", value) for place, value in enumerate(cells))
    return f'<row r="{number}"{" hidden=" + repr("1") if hidden else ""}>{written}</row>'


def _cell(at: str, value: Any) -> str:
    if value is None:
        return ""
    if value == ERROR:
        return f'<c r="{at}" t="e"><v>{value}</v></c>'
    if isinstance(value, bool):
        return f'<c r="{at}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, str):
        return f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{escape(value)}</t></is></c>'
    number, style = value if isinstance(value, tuple) else (value, 0)
    return f'<c r="{at}" s="{style}"><v>{number!r}</v></c>'


def sales(number: int = 12, first: int = 0) -> list[list[Any]]:
    """Rows below `HEADER`; the days are those from 4 January 2021 on."""
    return [[f"A{n}", (44200 + n, DATE), n + 20, n * 1.25] for n in range(first, first + number)]


def read(content: bytes, **options: Any) -> pl.DataFrame:
    return read_table(content, "a.xlsx", Reading(**options), "the file", pinned=False).table


def found(content: bytes, **given: Any) -> dict[str, Any]:
    return detect_reading(content, "a.xlsx", "the file", given).options


def refusal(content: bytes, **options: Any) -> str:
    with pytest.raises(SourceError) as caught:
        read(content, **options)
    return str(caught.value)


def as_proposed(content: bytes) -> pl.DataFrame:
    return read(content, **found(content))


SEEN = pl.DataFrame(
    {
        "Order": [f"A{n}" for n in range(12)],
        "Date": [date(2021, 1, 4 + n) for n in range(12)],
        "Area": [n + 20 for n in range(12)],
        "Revenue": [n * 1.25 for n in range(12)],
    }
)


def test_a_title_above_and_a_total_below_are_no_part_of_the_table():
    title = [["Sales report 2021"], ["printed", 44900], [], HEADER, *sales(), [], ["Total", None, None, 82.5]]
    assert found(book(Sales=title)) == {"skip_before_header": 3, "footer": "Total"}
    assert as_proposed(book(Sales=title)).equals(SEEN)


def test_months_are_stacked_and_what_differs_is_asked():
    months = book(Jan=[HEADER, *sales(5)], Feb=[HEADER, *sales(7, 5)])
    assert found(months) == {"sheet": "*"}
    assert as_proposed(months).equals(SEEN)
    assert read(months, sheet=["Feb", "Jan"])["Order"][0] == "A5"
    assert refusal(months).startswith("the file: several sheets hold a table, 'Jan' (5 rows), 'Feb' (7 rows); name one")
    with pytest.raises(SourceError, match=r"sheet 'Prices' does not fit 'Jan': several .* or --sheet of"):
        found(book(Jan=[HEADER, *sales()], Prices=[["item", "price"], ["a", 1], ["b", 2]]))


def test_covers_and_hidden_sheets_are_not_the_table():
    cover = [["Sales"], [], ["Made by", "Controlling"], ["See sheet Data"]]
    hidden = Tab([["code", "name"], [1, "a"], [2, "b"], [3, "c"]], hidden=True)
    content = book(Cover=cover, Lookup=hidden, Data=[HEADER, *sales()])
    assert found(content) == {"sheet": "Data"}
    assert read(content).equals(SEEN)
    assert read(content, sheet="Lookup").height == 3
    assert found(content, sheet="Lookup") == {"sheet": "Lookup"}


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ([["In", None, "Out", None], ["mean", "max", "mean", "max"]], "In mean|In max|Out mean|Out max"),
        ([["Order", "Date", "Sum", None], [None, None, "Area", "Revenue"]], "Order|Date|Sum Area|Sum Revenue"),
        ([["Order", "Key figures", None, None], ["Number", "Date", "Area", "Revenue"]], "Number|Date|Area|Revenue"),
        ([HEADER, [None, None, "m²", "EUR"]], "Order|Date|Area|Revenue"),
    ],
)  # fmt: skip
def test_headers_of_two_lines(header: list[list[Any]], names: str):
    table = as_proposed(book(Sales=[*header, *sales()]))
    assert "|".join(table.columns) == names
    assert table.rows() == SEEN.rows()


def test_the_options_of_csv_hold_for_sheets():
    rows = [
        [1.5, "1.234,5", "k.A.", "04.01.2021"],
        [2.25, "-7,25", "12", "05.01.2021"],
        [None, "0,5", "13", "06.01.2021"],
    ]
    content = book(Data=[["a", "b", "c", "day"], *rows])
    options = found(content)
    assert options == {
        "decimal_comma": True,
        "thousands": ".",
        "null_values": ["", "NA", "NaN", "null", "k.A."],
        "date_format": {"day": "%d.%m.%Y"},
    }
    table = read(content, **options)
    assert table["a"].to_list() == [1.5, 2.25, None]
    assert table["b"].to_list() == [1234.5, -7.25, 0.5]
    assert table["c"].to_list() == [None, 12, 13]
    assert table["day"].to_list() == [date(2021, 1, 4), date(2021, 1, 5), date(2021, 1, 6)]
    assert read(content, header=False, skip_before_header=2, columns=list("wxyz")).height == 2
    indexed = book(Data=[[None, "v"], [1, 5], [2, 6]])
    assert read(indexed, index=True).rows() == [(5,), (6,)]


def test_numbers_keep_all_their_digits_among_words_and_as_text():
    third = 1 / 3
    rows = [["about 900", 1e-12, "3.0", True], [third, 2e-12, "-2.7", False], [2.5, 4e-12, "8", True]]
    table = read(book(Data=[["size", "tiny", "text", "ok"], *rows]))
    assert table["ok"].to_list() == [True, False, True]
    assert table["size"].to_list() == ["about 900", str(third), "2.5"]
    assert table["tiny"].to_list() == [1e-12, 2e-12, 4e-12]
    assert table["text"].to_list() == [3.0, -2.7, 8.0]


def test_a_point_in_a_text_beside_numbers_is_doubted_where_it_may_part_thousands():
    content = book(sheet=[["id", "v"], *([number, number % 9] for number in range(40)), [40, "1.000*"]])
    (doubt,) = detect_reading(content, "a.xlsx", "the file", {}).doubts
    assert doubt.startswith("'1.000*' in column 'v' was read with decimals, and may as well be with thousands; then")
    thousands = {"v": {"decimal_comma": True, "thousands": ".", "marks": ["*"]}}
    assert read(content, numbers=thousands)["v"].to_list()[-2:] == [3, 1000]


def test_times_are_hours_and_days_count_from_1904_where_the_workbook_says_so():
    rows = [[(0.5, TIME), (1.5, HOURS), (0.03, PERCENT)], [(0.25, TIME), (0.25, HOURS), (0.5, PERCENT)]]
    table = read(book(Data=[["start", "length", "share"], *rows]))
    assert table["start"].to_list() == [12, 6]
    assert table["length"].to_list() == [36, 6]
    assert table["share"].to_list() == [0.03, 0.5]
    assert read(book(Data=[["d", "v"], [(42738, DATE), 1]], epoch_1904=True))["d"].to_list() == [date(2021, 1, 4)]


def test_a_message_names_sheet_and_row():
    content = book(Jan=[["day", "v"], ["04.01.2021", 1], []], Feb=[["day", "v"], ["05.01.2021", 2], [], ["soon", 3]])
    assert refusal(content, sheet="*", date_format={"day": "%d.%m.%Y"}).startswith(
        "the file: sheet 'Feb', row 4, column 'day': 'soon' is no date written %d.%m.%Y"
    )


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("a.xlsx", {"separator": ";"}, "the file: `separator` can't be said of Excel; take it out"),
        ("a.parquet", {"footer": "Total", "sheet": "x"}, "`footer`, `sheet` can't be said of Parquet"),
        ("a.json", {"skip_before_header": 1}, "`skip_before_header` can't be said of JSON"),
        ("a.csv", {"sheet": "x"}, "`sheet` can't be said of CSV"),
    ],
)
def test_no_option_is_ignored(name: str, options: dict[str, Any], message: str):
    with pytest.raises(SourceError) as caught:
        read_table(b"a\n1\n", name, Reading.model_validate(options), "the file", pinned=False)
    assert message in str(caught.value)
