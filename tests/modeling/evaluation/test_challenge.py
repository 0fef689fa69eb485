"""A champion against the model that serves, on rows that neither has learned from."""

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest

from catalogue.definition import UseCase
from modeling.core.blend import Blend
from modeling.core.feature_set import Datasheet, FeatureSet
from modeling.core.features import FeatureRecipe
from modeling.core.model import Model
from modeling.core.record import Challenge
from modeling.core.row_digests import digests
from modeling.core.table import Rows
from modeling.core.validated_data import ValidatedData
from modeling.evaluation.challenge import MIN_UNITS, challenge
from modeling.evaluation.experiment import Experiment, OpenedTest, Serving, UnreadableServing
from modeling.problems import tasks

from ..small_data import card

ROWS = 400
USE_CASE = UseCase.model_validate(
    {
        "title": "Will it break?",
        "task": "binary_classification",
        "source": {"files": {"path": "*.csv"}, "licence": "CC0", "citation": "made by the test"},
        "target": "broken",
        "columns": {"identifier": ["part"]},
    }
).placed("shop/parts", None)
TASK = tasks.task(USE_CASE)
CLASSES = ["0", "1"]


def parts(seed: int = 0) -> pl.DataFrame:
    draw = np.random.default_rng(seed)
    heat = draw.normal(size=ROWS)
    broken = (heat + draw.normal(size=ROWS) > 0).astype(int)
    return pl.DataFrame({"part": range(ROWS), "heat": heat, "noise": draw.normal(size=ROWS), "broken": broken})


class Says:
    """Predicts one column, or the other way round."""

    def __init__(self, column: str, sign: int = 1) -> None:
        self._column, self._sign = column, sign

    def predict(self, table) -> np.ndarray:
        return 1 / (1 + np.exp(-self._sign * table.column(self._column).astype(float)))


FRAME = parts()
RECIPE = FeatureRecipe(numeric=["heat", "noise"])
TEST = Rows(
    replace(RECIPE.transform(FRAME), target=FRAME["broken"].cast(pl.Float64).to_numpy()),
    np.arange(ROWS),
    None,
    pl.DataFrame(),
)


def serving(column: str, learned: pl.DataFrame | None = None, *, same_features: bool = False, **said: Any) -> Serving:
    """A model that says what one column says, and has learned from some rows."""
    seen = FRAME.clear() if learned is None else learned
    model = Model(RECIPE, Blend({"says": Says(column)}, {"says": 1.0}), card(**said), digests(seen, USE_CASE))
    return Serving("before", model, same_features, None)


def against(
    served: Serving | UnreadableServing, column: str, test: Rows = TEST, frame: pl.DataFrame = FRAME
) -> Challenge:
    """What comes of a champion that says what `column` says, where `frame` holds the validated rows."""
    data = ValidatedData(frame, np.arange(ROWS), [], "snapshot", ROWS)
    features = FeatureSet(
        RECIPE, Datasheet.of(data, USE_CASE, [0, 0, 0, ROWS], {}, [], CLASSES), TEST, TEST, TEST, lambda: test
    )
    opened = OpenedTest(test, TASK.units(test), "says", {"says": Says(column).predict(test.table)})
    return challenge(served, Experiment(USE_CASE, TASK, data, features, []), opened)


@pytest.mark.parametrize("same_features", [True, False], ids=["same features", "new data"])
def test_the_better_one_is_told_decisively(same_features: bool) -> None:
    better = against(serving("noise", same_features=same_features), "heat")
    worse = against(serving("heat", same_features=same_features), "noise")
    assert better.lift and better.lift.decisive and better.lift.value > 0
    assert worse.lift and worse.lift.decisive and worse.lift.value == pytest.approx(-better.lift.value)
    assert better.units == ROWS


def test_rows_that_the_serving_model_learned_from_do_not_count_whatever_their_number_and_type() -> None:
    again = (
        FRAME[:300].sample(fraction=1, shuffle=True, seed=1).with_columns(part=pl.lit(7), broken=pl.col("broken") * 1.0)
    )
    assert against(serving("heat", again), "heat").units == 100


def test_too_few_new_rows_are_no_comparison() -> None:
    found = against(serving("heat", FRAME[MIN_UNITS - 1 :]), "noise")
    assert found.lift is None and f"only {MIN_UNITS - 1} test rows are new" in found.message


def test_a_model_for_another_question_is_no_rival() -> None:
    found = against(serving("heat", classes=["no", "yes"]), "noise")
    assert found.lift is None and "made for another classes" in found.message


def test_a_model_that_lacks_a_column_of_its_own_is_no_rival_and_says_which() -> None:
    found = against(serving("heat"), "noise", frame=FRAME.drop("heat"))
    assert found.lift is None and "heat" in found.message


def test_rows_of_one_class_are_no_comparison() -> None:
    event = TEST.table.target == 1
    ones = replace(TEST, table=TEST.table.rows(event), number=TEST.number[event])
    found = against(serving("heat"), "noise", ones)
    assert found.lift is None and "undefined" in found.message


def test_a_model_that_cannot_be_read_is_no_rival_and_the_message_says_why() -> None:
    found = against(UnreadableServing("before", "model/model.json: damaged"), "heat")
    assert (found.serving, found.lift, found.units) == ("before", None, 0)
    assert found.message == "the model that serves can't be read: model/model.json: damaged"
