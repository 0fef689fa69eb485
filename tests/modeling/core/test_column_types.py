"""Columns get the types back that the model learned from, and what has none is named with its place."""

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
    found = typed(rows, LEARNED)
    assert found.schema == LEARNED
    assert found.row(0)[:3] == (1, 1.0, "17") and found["photo"][0] == b"ab"
    assert str(found["sent"][0]) == "2026-01-02 02:04:05+00:00"


def test_a_number_that_the_type_would_cut_stays_as_it_is():
    assert typed(pl.DataFrame({"parts": [1.5]}), LEARNED)["parts"].to_list() == [1.5]


@pytest.mark.parametrize(
    ("column", "values", "said"),
    [
        ("price", ["1", "dear", "2"], "column 'price': 1 of 3 values are no Float64: row 1: 'dear'"),
        ("sent", ["2026-01-02T03:04:05Z", "soon"], "column 'sent': 1 of 2 values are no Datetime.*row 1: 'soon'"),
        ("photo", ["not base64!"], "column 'photo': 1 of 1 values are no Binary: row 0"),
        ("late", ["perhaps"], "column 'late': 1 of 1 values are no Boolean: row 0: 'perhaps'"),
    ],
)
def test_values_of_another_type_are_named(column: str, values: list[str], said: str):
    with pytest.raises(FeatureError, match=said):
        typed(pl.DataFrame({column: values}), LEARNED)


def test_a_model_that_kept_no_columns_takes_rows_as_they_are():
    rows = pl.DataFrame({"price": ["1"]})
    assert typed(rows, pl.Schema()) is rows
