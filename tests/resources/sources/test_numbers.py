"""Numbers as people write them: what a person reads is what is read, or it is named."""

import io
import json
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from catalogue.definition import Files
from catalogue.reader import Catalogue
from modeling.core.column_types import typed
from pipelines.onboarding import onboard
from resources.sources import SourceError
from resources.sources.reading import detect_reading, read_table
from tests.resources.sources.test_reading import workbook

NUMBERS = (*range(3, 60, 7), 1250, 22_417, 1_254_000)


def read(content: bytes, name: str = "d.csv", /, **options: Any) -> pl.DataFrame:
    return read_table(content, name, Files.model_validate({"path": "*", **options}), "the file", pinned=False).table


def refusal(content: str, /, **options: Any) -> str:
    with pytest.raises(SourceError) as caught:
        read(content.encode(), **options)
    return str(caught.value)


def csv(values: list[str], separator: str = ";") -> bytes:
    lines = [f"x{n}{separator}{value}" for n, value in enumerate(values)]
    return "\n".join([f"name{separator}v", *lines, ""]).encode()


def excel(values: list[str]) -> bytes:
    return workbook(sheet=[["name", "v"], *(["x", value] for value in values)])


def objects(values: list[str]) -> bytes:
    return json.dumps([{"name": "x", "v": value} for value in values]).encode()


def as_found(content: bytes, name: str = "d.csv") -> pl.Series:
    return read(content, name, **detect_reading(content, name, "the file").options)["v"]


def doubts(content: bytes) -> list[str]:
    return detect_reading(content, "d.csv", "the file").doubts


def german(number: float) -> str:
    return f"{number:,.2f}".translate(str.maketrans(",.", ".,"))


def indian(number: float) -> str:
    whole, cents = f"{number:.2f}".split(".")
    lakhs, rest = whole[:-3], whole[-3:]
    pairs = [lakhs[max(0, end - 2) : end] for end in range(len(lakhs), 0, -2)][::-1]
    return ",".join([*pairs, rest]) + f".{cents}"


STYLES = {
    "padded": lambda n: f" {n:.2f}",
    "padded with no-break spaces": lambda n: f"\u00a0{n:.2f}\u2009",
    "euro": lambda n: f"{german(n)} €",
    "dollar": lambda n: f"${n:,.2f}",
    "code": lambda n: f"CHF {n:,.2f}".replace(",", "’"),
    "percent": lambda n: f"{n:.1f} %",
    "full width": lambda n: f"{n:.2f}".translate({ord(a): ord(a) + 0xFEE0 for a in "0123456789."}),
    "unit": lambda n: f"{n} kg",
    "unit with a power": lambda n: f"{german(n)} m²",
    "unit of two words": lambda n: f"{n:,} sq ft",
    "indian": indian,
    "rupees": lambda n: f"₹ {indian(n)}",
    "full stop": lambda n: f"{n:,}.-",
}


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize(("make", "name"), [(csv, "d.csv"), (excel, "d.xlsx"), (objects, "d.json")])
def test_a_column_is_read_as_the_numbers_that_a_person_reads(style: str, make: Any, name: str):
    values = as_found(make([STYLES[style](n) for n in NUMBERS]), name)
    assert values.dtype.is_numeric(), values
    assert values.to_list() == list(NUMBERS)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("-12.50", -12.5),
        ("−12.50", -12.5),
        ("–12.50", -12.5),
        ("12.50-", -12.5),
        ("12.50 −", -12.5),
        ("(12.50)", -12.5),
        ("( 1,234.50 )", -1234.5),
        ("(１２.５０)", -12.5),
        ("- 12.50", -12.5),
        ("+12.50", 12.5),
        ("12.-", 12),
        ("12.—", 12),
        (".5", 0.5),
        ("1.5e3", 1500),
        ("inf", None),
        ("-Infinity", None),
        ("∞", None),
        ("", None),
        ("NA", None),
        ("x", None),
        ("k.A.", None),
        ("-", None),
    ],
)
def test_signs_exponents_infinities_and_gaps(written: str, number: float | None):
    values = as_found(csv([*(f"{n + 0.5:,}" for n in NUMBERS), written]))
    assert values.to_list() == [*(n + 0.5 for n in NUMBERS), number]


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("-5.00 €", -5),
        ("€ -5.00", -5),
        ("-€5.00", -5),
        ("(€5.00)", -5),
        ("€(5.00)", -5),
        ("(5.00) €", -5),
        ("(5.00 €)", -5),
        ("5.00- €", -5),
        ("5.00 €-", -5),
        ("5.00 EUR", 5),
        ("５.００€", 5),
        ("5.00€*", 5),
        ("<5.00 €", 5),
    ],
)
def test_a_sign_and_a_unit_stand_on_any_side(written: str, number: float):
    numbers = {"v": {"unit": ["€", "EUR"], "marks": ["*"], "censored": "limit"}}
    assert read(csv([written, "1.00 €"]), separator=";", numbers=numbers)["v"].to_list() == [number, 1]


