"""Digits that are a name and no number.

Belongs here: that two values which differ in a CSV file never become one. Does not belong here: other notations of
numbers (`test_dialects`).
"""

import polars as pl
import pytest

from catalogue.definition import Reading
from resources.sources.reading import read_table
from resources.sources.remarks import ReadTable
from resources.sources.stacking import fitted

NINETEEN, TWENTY_TWO = 1234567890123456789, 1234567890123456789012


def column(*values: object, decimal_comma: bool = False) -> ReadTable:
    text = "a;b\n" + "".join(f"{value};1{',5' * decimal_comma}\n" for value in values)
    reading = Reading(separator=";", decimal_comma=decimal_comma)
    return read_table(text.encode(), "a.csv", reading, "a.csv", pinned=False)


@pytest.mark.parametrize("decimal_comma", [False, True])
@pytest.mark.parametrize(
    ("values", "remark"),
    [
        (("01234", "1234"), "1 value of 'a' with leading zeros: read as text"),
        (("12E5", "120E4", "1200000"), "2 values of 'a' written like 12E5: read as text"),
        ((str(TWENTY_TWO), str(TWENTY_TWO + 1)), "2 values of 'a' with more digits than a number keeps: read as text"),
    ],
)
def test_codes_stay_as_they_are_written(values: tuple[str, ...], remark: str, decimal_comma: bool):
    table, remarks = column(*values, decimal_comma=decimal_comma)
    assert tuple(table["a"]) == values
    assert [said[: len(remark)] for said in remarks] == [remark]


@pytest.mark.parametrize("values", [(0, 10, -5), ("0.5", "00"), ("1e5", "2.5"), ("1e+05", "3"), ("-01", "1")])
def test_numbers_stay_numbers(values: tuple[str | int, ...]):
    table, remarks = column(*values)
    assert list(table["a"]) == [float(value) for value in values]
    assert remarks == ()


def test_whole_numbers_that_a_decimal_beside_them_would_merge_stay_apart():
    table, (remark,) = column("9007199254740992", "9007199254740993", "0.5")
    assert list(table["a"]) == ["9007199254740992", "9007199254740993", "0.5"]
    assert remark.startswith("1 value of 'a' with more digits than a number keeps: read as text")
    assert list(column("1234567890123456", "0.5").table["a"]) == [1234567890123456, 0.5]


def test_amounts_that_become_one_by_rounding_are_said():
    _, (remark,) = column("9007199254740993.0", "9007199254740992.5", "9007199254740992.0")
    said = "3 values of 'a' with more digits than a number keeps: rounded, so some that differ are one"
    assert remark == said
    text = b'[{"a": 9007199254740993.0},\n{"a": 9007199254740992.5}]'
    assert read_table(text, "a.json", Reading(), "a.json", pinned=False).remarks == (said.replace("3", "2", 1),)


def test_nineteen_digits_with_a_gap_are_kept():
    assert list(column(NINETEEN, "", NINETEEN + 1).table["a"]) == [NINETEEN, None, NINETEEN + 1]


def test_digits_that_were_lost_before_are_said():
    _, (remark,) = column("1.23457E+15", "1.23457E+15", "2")
    assert remark.startswith("2 values of 'a' rounded before they came here, as Excel does, to such as '1.23457E+15'")


def test_a_delivery_without_leading_zeros_fits_one_that_has_them():
    both = fitted({"old": column("01234", "02345").table, "new": column(12345, "").table})
    assert list(both["a"]) == ["01234", "02345", "12345", None]
    assert both.schema["b"] == pl.Int64
