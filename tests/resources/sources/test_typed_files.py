"""JSON and Parquet: values that no learner reads as they are become usable, or are named.

Belongs here: what is read of them, and what is said beside it. Does not belong here: files that are damaged
(`test_reading`).
"""

import io
import json
from decimal import Decimal

import polars as pl
import pytest

from catalogue.definition import Reading
from resources.sources.errors import SourceError
from resources.sources.reading import read_table
from resources.sources.remarks import ReadTable

NINETEEN, TWENTY_TWO = 1234567890123456789, 1234567890123456789012


def of_json(content: object) -> ReadTable:
    return read_table(json.dumps(content).encode(), "a.json", Reading(), "a.json", pinned=False)


def of_parquet(**columns: pl.Series) -> ReadTable:
    file = io.BytesIO()
    pl.DataFrame(columns).write_parquet(file)
    return read_table(file.getvalue(), "a.parquet", Reading(), "a.parquet", pinned=False)


def test_decimals_are_numbers():
    fee = pl.Series([Decimal("1.50"), None, Decimal("155.45")], dtype=pl.Decimal(18, 2))
    table, remarks = of_parquet(fee=fee, pieces=fee.cast(pl.Int64).cast(pl.Decimal(20, 0)))
    assert (list(table["fee"]), list(table["pieces"])) == ([1.5, None, 155.45], [1, None, 155])
    assert (table.schema, remarks) == ({"fee": pl.Float64, "pieces": pl.Int64}, ())


def test_a_decimal_that_loses_digits_is_said():
    long = pl.Series([Decimal("12345678901234567.89"), Decimal("0.01")], dtype=pl.Decimal(20, 2))
    assert of_parquet(x=long).remarks == ("1 values of 'x' with more digits than a number keeps: rounded",)


@pytest.mark.parametrize("digits", [NINETEEN, TWENTY_TWO])
def test_no_digit_of_an_identifier_is_lost(digits: int):
    table, remarks = of_json([{"id": digits}, {"id": None}, {"x": 1}, {"id": digits + 1}])
    assert [value and int(value) for value in table["id"]] == [digits, None, None, digits + 1]
    assert bool(remarks) == (digits == TWENTY_TWO)


def test_numbers_among_texts_are_said():
    table, remarks = of_json([{"area": "49 m2"}, {"area": 75}, {"area": 25}])
    assert list(table["area"]) == ["49 m2", "75", "25"]
    assert remarks == ("2 values of 'area' are numbers among texts: read as text",)


def test_an_array_inside_an_object_is_read_and_what_is_beside_it_said():
    table, remarks = of_json({"count": 2, "data": [{"a": 1}, {"a": 2}]})
    assert (list(table["a"]), remarks) == ([1, 2], ("the rows are those below 'data'; 'count' beside it not read",))
    with pytest.raises(SourceError, match="it holds 2, 'a', 'b': deliver one alone"):
        of_json({"a": [{"x": 1}], "b": [{"x": 1}]})