def test_limits_are_read_as_the_limit_or_as_missing_and_doubted():
    content = csv([*(f"{n / 4}" for n in range(30)), "<0.5", "> 100", "≤0,5".replace(",", ".")])
    assert as_found(content).to_list()[-3:] == [0.5, 100, 0.5]
    assert doubts(content) == [
        "'<0.5', '> 100', '≤0.5' in column 'v' were read as the limit; `censored: missing` makes them gaps"
    ]
    missing = read(content, separator=";", numbers={"v": {"censored": "missing"}})["v"]
    assert missing.to_list()[-4:] == [29 / 4, None, None, None]
    said = refusal(content.decode(), separator=";", numbers={"v": {}})
    assert said == (
        "the file: line 32, column 'v': '<0.5' is no number as `numbers` says (3 such values); write `censored: limit` "
        "to read it as the limit, or `censored: missing` as a gap"
    )


@pytest.mark.parametrize("mark", ["*", "**", "†", "²", " *"])
def test_a_mark_of_a_footnote_is_no_digit(mark: str):
    assert as_found(csv([*(f"{n / 4}" for n in range(30)), f"1.25{mark}"]))[-1] == 1.25


@pytest.mark.parametrize(
    "values",
    [
        ["007", "014", "121", "222"],
        [f"A{n:05}" for n in range(20)],
        [f"{n}{'AB'[n % 2]}" for n in range(20)],
        ["<=50K", ">50K"],
        ["2D", "3D"],
        [f"{n} {street}" for n, street in enumerate(["Main Street", "Oak Avenue", "Elm", "Hill", "Bay", "Low", "Up"])],
        [f"{n}-{n + 10}" for n in range(20)],
        [f"1.{n}.2" for n in range(20)],
        [f"4{n:017}" for n in range(20)],
    ],
)
def test_names_are_no_numbers(values: list[str]):
    content = objects(values)
    assert "numbers" not in detect_reading(content, "d.json", "the file").options
    assert as_found(content, "d.json").to_list() == values


def test_several_units_are_not_one_column_of_numbers():
    content = csv([f"{n} {'kg' if n % 2 else 'lb'}" for n in range(40)])
    assert as_found(content).dtype == pl.String
    assert doubts(content) == [
        "column 'v' holds numbers in different units, 'lb' (20), 'kg' (20): it is read as text; convert them"
    ]


def test_what_lacks_the_unit_is_doubted_and_a_share_is_no_percentage():
    prices = csv([*(f"${n}.50" for n in range(40)), "7.25"])
    assert as_found(prices)[-1] == 7.25
    assert doubts(prices) == ["'7.25' in column 'v' were read as if '$' stood beside them"]
    shares = csv([*(f"{n}.5%" for n in range(40)), "0.25"])
    assert as_found(shares).dtype == pl.String
    assert doubts(shares) == [
        "column 'v' holds numbers with and without '%', like '0.25': it is read as text; deliver them alike"
    ]
    said = refusal("v\n5%\n0.25\n", numbers={"v": {"unit": "%"}})
    assert said == (
        "the file: line 3, column 'v': '0.25' is no number as `numbers` says (1 such values); it lacks '%', without "
        "which a share looks like a percentage: deliver it alike"
    )


def test_words_among_numbers_are_gaps_of_their_column_and_doubted():
    content = csv([*(f"{n / 4}" for n in range(60)), "see note", "out of range", "see note"])
    values = as_found(content)
    assert values.to_list()[-4:] == [59 / 4, None, None, None]
    assert doubts(content) == [
        "column 'v' holds numbers but for 'see note', 'out of range': these are read as missing; mend them if they are "
        "numbers"
    ]
    options = detect_reading(content, "d.csv", "the file").options
    assert options["numbers"] == {"v": {"null_values": ["see note", "out of range"]}}
    later = content.decode().replace("see note", "broken")
    assert refusal(later, **options) == (
        "the file: line 62, column 'v': 'broken' is no number as `numbers` says (2 such values); mend it, or add it to "
        "the column's `null_values` there"
    )


def test_a_word_that_another_column_means_makes_no_gap_there():
    lines = [f"{'x' if n % 9 == 0 else n};{'xo'[n % 2]}" for n in range(60)]
    content = "\n".join(["v;cell", *lines, ""]).encode()
    found = detect_reading(content, "d.csv", "the file")
    table = read(content, **found.options)
    assert table["v"].to_list()[:3] == [None, 1, 2]
    assert table["cell"].to_list()[:3] == ["x", "o", "x"]


