"""CSV as people send it: what is told from a file reads it, and a wrong option is refused with its place."""

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

from catalogue.definition import Files, Reading
from resources.sources import SourceError, dialect
from resources.sources.reading import detect_reading, places, read_table

DEFAULTS = ["", "NA", "NaN", "null"]


def read(content: str, written_in: str = "utf8", /, **options: Any) -> pl.DataFrame:
    reading = Files.model_validate({"path": "*", **options})
    return read_table(content.encode(written_in), "d.csv", reading, "the file", pinned=False).table


def detected(content: str, written_in: str = "utf8") -> dict[str, Any]:
    return detect_reading(content.encode(written_in), "d.csv", "the file").options


def refusal(content: str, written_in: str = "utf8", /, **options: Any) -> str:
    with pytest.raises(SourceError) as caught:
        read(content, written_in, **options)
    return str(caught.value)


def rows(line: Callable[[int], str], header: str, number: int = 60) -> str:
    return "\n".join([header, *(line(n) for n in range(number))]) + "\n"


# --- what is told from the file ---------------------------------------------------------------------------------------


def german(n: int) -> str:
    price = "k.A." if n % 7 == 3 else f"{n / 4:.2f}".replace(".", ",")
    return f"{n};{n % 28 + 1:02d}.03.2024;{n + 1}.234,5;Käse {n};{price}"


GERMAN = rows(german, "Bericht\n\nNr;Tag;Umsatz;Name;Preis") + "Summe;;99,9;;\nStand: 01.02.2024\n"


def test_a_german_export_is_read_as_it_was_meant():
    options = detected(GERMAN, "cp1252")
    assert options == {
        "encoding": "cp1252",
        "separator": ";",
        "skip_before_header": 2,
        "footer": "Summe",
        "decimal_comma": True,
        "thousands": ".",
        "null_values": [*DEFAULTS, "k.A."],
        "date_format": {"Tag": "%d.%m.%Y"},
    }
    table = read(GERMAN, "cp1252", **options)
    assert table.row(3) == (3, date(2024, 3, 4), 4234.5, "Käse 3", None)
    assert table.height == 60
    assert table["Preis"].dtype == pl.Float64


def chinese(n: int) -> str:
    return f"{n},{'男女'[n % 2]},{n * 1.5},2024年{n % 12 + 1}月{n % 28 + 1}日,?"


@pytest.mark.parametrize("encoding", ["gb18030", "utf8", "utf-8-sig", "utf-16"])
def test_chinese_text_and_headers_in_every_encoding(encoding: str):
    content = rows(chinese, "编号,性别,价格,,价格")
    options = detected(content, encoding)
    names = {"gb18030": "gb18030", "utf-16": "utf16"}
    assert options.get("encoding") == names.get(encoding)
    table = read(content, encoding, **options)
    assert table.columns == ["编号", "性别", "价格", "column_4", "价格_2"]
    assert table.row(1) == (1, "女", 1.5, date(2024, 2, 2), None)


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_separators_and_quoted_fields_with_line_ends(separator: str):
    content = rows(
        lambda n: separator.join([str(n), f'"two\nlines, and a {separator}"', f"{n}.5"]), separator.join("abc")
    )
    options = detected(content)
    assert options == {"separator": separator}
    assert read(content, **options).row(2) == (2, f"two\nlines, and a {separator}", 2.5)


@pytest.mark.parametrize(
    ("written", "options", "number"),
    [
        ("{n}.500,25", {"decimal_comma": True, "thousands": "."}, 7500.25),
        ('"{n},500.25"', {"thousands": ","}, 7500.25),
        ("{n} 500,25", {"decimal_comma": True, "thousands": " "}, 7500.25),
        ("{n}\u202f500", {"thousands": " "}, 7500),
        ("{n}’500.25", {"thousands": "'"}, 7500.25),
        ("{n},25", {"decimal_comma": True}, 7.25),
        ("{n}.25", {}, 7.25),
        ("-{n}.000.000", {"decimal_comma": True, "thousands": "."}, -7_000_000),
    ],
)
def test_numbers_as_different_countries_write_them(written: str, options: dict[str, Any], number: float):
    separator = "," if '"' in written else ";"
    content = rows(lambda n: f"x{separator}{written.format(n=n + 1)}", f"a{separator}v")
    found = detected(content)
    assert {name: value for name, value in found.items() if name != "separator"} == options
    assert read(content, **found)["v"][6] == number


