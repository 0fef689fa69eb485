"""The model that serves on new rows, and never on one that it learned from."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from catalogue.definition import UseCase
from modeling.core.blend import Blend
from modeling.core.features import FeatureRecipe
from modeling.core.model import Model
from modeling.core.row_digests import columns_read, digests, repeat
from modeling.drift.performance import performance

from ...modeling.evaluation_records import binary
from ..small_data import card, parts, use_case

READ = ["broken", "heat", "weight"]
FRAME, NEW = parts(400), parts(300, 1).with_columns(pl.col("id") + 1_000)


class Heat:
    """Predicts from heat."""

    def predict(self, table) -> np.ndarray:
        return 1 / (1 + np.exp(-(table.column("heat").astype(float) - 60) / 15))


def model(learned: pl.DataFrame) -> Model:
    recipe = FeatureRecipe(numeric=["heat", "weight"])
    schema = learned.drop("broken").schema
    return Model(recipe, Blend({"heat": Heat()}, {"heat": 1.0}), card(digested=READ), digests(learned, READ), schema)


def scored_rows(rows: pl.DataFrame, served: Model, snapshot: pl.DataFrame, definition: UseCase) -> Any:
    record = binary(classes=["0", "1"], metric="roc_auc", target="broken")
    found = performance(definition, snapshot, rows, None, record, served)
    return found if isinstance(found, str) else found.rows


def test_rows_that_the_model_learned_from_are_not_scored():
    """New to the model judged last, whose rows the reference holds, and not to another one that serves."""
    snapshot = pl.concat([FRAME, NEW])
    assert scored_rows(NEW, model(FRAME), snapshot, use_case()) == 300
    assert scored_rows(NEW, model(NEW.head(200)), snapshot, use_case()) == 100
    assert scored_rows(NEW, model(snapshot), snapshot, use_case()) == "the model that serves learned from every new row"


def test_where_rows_are_equal_by_chance_none_is_scored():
    """The rows left over would be those of rare values only."""
    coarse = pl.concat([FRAME, NEW]).with_columns(heat=(pl.col("heat") / 20).round(), weight=pl.lit(1.0))
    assert "by chance" in scored_rows(coarse.tail(300), model(coarse.head(400)), coarse, use_case())


def test_where_it_is_not_known_what_the_model_learned_from_nothing_is_scored():
    served = replace(model(FRAME), card=card(), columns=pl.Schema())
    assert "is not known" in scored_rows(NEW, served, NEW, use_case())


@pytest.mark.parametrize(("levels", "by_chance"), [(5, True), (10**9, False)])
def test_rows_are_equal_by_chance_where_the_next_is_likely_to_be_like_a_former_one(levels: int, by_chance: bool):
    """Good (1953): the share of rows that are not unique estimates that chance: with 5 levels it is 1."""
    rows = np.random.default_rng(0).integers(levels, size=1_000).astype(np.uint64)
    assert repeat(rows) == by_chance


def ratio(frame: pl.LazyFrame) -> pl.LazyFrame:
    return frame.with_columns(ratio=pl.col("heat") / pl.col("hours"))


def test_a_row_is_known_by_what_the_model_s_inputs_are_made_of():
    definition = use_case()
    assert columns_read(FRAME, ["heat", "machine"], definition, None) == ["broken", "heat", "machine"]
    assert columns_read(FRAME, ["ratio", "machine"], definition, ratio) == ["broken", "heat", "hours", "machine"]


def test_code_that_needs_rows_reads_every_column_but_identifiers():
    def first(frame: pl.LazyFrame) -> pl.LazyFrame:
        return frame.with_columns(first=pl.lit(frame.collect()["heat"][0]))

    every = sorted(set(FRAME.columns) - {"id"})
    assert columns_read(FRAME, ["first"], use_case(), first) == every
