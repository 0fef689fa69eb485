"""Columns become numbers by a recipe that knows training rows only, and become the same numbers ever after."""

import json
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import numpy as np
import polars as pl
import pytest

from modeling.core.features import MAX_LEVELS, FeatureError, FeatureRecipe, derived, feature_columns
from modeling.core.table import MISSING, RARE, Table

from ..small_data import parts, prepared, use_case

ROWS = 200


def fit(categorical: tuple[str, ...] = (), **columns: object) -> tuple[FeatureRecipe, pl.DataFrame]:
    """The recipe of a frame of `ROWS` rows with these columns, and the frame."""
    frame = pl.DataFrame({"id": range(ROWS), "broken": [0, 1] * (ROWS // 2), **columns})
    definition = use_case(columns={"identifier": ["id"], "categorical": list(categorical)})
    return FeatureRecipe.fit(frame, definition), frame


def cycle(*values: object, dtype: pl.DataType | type[pl.DataType] | None = None) -> pl.Series:
    """`ROWS` values that repeat `values`."""
    return pl.Series([values[row % len(values)] for row in range(ROWS)], dtype=dtype, strict=False)


def same(a: Table, b: Table) -> bool:
    return (
        a.names == b.names
        and np.array_equal(a.numeric, b.numeric, equal_nan=True)
        and np.array_equal(a.categorical, b.categorical)
    )


# --- which columns ----------------------------------------------------------------------------------------------------


def test_a_column_with_another_role_is_no_feature():
    columns = {"identifier": ["id"], "group": "lot", "time": "made", "drop": ["cost"], "sensitive": ["sex"]}
    definition = use_case(columns=columns, split={"by": "column", "column": "half"})
    names = ["id", "lot", "made", "cost", "sex", "half", "heat", "broken"]
    assert feature_columns(names, definition) == ["sex", "heat"]


def test_columns_of_no_use_are_left_out_and_say_why():
    recipe, _ = fit(
        heat=cycle(1.5, 2.5),
        one=cycle(7),
        empty=cycle(None),
        nothing=cycle(None, dtype=pl.String),
        listed=cycle([1], [2]),
        spent=cycle(timedelta(hours=1), timedelta(hours=2)),
    )
    assert recipe.inputs == ["heat"]
    constant = "constant in training rows"
    derive = "derive numbers, text or dates from it in features.py"
    assert recipe.left_out == {
        "one": constant,
        "empty": constant,
        "nothing": constant,
        "listed": f"of type List(Int64): {derive}",
        "spent": f"of type Duration(time_unit='us'): {derive}",
    }


def test_a_column_that_is_only_sometimes_there_says_something():
    recipe, _ = fit(seen=cycle(1, None))
    assert recipe.inputs == ["seen"]


def test_a_column_that_repeats_another_is_left_out_and_says_which():
    draw = np.random.default_rng(0)
    heat, kind = draw.normal(60, 15, ROWS), draw.choice(["a", "b", "c"], ROWS)
    recipe, _ = fit(
        heat=heat,
        fahrenheit=1.8 * heat + 32,
        cold=-heat,
        rounded=heat.round(1),
        kind=kind,
        art=pl.Series(kind).replace({"a": "Anlage", "b": "Bau", "c": "Chemie"}),
        coarse=pl.Series(kind).replace({"c": "b"}),
        again=heat,
    )
    assert recipe.inputs == ["heat", "rounded", "kind", "coarse"]
    assert recipe.left_out == {
        "art": "other names for the levels of 'kind' in all training rows",
        "fahrenheit": "a linear function of 'heat' in all training rows",
        "cold": "a linear function of 'heat' in all training rows",
        "again": "equal to 'heat' in all training rows",
    }


def test_gaps_make_a_copy_another_column():
    heat = np.random.default_rng(0).normal(60, 15, ROWS)
    gapped = pl.Series(heat).set(pl.Series([row == 5 for row in range(ROWS)]), None)
    recipe, _ = fit(heat=heat, gapped=gapped)
    assert recipe.inputs == ["heat", "gapped"]


def test_without_any_feature_the_reason_is_given():
    with pytest.raises(FeatureError, match=r"shop/parts: no feature is left: \{'one': 'constant in training rows'\}"):
        fit(one=cycle(7))
    with pytest.raises(FeatureError, match="shop/parts: no feature is left: every column has another role"):
        fit()


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_numbers_and_booleans_are_used_as_they_are():
    recipe, frame = fit(
        small=cycle(1, 2, dtype=pl.Int8),
        yes=cycle(True, False, None),
        price=cycle(Decimal("1.5"), Decimal("2.5"), Decimal("1.5"), Decimal("4.5")),
    )
    table = recipe.transform(frame.head(3))
    assert table.numeric_names == ("small", "yes", "price")
    np.testing.assert_array_equal(table.numeric, [[1, 1, 1.5], [2, 0, 2.5], [1, np.nan, 1.5]])


def test_what_is_no_finite_number_is_missing():
    recipe, frame = fit(x=cycle(1.0, None, float("nan"), float("inf"), -float("inf"), 1e300))
    column = recipe.transform(frame.head(6)).numeric[:, 0]
    np.testing.assert_array_equal(column, [1, *[np.nan] * 5])


def test_only_numbers_leave_the_recipe():
    """LightGBM 4.7 ends the process when text or dates reach it."""
    recipe, frame = fit(
        text=cycle("a", "b"),
        kind=cycle("a", "a", "b", dtype=pl.Categorical),
        listed=cycle("a", "a", "a", "b", dtype=pl.Enum(["a", "b"])),
        day=cycle(date(2024, 1, 1), date(2024, 2, 1)),
        price=cycle(Decimal("1.5"), Decimal("2.5")),
        seen=cycle(1, None),
    )
    table = recipe.transform(frame)
    assert (table.numeric.dtype, table.categorical.dtype, table.matrix.dtype) == (np.float32, np.int32, np.float32)
    assert table.matrix.shape == (ROWS, 4 + 3)


# --- levels -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.Enum(["a", "b", "c", "z"])])
def test_levels_are_coded_missing_rare_then_by_name(dtype):
    recipe, frame = fit(kind=pl.Series([*["b"] * 120, *["a"] * 78, "c", None], dtype=dtype))
    assert recipe.levels == {"kind": ["a", "b"]}
    rows = pl.DataFrame({"kind": pl.Series(["a", "b", "c", "z", None], dtype=dtype)})
    table = recipe.transform(rows)
    assert table.categorical[:, 0].tolist() == [2, 3, RARE, RARE, MISSING]
    assert table.cardinalities == (4,)
    assert recipe.transform(frame).categorical.max() < 4


def test_in_a_small_table_a_level_of_a_hundredth_of_the_rows_is_not_rare():
    recipe, _ = fit(kind=pl.Series([*["b"] * 120, *["a"] * 77, "c", "c", "d"]))
    assert recipe.levels == {"kind": ["a", "b", "c"]}


def test_ten_thousand_levels_keep_the_most_frequent():
    values = np.repeat(np.arange(10_000), 12)
    values = np.concatenate([values, np.repeat(np.arange(9_000, 9_300), 8)])
    frame = pl.DataFrame({"code": [f"c{value:05d}" for value in values], "broken": values % 2})
    recipe = FeatureRecipe.fit(frame, use_case(columns={}))
    assert len(recipe.levels["code"]) == MAX_LEVELS
    assert set(recipe.levels["code"]) <= {f"c{value:05d}" for value in range(9_000, 9_300)}
    table = recipe.transform(frame)
    assert table.cardinalities == (MAX_LEVELS + 2,)
    assert set(np.unique(table.categorical)) == {RARE, *range(2, MAX_LEVELS + 2)}


@pytest.mark.parametrize("name", ["rows", "level", "literal", "len"])
def test_a_column_may_have_any_name(name):
    recipe, frame = fit((), **{name: cycle("a", "b")})
    assert recipe.transform(frame).categorical[:2, 0].tolist() == [2, 3]


def test_declared_numbers_are_names_whether_a_gap_made_them_floats_or_not():
    recipe, frame = fit(("code", "flag"), code=cycle(1, 2, 30), flag=cycle(True, False))
    assert recipe.levels == {"code": ["1", "2", "30"], "flag": ["false", "true"]}
    assert recipe.numeric == []
    floats = frame.with_columns(pl.col("code").cast(pl.Float64))
    assert same(recipe.transform(floats), recipe.transform(frame))
    assert fit(("code",), code=cycle(1.0, 2.0, 30.0))[0].levels == {"code": ["1", "2", "30"]}
    odd = pl.DataFrame({"code": [1.5, float("nan"), float("inf"), None, 2.0], "flag": [True] * 5})
    assert recipe.transform(odd).categorical[:, 0].tolist() == [RARE, MISSING, RARE, MISSING, 3]


# --- moments ----------------------------------------------------------------------------------------------------------


def test_dates_and_times_become_parts():
    recipe, _ = fit(
        day=cycle(date(2024, 1, 1), date(2024, 2, 1)),
        at=cycle(datetime(2024, 1, 1, 5), datetime(2024, 2, 1, 6)),
        zoned=cycle(datetime(2024, 1, 1, 5, tzinfo=UTC), datetime(2024, 2, 1, 6, tzinfo=UTC)),
    )
    rows = pl.DataFrame(
        {
            "day": [date(2024, 3, 2), None],
            "at": [datetime(2024, 3, 2, 17, 30), None],
            "zoned": [datetime(2024, 3, 2, 17, 30, tzinfo=UTC), None],
        }
    )
    table = recipe.transform(rows)
    assert table.names == (
        *("day.month", "day.weekday"),
        *("at.month", "at.weekday", "at.hour"),
        *("zoned.month", "zoned.weekday", "zoned.hour"),
    )
    np.testing.assert_array_equal(table.numeric, [[3, 6, 3, 6, 17, 3, 6, 17], [np.nan] * 8])


def test_a_date_in_training_may_be_a_time_in_prediction():
    recipe, frame = fit(day=cycle(date(2024, 1, 1), date(2024, 2, 1)))
    times = frame.with_columns(pl.col("day").cast(pl.Datetime))
    assert same(recipe.transform(times), recipe.transform(frame))


# --- training rows only -----------------------------------------------------------------------------------------------


def test_other_rows_do_not_change_the_recipe():
    frame = parts().with_columns(half=pl.Series(["train"] * 200 + ["valid"] * 100 + ["test"] * 100))
    split = {"by": "column", "column": "half"}
    columns = {"identifier": ["id", "lot"]}
    learned = pl.col("half") == "train"
    changed = frame.with_columns(
        pl.when(learned).then("heat").otherwise(1e9).alias("heat"),
        pl.when(learned).then("machine").otherwise(pl.lit("unheard of")).alias("machine"),
        pl.when(learned).then("made").otherwise(date(1990, 1, 1)).alias("made"),
    )
    before = prepared(frame, columns=columns, split=split)
    after = prepared(changed, columns=columns, split=split)
    assert before.recipe == after.recipe
    assert same(before.train.table, after.train.table)
    assert not same(before.open_test().table, after.open_test().table)


# --- the same numbers ever after --------------------------------------------------------------------------------------


@pytest.fixture
def mixed() -> tuple[FeatureRecipe, pl.DataFrame]:
    return fit(
        ("code",),
        x=cycle(1.5, None, -2.0),
        code=cycle(1, 2, 3),
        kind=cycle("a", "ß", None),
        at=cycle(datetime(2024, 1, 1, 5), None),
    )


def test_a_row_alone_is_the_row_among_others(mixed):
    recipe, frame = mixed
    whole = recipe.transform(frame)
    for row in (0, 1, 2, ROWS - 1):
        assert same(recipe.transform(frame[row]), whole.rows(slice(row, row + 1)))


def test_a_recipe_is_json_all_through_and_gives_the_same_numbers(mixed):
    recipe, frame = mixed
    content = json.loads(json.dumps(asdict(recipe)))
    assert content["levels"]["kind"] == ["a", "ß"]
    loaded = FeatureRecipe.from_json(content)
    assert loaded == recipe
    assert same(loaded.transform(frame), recipe.transform(frame))


def test_no_rows_and_no_numeric_or_no_categorical_columns(mixed):
    recipe, frame = mixed
    assert recipe.transform(frame.clear()).matrix.shape == (0, len(recipe.transform(frame).names))
    assert fit(x=cycle(1, 2))[0].transform(frame).categorical.shape == (ROWS, 0)
    assert fit(kind=cycle("a", "b"))[0].transform(frame).numeric.shape == (ROWS, 0)


def test_a_missing_column_is_named(mixed):
    recipe, frame = mixed
    with pytest.raises(FeatureError, match=r"the columns \['x', 'kind'\] are missing; the rows have \['id', 'broken'"):
        recipe.transform(frame.drop("x", "kind"))


@pytest.mark.parametrize("column", ["x", "at"])
def test_a_column_of_another_type_is_refused(mixed, column):
    recipe, frame = mixed
    with pytest.raises(FeatureError, match=rf"a column is not what it was in training: .*'{column}': 'String'"):
        recipe.transform(frame.with_columns(pl.lit("words").alias(column)))


# --- the use case's own columns ---------------------------------------------------------------------------------------


def test_derived_columns_become_features():
    made = prepared(
        derive=lambda frame: frame.with_columns(hot=pl.col("heat") > 70).drop("heat"),
        columns={"identifier": ["id"], "drop": ["lot", "made"]},
    )
    assert made.train.table.names == ("weight", "hours", "hot", "machine")


def test_derived_columns_never_see_the_target():
    with pytest.raises(FeatureError, match=r"features.py: `features` fails on columns \['id', 'lot', .*broken"):
        prepared(derive=lambda frame: frame.with_columns(leak=pl.col("broken") * 2))


def test_code_that_loses_rows_is_refused():
    with pytest.raises(FeatureError, match=r"`features` turns 400 rows into 10; keep each row"):
        derived(parts(), lambda frame: frame.head(10))


@pytest.mark.parametrize(
    "values",
    [
        [2**24 + n for n in range(40)],
        [1234567890123456789 + n for n in range(40)],
        [9e8 + n / 2 for n in range(40)],
    ],
)
def test_numbers_that_differ_in_their_last_digit_stay_apart(values: list[float]):
    recipe, frame = fit(x=values * 5)
    column = recipe.transform(frame.head(40)).numeric[:, 0]
    assert list(np.diff(column)) == [values[1] - values[0]] * 39
    assert recipe.transform(frame.head(40).cast({"x": pl.Float64})).numeric[0, 0] == pytest.approx(column[0], abs=300)


def test_numbers_that_float32_keeps_apart_are_as_they_are():
    recipe, _ = fit(x=[2**24 - n for n in range(50)] * 4, y=[n * 1e6 for n in range(50)] * 4)
    assert recipe.centres == {}