@pytest.mark.parametrize(
    ("written", "formats", "first"),
    [
        ("{d:02d}.{m:02d}.2023", "%d.%m.%Y", date(2023, 1, 13)),
        ("{d:02d}/{m:02d}/2023", "%d/%m/%Y", date(2023, 1, 13)),
        ("{m}/{d}/23", "%m/%d/%y", date(2023, 1, 13)),
        ("{m}/{d}/2023 9:05 PM", "%m/%d/%Y %I:%M %p", datetime(2023, 1, 13, 21, 5)),
        ("{d}.{m}.2023 10:15", "%d.%m.%Y %H:%M", datetime(2023, 1, 13, 10, 15)),
        ("2023/{m}/{d}", "%Y/%m/%d", date(2023, 1, 13)),
        ("{d:02d}-Mar-2023", "%d-%b-%Y", date(2023, 3, 13)),
    ],
)
def test_dates_that_are_not_iso(written: str, formats: str, first: date):
    content = rows(lambda n: f"{n},{written.format(d=n % 16 + 13, m=n % 12 + 1)}", "id,day")
    options = detected(content)
    assert options == {"date_format": {"day": formats}}
    assert read(content, **options)["day"][0] == first


def test_mixed_dates_are_read_by_the_first_format_that_fits():
    content = rows(lambda n: f"{n},{f'{n % 16 + 13}.02.2023' if n % 2 else '2023-02-13'}", "id,day", 40)
    found = detect_reading(content.encode(), "d.csv", "the file")
    assert found.options == {"date_format": {"day": ["%d.%m.%Y", "%Y-%m-%d"]}}
    assert found.doubts == ["column 'day' mixes ways to write a date: %d.%m.%Y, %Y-%m-%d"]
    assert read(content, **found.options)["day"].to_list()[:2] == [date(2023, 2, 13), date(2023, 2, 14)]


def test_what_could_be_read_otherwise_is_said():
    ambiguous = rows(lambda n: f'{n},"{n % 9 + 1},500",{n % 9 + 1:02d}/{(3 * n) % 9 + 1:02d}/2023', "id,v,day")
    doubts = detect_reading(ambiguous.encode(), "d.csv", "the file").doubts
    assert doubts == [
        "'1,500' in column 'v' was read with thousands, and may as well be with decimals; then write "
        "`numbers: {v: {decimal_comma: true}}`",
        "dates like '01/01/2023' in column 'day' were read as %d/%m/%Y; %m/%d/%Y fits as well",
    ]


@pytest.mark.parametrize(
    ("few", "doubted"),
    [
        (["5", "16", "1.999", "2.002"], True),  # may be a count of two thousand
        (["5", "1768", "1.999"], False),  # who groups thousands writes 1.768
        (["5", "2.5", "1.999"], False),
        (["0.125", "5", "1.999"], False),
        (["1.999", "2.002", "3.141"], False),  # as a program rounds to three decimals
    ],
)
def test_a_point_between_commas_is_doubted_where_it_may_part_thousands(few: list[str], doubted: bool):
    content = rows(lambda n: f"{n},{few[n % len(few)]}", "id,v")
    assert detected(content) == {}
    doubts = detect_reading(content.encode(), "d.csv", "the file").doubts
    remedy = '`numbers: {v: {decimal_comma: true, thousands: "."}}`'
    said = f"'1.999' in column 'v' was read with decimals, and may as well be with thousands; then write {remedy}"
    assert doubts == ([said] if doubted else [])
    options = {"numbers": {"v": {"decimal_comma": True, "thousands": "."}}} if doubted else {}
    assert read(content, **options)["v"].max() == (2002 if doubted else pytest.approx(max(map(float, few))))


def test_iso_dates_plain_numbers_and_known_marks_need_no_option():
    assert detected(rows(lambda n: f"{n},2023-01-02,{n}.5,NA", "id,day,v,w")) == {}


def test_a_file_without_a_header_gets_numbered_columns():
    assert detected(rows(lambda n: f"{n},x,{n}.5", "7,y,1.5")) == {
        "header": False,
        "columns": ["column_1", "column_2", "column_3"],
    }
    assert detected(rows(lambda n: f"land {n},{n},{n}", "country,2019,2020")) == {}, "years are names"


def test_a_row_that_was_cut_off_is_no_footer():
    cut = rows(lambda n: f"{n},red,5", "id,colour,v") + "60,re"
    assert detected_layout(cut) == {}
    assert refusal(cut).startswith("the file: line 62 has 2 fields, the first line has 3")


def detected_layout(content: str) -> dict[str, Any]:
    return dialect.detect(content)


def test_a_marker_among_words_is_missing_too_and_a_word_only_among_numbers():
    content = rows(
        lambda n: f"{n},{'?' if n % 9 == 0 else ['red', 'unknown'][n % 2]},{'-' if n % 5 else n}", "id,colour,v"
    )
    options = detected(content)
    assert options["null_values"] == [*DEFAULTS, "-", "?"]
    assert set(read(content, **options)["colour"]) == {None, "red", "unknown"}


