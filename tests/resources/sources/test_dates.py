"""Dates as people write them: what is told from a file reads it, and what two readings fit is said."""

import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import polars as pl
import pytest

from catalogue.definition import Reading
from resources.sources.errors import SourceError
from resources.sources.notation import DetectedNotation
from resources.sources.reading import detect_reading, read_table


def content(values: Sequence[str], name: str = "day") -> bytes:
    """A table whose second column holds the values."""
    return "\n".join([f"row;{name}", *(f"r{n};{value}" for n, value in enumerate(values))]).encode()


def found(values: Sequence[str], name: str = "day") -> tuple[DetectedNotation, pl.Series]:
    file = content(values, name)
    detected = detect_reading(file, "d.csv", "the file")
    table = read_table(file, "d.csv", Reading.model_validate(detected.options), "the file", pinned=False).table
    return detected, table[name]


DAYS = [date(2021, 1, 4), date(2021, 3, 15), date(2021, 10, 31)]


@pytest.mark.parametrize(
    ("values", "written", "read"),
    [
        (["4. Januar 2021", "15. März 2021", "31. Oktober 2021"], "%d. %B %Y", DAYS),
        (["4. Jan. 2021", "15. MÄRZ 2021", "31. Okt. 2021"], "%d. %B %Y", DAYS),
        (["4 janv. 2021", "15 mars 2021", "31 oct. 2021"], "%d %b %Y", DAYS),
        (["1er février 2021", "15 août 2021", "31 décembre 2021"], "%d %b %Y", [date(2021, 2, 1)]),
        (["4 de enero de 2021", "15 de marzo de 2021", "31 de octubre de 2021"], "%d de %B de %Y", DAYS),
        (["4 gennaio 2021", "15 marzo 2021", "31 ottobre 2021"], "%d %b %Y", DAYS),
        (["4 de janeiro de 2021", "15 de março de 2021", "31 de outubro de 2021"], "%d de %B de %Y", DAYS),
        (["4 januari 2021", "15 maart 2021", "31 oktober 2021"], "%d %b %Y", DAYS),
        (["4-mrt-2021", "15-mei-2021", "31-okt-2021"], "%d-%b-%Y", [date(2021, 3, 4)]),
        (["4 stycznia 2021", "15 marca 2021", "31 października 2021"], "%d %b %Y", DAYS),
        (["January 4th, 2021", "March 15th, 2021", "October 31st, 2021"], "%B %d, %Y", DAYS),
        (["Jan-90", "Feb-21", "Mrz-05"], "%b-%y", [date(1990, 1, 1), date(2021, 2, 1), date(2005, 3, 1)]),
        (["1-2015", "3-2015", "4-2016"], "%q-%Y", [date(2015, 1, 1), date(2015, 7, 1), date(2016, 10, 1)]),
        (["2015Q1", "2015Q4"], "%YQ%q", [date(2015, 1, 1), date(2015, 10, 1)]),
        (["Q1 2015", "Q2 2015"], "Q%q %Y", [date(2015, 1, 1), date(2015, 4, 1)]),
        (["1-2015", "12-2015"], "%m-%Y", [date(2015, 1, 1), date(2015, 12, 1)]),
        (["2020-W53", "2021-W05"], "%G-W%V", [date(2020, 12, 28), date(2021, 2, 1)]),
        (["31.12.2020 24:00", "01.01.2021 00:15"], "%d.%m.%Y %H:%M", [datetime(2021, 1, 1)]),
        (["2020-12-31 24:00", "2021-01-01 00:15"], "%Y-%m-%d %H:%M", [datetime(2021, 1, 1)]),
        (["01/14/2021 3:05 p.m.", "01/15/2021 12:30 a.m."], "%m/%d/%Y %I:%M %p", [datetime(2021, 1, 14, 15, 5)]),
        (
            ["04.07.2021 10:00 +02:00", "15.12.2021 10:00 +01:00"],
            "%d.%m.%Y %H:%M %z",
            [datetime(2021, 7, 4, 8, tzinfo=UTC), datetime(2021, 12, 15, 9, tzinfo=UTC)],
        ),
        (["08:30", "17:45", "24:00"], "%H:%M", [8.5, 17.75, 24.0]),
        (
            ["14.03.2021 13:24", "14.03.2021 24:00"],
            "%d.%m.%Y %H:%M",
            [datetime(2021, 3, 14, 13, 24), datetime(2021, 3, 15)],
        ),
        (["17/03/2021 13:24:00"], "%d/%m/%Y %H:%M:%S", [datetime(2021, 3, 17, 13, 24)]),
        (["08:24", "17:24"], "%H:%M", [8.4]),
    ],
)
def test_a_way_to_write_dates_is_found_and_read(values: list[str], written: str, read: list[Any]):
    detected, column = found(values)
    assert detected.options["date_format"] == {"day": written}
    assert column.to_list()[: len(read)] == read


@pytest.mark.parametrize(
    ("first", "name", "written", "read"),
    [
        (20210104, "column", "%Y%m%d", date(2021, 1, 4)),
        (1609718400, "timestamp", "%s", datetime(2021, 1, 4)),
        (1609718400000, "ts", "%Q", datetime(2021, 1, 4)),
        (44200, "Datum", "excel", datetime(2021, 1, 4)),
    ],
)
def test_numbers_that_are_dates_are_read_and_doubted(first: int, name: str, written: str, read: Any):
    detected, column = found([str(first + n) for n in range(12)], name)
    assert detected.options["date_format"] == {name: written}
    assert column[0] == read
    assert f"{str(first)!r} in column {name!r} was read as " in detected.doubts[0]


