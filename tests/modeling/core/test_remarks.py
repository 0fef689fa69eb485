"""What is odd in a row that is predicted all the same is said beside its prediction."""

import polars as pl

from modeling.core.remarks import MOST, remarks


def said(rows: pl.DataFrame, levels: dict[str, list[str]] | None = None, **learned: pl.DataType) -> list[str | None]:
    identifiers = [name for name in rows.columns if name == "id"]
    inputs = [name for name in rows.columns if name != "id"]
    return remarks(rows, rows, learned, inputs, levels or {}, identifiers).to_list()


def test_gaps_new_levels_and_fractions_are_said():
    rows = pl.DataFrame({"id": ["00017", "00018"], "job": ["CLERK ", "pilot"], "age": [30.5, None], "*": [1, 2]})
    assert said(rows, {"job": ["clerk", "nurse"]}, age=pl.Int64()) == [
        "job: 'CLERK ' is new or was rare in training, which has 'clerk'; age is no whole number, as in training",
        "age is empty; job: 'pilot' is new or was rare in training",
    ]


def test_identifiers_that_name_no_row_or_several_are_said():
    rows = pl.DataFrame({"id": ["a", "a", None, None, "b"], "age": [1, 2, 3, 4, 5]})
    assert said(rows) == ["id is the same in 2 rows"] * 2 + ["id is empty"] * 2 + [None]


def test_of_many_the_first_are_written_out():
    rows = pl.DataFrame({f"x{place}": pl.Series([None], dtype=pl.Float64) for place in range(MOST + 3)})
    assert said(rows) == ["x0 is empty; x1 is empty; x2 is empty; x3 is empty; x4 is empty; and 3 more"]


def test_nothing_is_said_of_a_row_like_those_of_training():
    assert said(pl.DataFrame({"id": ["a"], "job": ["clerk"]}), {"job": ["clerk"]}) == [None]