# --- what is declared -------------------------------------------------------------------------------------------------


def test_a_footer_is_looked_for_at_the_end_only():
    content = rows(lambda n: f"{'Total' if n == 3 else 'x'},{n}", "name,v", 60)
    assert read(f"{content}\nTotal,99\nnote\n", footer="Total").height == 60


def test_defaults_read_as_before():
    content = "a;b\n1,5;x\n"
    assert Reading().model_dump(exclude_unset=True) == {}
    assert read(content, separator=";").row(0) == ("1,5", "x")


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (
            "a;b\n1;2\n3;4\n",
            {},
            """the file: line 1: the header is one field, 'a;b'; the file looks as if it needs `separator: ";"`""",
        ),
        (
            "Report of May\n\na,b\n1,2\n3,4\n",
            {},
            "the file: line 3 has 2 fields, the first line has 1; the file looks as if it needs "
            "`skip_before_header: 2`",
        ),
        (
            "a,b\n1,2\n3,4\n5,6\nSource: our own count\n",
            {},
            'the file: line 5 has 1 fields, the first line has 2; the file looks as if it needs `footer: "Source:"`',
        ),
        (
            "a;b\n1,5;x\n2,5;y\n3.5;z\n",
            {"separator": ";", "decimal_comma": True},
            "the file: line 4, column 'a': '3.5' is no number as `decimal_comma` and `thousands` say; it is one with "
            "neither",
        ),
        (
            "a;b\n1.5;x\n2.5;y\n",
            {"separator": ";", "decimal_comma": True},
            "the file: line 2, column 'a': '1.5' is written with a decimal point, and no column has a decimal comma; "
            "take `decimal_comma` out",
        ),
        (
            "title\na,day\n1,01.02.2023\n2,2023-02-01\n",
            {"skip_before_header": 1, "date_format": {"day": "%d.%m.%Y"}},
            "the file: line 4, column 'day': '2023-02-01' is no date written %d.%m.%Y (1 such values); add "
            "`%Y-%m-%d`, which reads them, to `date_format`, or the value to `null_values`",
        ),
        (
            "a,day\n1,01.02.2023\n",
            {"date_format": {"dya": "%d.%m.%Y"}},
            "the file: has no column 'dya', which `date_format` names; did you mean 'day'?",
        ),
    ],
)
def test_a_wrong_option_is_refused_with_line_column_and_the_one_to_write(content, options, message):
    assert refusal(content, **options) == message


@pytest.mark.parametrize(
    ("encoding", "remedy"),
    [
        ("cp1252", "set `encoding: cp1252` if 'Genève' is right or `encoding: cp1250` if 'Genčve' is right"),
        ("gb18030", "set `encoding: gb18030`"),
        ("utf-16", "set `encoding: utf16`"),
    ],
)
def test_a_wrong_encoding_is_refused_with_the_one_that_fits(encoding: str, remedy: str):
    text = "名称,值\n中国人民的价格,2\n" if encoding != "cp1252" else "name,town\nana,Genève\n"
    message = refusal(text, encoding)
    assert message.startswith("the file: line 1: " if encoding != "cp1252" else "the file: line 2: ")
    assert message.endswith(remedy)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"decimal_comma": True, "thousands": ","}, "a comma can't both stand before decimals and between thousands"),
        ({"date_format": {"day": "dd.mm.yyyy"}}, "'dd.mm.yyyy', of 'day', is no date format"),
        (
            {"date_format": {"day": ["%d/%m/%Y", "%m/%d/%Y"]}},
            "contradict each other: '01/02/2001' is 1 February by the one and 2 January by the other",
        ),
        ({"date_format": {"day": ["%-d.%-m.%y %H:%M", "%d.%m.%y", "%m.%d.%y"]}}, "contradict each other"),
        ({"date_format": {"day": ["%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M %z"]}}, "read different things"),
        ({"date_format": {"day": ["%H:%M", "%d.%m.%Y"]}}, "read different things"),
    ],
)
def test_options_that_contradict_are_refused_when_the_definition_is_read(options: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        Reading(**options)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"\xff\xfe\n\x00", b"\n", bytes(range(256)), b'"', b"a;;\n"])
def test_what_is_no_table_is_refused_and_not_tripped_over(content: bytes):
    with pytest.raises(SourceError, match="the file: "):
        reading = Files.model_validate({"path": "*", **detect_reading(content, "d.csv", "the file").options})
        read_table(content, "d.csv", reading, "the file", pinned=False)