def test_codes_among_whole_numbers_make_no_gaps():
    content = csv([*(str(4000 + n) for n in range(60)), "C4001"])
    assert as_found(content).dtype == pl.String
    assert "column 'v' holds numbers but for 'C4001': it is read as text" in doubts(content)[0]


# --- notations --------------------------------------------------------------------------------------------------------


def test_columns_of_one_file_in_different_notations():
    lines = [f"{german(n * 411.5)};{n * 411.5:.2f};{n * 1.5}" for n in range(1, 40)]
    content = "\n".join(["v;w;u", *lines, ""]).encode()
    options = detect_reading(content, "d.csv", "the file").options
    assert options["numbers"] == {"v": {"decimal_comma": True, "thousands": "."}}
    assert read(content, **options).row(9) == (4115, 4115, 15)


@pytest.mark.parametrize(
    ("separator", "read_as", "other"), [(";", 1.913, 'thousands: ","'), ("\t", 1913, "decimal_comma: true")]
)
def test_where_two_notations_fit_one_is_chosen_and_the_other_named(separator: str, read_as: float, other: str):
    content = csv([f"{n % 9 + 1},{913 - n}" for n in range(60)], separator)
    assert as_found(content)[0] == read_as
    (doubt,) = doubts(content)
    assert doubt.startswith("'1,913' in column 'v' was read with ")
    assert doubt.endswith(f"then write `numbers: {{v: {{{other}}}}}`")
    found = detect_reading(content, "d.csv", "the file").options
    followed = {"thousands": ","} if read_as < 1000 else {"decimal_comma": True}
    options = {key: value for key, value in found.items() if key == "separator"} | {"numbers": {"v": followed}}
    assert {read_as, read(content, **options)["v"][0]} == {1.913, 1913}


def test_columns_that_disagree_about_a_mark_make_a_third_doubtful():
    lines = [f"{n},5;{n + 1},234.50;{n % 9 + 1},{913 - n}" for n in range(1, 40)]
    content = "\n".join(["a;b;c", *lines, ""]).encode()
    assert [doubt.partition(" was ")[0] for doubt in doubts(content)] == ["'2,912' in column 'c'"]


def test_a_mixture_of_notations_in_one_column_is_said():
    content = csv([german(n + 1234) if n % 2 else f"{n + 1234:,.2f}" for n in range(60)])
    assert as_found(content).dtype == pl.String
    assert "column 'v' mixes ways to write a number, like" in doubts(content)[0]


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"vv": {}}, "the file: has no column 'vv', which `numbers` names; did you mean 'v'?"),
        (
            {"v": {"decimal_comma": True}},
            "the file: line 2, column 'v': '1.5' is no number as `numbers` says (2 such values); it is one with a "
            "decimal point and no mark between thousands: deliver one notation",
        ),
    ],
)
def test_what_numbers_say_wrongly_is_refused_with_the_place(numbers: dict[str, Any], message: str):
    assert refusal("v\n1.5\n2.5\n", numbers=numbers) == message


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"thousands": "."}, "a point can't both stand before decimals and between thousands"),
        ({"numbers": {"v": {"decimal_comma": True, "thousands": ","}}}, "a comma can't both stand"),
        ({"numbers": {"v": {"unit": " "}}}, "' ' is no unit"),
        ({"numbers": {"v": {}}, "date_format": {"v": "%Y"}}, "'v' stands in `numbers` and in `date_format`"),
    ],
)
def test_options_that_contradict_are_refused(options: dict[str, Any], message: str):
    with pytest.raises(ValueError, match=message):
        Files.model_validate({"path": "*", **options})


def test_columns_that_get_their_names_from_the_definition_are_named_so():
    options = {"header": False, "columns": ["a", "b"], "numbers": {"b": {"unit": "€"}}}
    assert read(b"1.5,3 \xe2\x82\xac\n2.5,4 \xe2\x82\xac\n", **options).rows() == [(1.5, 3), (2.5, 4)]


# --- what is told, and the whole way ----------------------------------------------------------------------------------


def test_what_reading_changed_is_told():
    values = ["(5.00 €)", "7.00- €", "<2.00 €", "3.00 €*", "4.00", "none", "inf"]
    content = "v;w\n" + "".join(f"{value}; {n}.50\n" for n, value in enumerate(values))
    numbers = {"v": {"unit": "€", "marks": ["*"], "censored": "limit", "null_values": ["none"]}}
    options = Files.model_validate({"path": "*", "separator": ";", "numbers": numbers})
    read = read_table(content.encode(), "d.csv", options, "the file", pinned=False)
    assert read.table["v"].to_list() == [-5, -7, 2, 3, 4, None, None]
    assert read.remarks == (
        "7 values of 'w' with spaces around them: read as numbers",
        "1 value of 'v' that are infinite: read as missing",
        "2 values of 'v' with the sign of a negative number behind or around them: read as such, such as '(5.00 €)'",
        "1 value of 'v' named in `null_values`: read as missing, such as 'none'",
        "1 value of 'v' that are a limit: read as the limit, such as '<2.00 €'",
        "1 value of 'v' with a mark behind them: read without it, such as '3.00 €*'",
        "1 value of 'v' without '€': read as if it stood beside them, such as '4.00'",
    )