@pytest.mark.parametrize(("first", "name"), [(44200, "customer"), (1609718400, "phone"), (20210124, "order")])
def test_numbers_that_could_be_dates_by_chance_stay_numbers(first: int, name: str):
    assert found([str(first + n) for n in range(12)], name)[1].dtype == pl.Int64


def test_a_day_that_was_written_without_its_zero_is_not_read_as_another():
    reading = Reading(date_format={"day": "%d%m%y"})
    read = read_table(b"day\n010421\n110421\n", "d.csv", reading, "the file", pinned=False).table
    assert read["day"].to_list() == [date(2021, 4, 1), date(2021, 4, 11)]


@pytest.mark.parametrize(
    ("value", "others"),
    [("00.00.0000", "04.01.2021"), ("0000-00-00", "2021-01-04"), ("unknown", "2021-01-04"), ("00000000", "20210104")],
)
def test_a_date_of_zeros_is_none(value: str, others: str):
    detected, column = found([others] * 3 + [f"{others[:-2]}{n}" for n in range(10, 30)] + [value])
    assert value in detected.options["null_values"]
    assert column.dtype == pl.Date
    assert column[-1] is None


@pytest.mark.parametrize(
    ("value", "others"), [("31.12.9999", "14.01.2021"), ("9999-12-31", "2021-01-14"), ("31-DEC-2999", "14-JAN-2021")]
)
def test_a_date_without_end_is_none_and_that_is_said(value: str, others: str):
    detected, column = found([others, value, value])
    assert column.to_list() == [date(2021, 1, 14), None, None]
    assert f"{value!r} in column 'day' (2 rows) is read as none: no end is known" in detected.doubts


def test_dates_but_for_a_few_are_said():
    detected, column = found([f"{n}. März 2021" for n in range(1, 30)] + ["32. März 2021"])
    assert column.dtype == pl.String
    assert detected.doubts == [
        "column 'day' holds dates written %d. %B %Y but for '32. März 2021': it is text until they are mended or named "
        "in `null_values`, and `date_format` says how the others are written"
    ]


@pytest.mark.parametrize(
    "values",
    [
        [f"{n}/02/2021" for n in range(13, 29)] + [f"02/{n}/2021" for n in range(13, 29)],
        ["08:30", "1899-12-31 06:00:00", "09:15"],
    ],
)
def test_two_ways_that_contradict_in_one_column_are_no_option(values: list[str]):
    detected, column = found(values)
    assert "date_format" not in detected.options
    assert column.dtype == pl.String
    assert "which one column can't mean side by side" in detected.doubts[0]


def test_a_quarter_that_could_be_a_month_is_doubted():
    assert found(["1-2015", "2-2015", "4-2015"])[0].doubts == [
        "dates like '1-2015' in column 'day' were read as %q-%Y; %m-%Y fits as well"
    ]


@pytest.mark.parametrize("gap", ["n/a", "", "NA", "unknown"])
def test_a_gap_among_the_dates_of_a_json_file_is_read_by_what_is_found(gap: str):
    file = json.dumps([{"day": value} for value in ("04.01.2021", "15.03.2021", gap)]).encode()
    options = detect_reading(file, "d.json", "the file").options
    read = read_table(file, "d.json", Reading.model_validate(options), "the file", pinned=False).table
    assert read["day"].to_list() == [date(2021, 1, 4), date(2021, 3, 15), None]


def test_numbers_in_texts_of_a_json_file_that_are_dates_are_not_numbers_too():
    file = json.dumps([{"timestamp": str(1609718400 + second)} for second in range(12)]).encode()
    assert detect_reading(file, "d.json", "the file").options == {"date_format": {"timestamp": "%s"}}


def test_a_column_of_dates_whose_name_is_mended_is_read_by_its_format():
    file = "\n".join(["day;day", *(f"01.{1990 + n};10.{1990 + n}" for n in range(12))]).encode()
    options = detect_reading(file, "d.csv", "the file").options
    read = read_table(file, "d.csv", Reading.model_validate(options), "the file", pinned=False).table
    assert read.row(0) == (date(1990, 1, 1), date(1990, 10, 1))


def refusal(values: Sequence[str], written: str | list[str]) -> str:
    with pytest.raises(SourceError) as caught:
        reading = Reading(separator=";", date_format={"day": written})
        read_table(content(values), "d.csv", reading, "the file", pinned=False)
    return str(caught.value)


def test_a_day_that_contradicts_the_declared_format_is_never_to_be_read_beside_it():
    message = refusal(["02/03/2023", "25/03/2023", "04/03/2023"], "%m/%d/%Y")
    assert message.startswith(
        "the file: line 3, column 'day': '25/03/2023' is no date written %m/%d/%Y (1 such values)"
    )
    assert "write %d/%m/%Y instead of it, not beside it, and the next run reads all files anew" in message
    assert "add" not in message


def test_a_file_with_days_in_both_places_has_to_be_delivered_again():
    message = refusal(["25/03/2023", "03/25/2023"], "%m/%d/%Y")
    assert "Have the file delivered again" in message
    assert "instead" not in message


def test_a_format_that_can_stand_beside_the_others_is_named():
    assert refusal(["25.03.2023", "2023-03-26"], "%d.%m.%Y").endswith(
        "add `%Y-%m-%d`, which reads them, to `date_format`, or the value to `null_values`"
    )


def test_of_two_formats_that_a_new_value_fits_neither_is_chosen():
    assert refusal(["25.03.2023", "02/03/2023"], "%d.%m.%Y").endswith(
        "add `%d/%m/%Y` or `%m/%d/%Y` to `date_format`, whichever is meant: never both"
    )