def test_a_short_row_is_found_among_rows_whose_last_field_is_empty():
    content = rows(lambda n: f'{n},"a, b\nc",' + ("" if n % 2 else "1"), "id,text,v")
    assert read(content).height == 60
    assert refusal(content + "60,x\n").startswith("the file: line 122 has 2 fields, the first line has 3")


INCHES = [f"a{n},{n}" for n in range(9)]


def test_an_inch_mark_opens_no_field():
    content = "\n".join(["pipe,v", 'pipe 2" long,1', *INCHES, 'pipe 3" long,2']) + "\n"
    assert detected(content) == {"quote": None}
    assert read(content, quote=None)["pipe"][0] == 'pipe 2" long'
    assert refusal(content) == (
        "the file: line 2: a quotation mark stands inside the field 'pipe 2\" long,1'; write it twice, and the field "
        "in quotation marks, or `quote: null` where they are text like any other"
    )
    in_pairs = 'a,b\nthe "best" one,1\n"x, ""y""\n z",2\n'
    assert read(in_pairs)["a"].to_list() == ['the "best" one', 'x, "y"\n z']


def test_what_is_left_out_of_a_ragged_file_is_said():
    content = "a,b,\n1,2,\n\n3,4\0,\n,,\n"
    found = detect_reading(content.encode(), "d.csv", "the file")
    assert found.options == {}
    table, remarks = read_table(content.encode(), "d.csv", Reading(), "the file", pinned=False)
    assert table.rows() == [(1, 2), (3, 4)]
    assert remarks == (
        "1 NUL byte left out",
        "1 column at the right without name and value not read",
        "2 blank rows not read",
    )


def test_blank_lines_do_not_shift_the_line_of_a_message():
    content = "a,day\n\n1,01.02.2023\n\n2,soon\n"
    assert refusal(content, date_format={"day": "%d.%m.%Y"}).startswith("the file: line 5, column 'day': 'soon'")


def test_where_rows_stand_counts_header_lines_blank_ones_and_lines_in_fields():
    content = 'a,note\n,free\n1,"two\nlines"\n\n2,x\n'
    assert places(content.encode(), "d.csv", Reading(header_lines=2), [0, 1]) == ["line 4", "line 6"]


def test_quotation_marks_in_a_name_are_read_as_in_a_value():
    content = 'key;"the ""best"""\na;5\n'
    assert read(content, separator=";").rows(named=True) == [{"key": "a", 'the "best"': 5}]


def test_a_header_is_found_below_a_title_where_every_line_ends_in_a_separator():
    content = rows(lambda n: f"r{n};{'yes' if n % 3 else 'no'};", "All amounts in thousands\nkey;price;", 20)
    assert detected(content) == {"separator": ";", "skip_before_header": 1}
    nameless = rows(lambda n: f"r{n}\t{n}\t{n}.5\t{n}\t", "key\t\tv\tw\t", 20)
    table = read(nameless, **detected(nameless))
    assert (table.columns, table.height) == (["key", "column_2", "v", "w"], 20)


def test_a_row_that_lacks_a_field_makes_no_separator_of_a_decimal_comma():
    content = rows(lambda n: f"r{n}|{n},5" + f"|x{n}" * (n != 2), "key|speed|name", 20)
    assert detected_layout(content) == {"separator": "|"}
    assert refusal(content, separator="|").startswith("the file: line 4 has 2 fields, the first line has 3")


def test_units_below_the_header_and_a_total_are_no_rows():
    content = rows(lambda n: f"x{n},{n},{n}.5", "name,mass,speed\n,kg,m/s") + "Total,1770,1800\n"
    assert detected(content) == {"skip_after_header": 1, "footer": "Total"}
    assert read(content, skip_after_header=1, footer="Total").height == 60


def test_a_name_that_is_a_pattern_is_mended_aloud():
    content = rows(lambda n: f"x{n},{n},{n}", "^all$, b,*")
    assert detected(content) == {"repair_header": True}
    table, remarks = read_table(content.encode(), "d.csv", Reading(repair_header=True), "the file", pinned=False)
    assert table.columns == ["all", "b", "*"]
    assert remarks == ("2 columns renamed: '^all$' is 'all', ' b' is 'b'",)
    assert refusal(content).startswith("the file: a column can't be called '^all$', a pattern of names: mend it, or")


def test_a_name_stays_as_it_stands_in_the_file():
    content = rows(lambda n: f"x{n},{n},{n},{n}", '"say ""hi""", age,"a,b ",*')
    assert detected(content) == {}
    assert read(content).columns == ['say "hi"', " age", "a,b ", "*"]
