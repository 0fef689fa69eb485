"""What a delivery lacks is named before any of its values, or any `features.py`, is looked at."""

from types import SimpleNamespace
from typing import Any, cast

import polars as pl
import pytest

from modeling.core.expected_columns import require
from modeling.core.features import FeatureError, FeatureRecipe
from modeling.core.model import Model

COLUMNS = pl.Schema({"id": pl.String, "income": pl.Int64, "debt": pl.Int64, "note": pl.String})


def model(*inputs: str) -> Model:
    recipe: Any = FeatureRecipe(numeric=list(inputs))
    return cast(Model, SimpleNamespace(recipe=recipe, columns=COLUMNS))


def burden(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.with_columns(burden=pl.col("debt") / pl.col("income"))


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        (["id", "debt"], r"the columns \['income'\] are missing; the rows have \['id', 'debt'\]"),
        (["id", "debt", "Income "], "they have 'Income ', the model knows 'income': write it exactly so"),
        (["debt", "income"], r"the columns \['id'\] are missing"),
    ],
)
def test_a_column_that_features_py_reads_is_named_before_it_runs(columns: list[str], said: str):
    with pytest.raises(FeatureError, match=said):
        require(columns, model("burden"), burden, ["id"])


def test_what_nobody_reads_may_be_missing():
    require(["id", "income", "debt"], model("burden"), burden, ["id"])
    require(["income"], model("income"), None, [])


def test_code_that_can_t_run_on_no_rows_is_left_to_run_on_some():
    def eager(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.with_columns(first=pl.lit(frame.collect()["debt"][0]))

    require(["id", "debt"], model("first"), eager, ["id"])
