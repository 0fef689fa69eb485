"""Columns get the types back that the model learned from, and what has none is named with its place."""

from datetime import datetime

import polars as pl
import pytest

from modeling.core.column_types import typed
from modeling.core.features import FeatureError

LEARNED = pl.Schema(
    {
        "parts": pl.Int64,
        "price": pl.Float64,
        "code": pl.String,
        "sent": pl.Datetime("us", "UTC"),
        "day": pl.Date,
        "late": pl.Boolean,
        "photo": pl.Binary,
    }
)


def test_what_a_few_rows_of_json_lost_comes_back():
    rows = pl.DataFrame(
        {
            "parts": [1.0, None],
            "price": [1, 2],
            "code": [17, 18],
            "sent": ["2026-01-02T03:04:05+01:00", None],
            "day": ["2026-01-02", None],
            "late": [None, None],
            "photo": ["YWI=", None],
            "unheard_of": ["x", "y"],
        }
    )
    found = typed(rows, LEARNED).frame
    assert found.schema == LEARNED
    assert found.row(0)[:3] == (1, 1.0, "17") and found["photo"][0] == b"ab"
    assert str(found["sent"][0]) == "2026-01-02 02:04:05+00:00"


def test_a_number_that_the_type_would_cut_stays_as_it_is():
    assert typed(pl.DataFrame({"parts": [1.5]}), LEARNED).frame["parts"].to_list() == [1.5]


@pytest.mark.parametrize(
    ("column", "values", "row", "said"),
    [
        ("price", ["1", "dear", "2"], 1, "not a number, as in training"),
        ("parts", ["1", "12 kg", "2.0"], 1, "not a whole number, as in training"),
        ("sent", ["2026-01-02T03:04:05Z", "soon"], 1, "not a moment with its offset, as in training"),
        ("photo", ["not base64!"], 0, "not base64, as in training"),
        ("late", ["perhaps", None], 0, "not true or false, as in training"),
    ],
)
def test_a_value_of_another_type_costs_its_row(column: str, values: list[str], row: int, said: str):
    found = typed(pl.DataFrame({column: values}), LEARNED)
    assert found.unreadable.rows() == [(row, said, column, values[row])]
    assert found.frame[column].null_count() == 1 + values.count(None)  # pyright: ignore[reportArgumentType]


def test_a_column_that_is_wholly_of_another_kind_is_refused():
    with pytest.raises(FeatureError, match=r"column 'price': none of its 2 values is a number.*row 1: 'dear', row 3"):
        typed(pl.DataFrame({"price": ["dear", None, "cheap"]}), LEARNED)


def test_of_moments_without_an_offset_the_clock_is_not_guessed():
    naive = pl.DataFrame({"sent": [datetime(2026, 1, 2, 3), datetime(2026, 1, 2, 4)]})
    with pytest.raises(FeatureError, match="none of its 2 values is a moment with its offset, as in training"):
        typed(naive, LEARNED)


@pytest.mark.parametrize(("written", "read"), [("12.0", 12), ("12", 12), ("12.5", 12.5)])
def test_whole_numbers_are_whole_however_they_are_written(written: str, read: float):
    found = typed(pl.DataFrame({"parts": ["3", written]}), LEARNED)
    assert found.frame["parts"].to_list() == [3, read] and found.unreadable.is_empty()


def test_a_model_that_kept_no_columns_takes_rows_as_they_are():
    rows = pl.DataFrame({"price": ["1"]})
    assert typed(rows, pl.Schema()).frame is rows