@pytest.mark.parametrize("values", [["1.5", "inf", "-inf"], [1.5, float("inf"), float("-inf")]])
def test_infinities_become_gaps_in_every_format_and_are_told(values: list[Any]):
    table = pl.DataFrame({"v": values})
    buffer = io.BytesIO()
    table.write_parquet(buffer)
    content, name = (
        (buffer.getvalue(), "d.parquet") if table["v"].dtype.is_float() else (b"v\n1.5\ninf\n-inf\n", "d.csv")
    )
    found = read_table(content, name, Files(path="*"), "the file", pinned=False)
    assert found.table["v"].to_list() == [1.5, None, None]
    assert found.remarks == ("2 values of 'v' that are infinite: read as missing",)


def test_in_rows_to_predict_a_value_that_is_no_number_or_date_costs_its_row_alone():
    numbers = {"price": {"unit": "€"}, "share": {"unit": "%"}}
    files = Files.model_validate({"path": "*", "numbers": numbers, "date_format": {"day": "%d.%m.%Y"}}).to_predict("y")
    rows = "price,share,day\n12.5 €,7 %,04.01.2021\ndear,0.07,2021-01-05\n"
    found = read_table(rows.encode(), "d.csv", files, "the file", pinned=False).table
    learned = pl.Schema({"price": pl.Float64, "share": pl.Float64, "day": pl.Date})
    read = typed(found, learned)
    assert read.frame.row(0) == (12.5, 7.0, date(2021, 1, 4)) and read.frame.row(1) == (None, None, None)
    assert read.unreadable["row"].to_list() == [1, 1, 1]
    assert read.unreadable["value"].to_list() == ["'dear'", "'0.07'", "'2021-01-05'"]
    wholly = rows.replace("12.5 €", "cheap").encode()
    with pytest.raises(SourceError, match="line 2, column 'price': 'cheap' is no number"):
        read_table(wholly, "d.csv", files, "the file", pinned=False)


def test_a_sign_of_infinity_becomes_a_gap_and_is_told_too():
    found = read_table("v;w\n1;a\n∞;b\n".encode(), "d.csv", Files(path="*", separator=";"), "the file", pinned=False)
    assert found.table["v"].to_list() == [1, None]
    assert found.remarks == ("1 value of 'v' that are infinite: read as missing",)


def test_a_point_in_texts_of_a_json_file_is_doubted_where_it_may_part_thousands():
    """No comma parts the columns there, so nothing says that the point stands before decimals."""
    content = json.dumps([{"id": number, "v": f"{number % 9 + 1}.000*"} for number in range(40)]).encode()
    found = detect_reading(content, "d.json", "the file")
    assert any(
        one.startswith("'1.000*' in column 'v' was read with decimals, and may as well be") for one in found.doubts
    )
    thousands = {"numbers": {"v": found.options["numbers"]["v"] | {"decimal_comma": True, "thousands": "."}}}
    assert read(content, "d.json", **thousands)["v"][0] == 1000


def test_digits_that_were_lost_in_texts_of_a_json_file_are_said():
    content = objects(["1.2E+15", "3.4E+15"])
    options = Files.model_validate({"path": "*", **detect_reading(content, "d.json", "the file").options})
    (remark,) = read_table(content, "d.json", options, "the file", pinned=False).remarks
    assert remark.startswith("2 values of 'v' rounded before they came here, as Excel does, to such as '1.2E+15'")


def test_a_use_case_is_made_of_an_office_file_and_its_rows_to_predict_are_read_alike(tmp_path: Path):
    lines = [f"A{n};{german(n % 40 * 411.5)} €;{n % 30},5 %; {n % 7}.25;{german(n * 2.5)}- €" for n in range(1, 200)]
    data = tmp_path / "office.csv"
    data.write_text("\n".join(["order;price;discount;weight;profit", *lines, ""]))
    made = onboard("trade/profit", data, "profit", Catalogue([tmp_path / "industries"])).use_case
    assert made.task == "regression"
    assert {"price", "discount", "weight"}.isdisjoint(made.columns.drop)
    files = made.source.files
    assert files is not None
    rows = "order;price;discount;weight\nB1;1.234,50 €;12,5 %; 3.25\n".encode()
    assert read_table(rows, "rows.csv", files.to_predict("profit"), "rows", pinned=False).table.row(0) == (
        "B1",
        1234.5,
        12.5,
        3.25,
    )
