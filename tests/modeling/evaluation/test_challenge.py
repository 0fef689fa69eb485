"""A champion against the model that serves, on rows that neither has learned from."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm
from sklearn.metrics import roc_auc_score

from catalogue.definition import UseCase
from modeling.core.blend import Blend
from modeling.core.feature_set import Datasheet, FeatureSet
from modeling.core.features import FeatureRecipe
from modeling.core.intervals import scored
from modeling.core.model import Model
from modeling.core.record import Challenge
from modeling.core.row_digests import digests
from modeling.core.table import Rows
from modeling.core.validated_data import ValidatedData
from modeling.evaluation.challenge import MIN_UNITS, challenge, challenge_gate
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
SCHEMA = FRAME.drop("broken").schema
RECIPE = FeatureRecipe(numeric=["heat", "noise"])


def rows_of(frame: pl.DataFrame, place: np.ndarray | None = None) -> Rows:
    """The rows of `frame` at `place`, or all, as a test."""
    place = np.arange(frame.height) if place is None else place
    part = frame[place]
    table = replace(RECIPE.transform(part), target=part["broken"].cast(pl.Float64).to_numpy())
    return Rows(table, place, None, pl.DataFrame())


TEST = rows_of(FRAME)


READ = ["broken", "heat", "noise"]


def serving(
    column: str,
    learned: pl.DataFrame | None = None,
    *,
    same_features: bool = False,
    same_code: bool = True,
    **said: Any,
) -> Serving:
    """A model that says what one column says, and has learned from some rows, known by the columns it reads."""
    seen = FRAME.clear() if learned is None else learned
    says = Blend({"says": Says(column)}, {"says": 1.0})
    model = Model(RECIPE, says, card(digested=READ, **said), digests(seen, READ), SCHEMA)
    return Serving("before", model, same_features, None, same_code)


def against(
    served: Serving | UnreadableServing,
    column: str,
    test: Rows = TEST,
    frame: pl.DataFrame = FRAME,
    champion: np.ndarray | None = None,
) -> Challenge:
    """What comes of a champion that says what `column` says, or answers as `champion`, where `frame` holds the
    validated rows."""
    data = ValidatedData(frame, np.arange(frame.height), [], "snapshot", frame.height)
    sheet = Datasheet.of(data, USE_CASE, [0, 0, 0, frame.height], {}, [], CLASSES)
    features = FeatureSet(RECIPE, sheet, TEST, TEST, TEST, lambda: test)
    says = Says(column).predict(test.table) if champion is None else champion
    answers = {"says": says, TASK.trivial: np.full(len(test.table), 0.5)}
    opened = OpenedTest(test, TASK.units(test), "says", answers)
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
    assert challenge_gate(found, "ROC AUC").passed, "it answers nobody, so that nothing is lost"


# --- what may not be compared -----------------------------------------------------------------------------------------


def held_back(found: Challenge) -> bool:
    gate = challenge_gate(found, "ROC AUC")
    return not gate.passed and "sectorforge models accept" in gate.message


def test_a_model_judged_with_other_feature_code_is_no_rival_and_a_person_decides() -> None:
    """Its recipe would read columns of the same names that mean something else."""
    found = against(serving("noise", same_code=False), "heat")
    assert found.lift is None and "features.py" in found.message
    assert held_back(found)


def test_the_very_same_features_can_be_compared_whatever_the_text_of_the_code() -> None:
    assert against(serving("noise", same_code=False, same_features=True), "heat").lift


def test_a_column_of_another_kind_is_no_comparison() -> None:
    served = serving("noise")
    dates = pl.Schema({**SCHEMA, "heat": pl.Date()})
    found = against(replace(served, model=replace(served.model, columns=dates)), "heat")
    assert found.lift is None and "heat (Date, now Float64)" in found.message
    assert held_back(found)


def test_too_few_new_rows_hold_the_champion_back_until_a_person_decides() -> None:
    assert held_back(against(serving("noise", FRAME[MIN_UNITS - 1 :]), "heat"))


def test_a_column_that_the_model_does_not_read_makes_no_row_new() -> None:
    """Before, one column more, or one whose values changed, and the model was judged on rows it had learned from."""
    wider = FRAME.with_columns(shelf=pl.Series(range(ROWS)), part=pl.lit("x"))
    assert against(serving("heat", FRAME[:300]), "heat", frame=wider).units == 100


def test_models_of_before_know_their_rows_by_all_columns_but_the_identifiers() -> None:
    served = serving("heat", FRAME[:300])
    old = replace(served, model=replace(served.model, card=card(), columns=SCHEMA))
    assert against(old, "heat").units == 100
    gone = against(old, "heat", frame=FRAME.drop("noise"))
    assert gone.lift is None and "the columns ['noise'] are gone" in gone.message
    older = against(replace(old, model=replace(old.model, columns=pl.Schema())), "heat")
    assert older.lift is None and "made before columns were kept" in older.message


# --- old rows ---------------------------------------------------------------------------------------------------------


def delivered_in_cents() -> pl.DataFrame:
    """200 rows that were there, and 200 new ones whose heat is a hundred times too large, the wrong way round."""
    heat = pl.when(pl.col("part") < ROWS // 2).then(pl.col("heat")).otherwise(-100 * pl.col("heat"))
    return FRAME.with_columns(heat)


def test_a_champion_that_fits_the_new_rows_and_spoils_the_old_ones_is_held_back() -> None:
    """The wrong new rows speak for it as loudly as the old ones against it."""
    frame = delivered_in_cents()
    old = np.arange(ROWS) < ROWS // 2
    champion = np.where(old, FRAME["noise"], FRAME["heat"])
    served = replace(serving("heat"), held=old)
    found = against(served, "", rows_of(frame), frame, champion=champion)
    assert challenge_gate(
        against(replace(served, held=None), "", rows_of(frame), frame, champion=champion), "AUC"
    ).passed
    gate = challenge_gate(found, "ROC AUC")
    assert found.old_units == 200 and found.old_lift and found.old_lift.value < 0
    assert held_back(found) and "on 200 of these that were there before the new rows" in gate.message


def test_a_champion_as_good_on_old_rows_takes_over_and_few_of_them_show_nothing() -> None:
    frame = delivered_in_cents()
    for share, champion in ((ROWS // 2, FRAME["heat"]), (MIN_UNITS - 1, FRAME["heat"])):
        found = against(
            replace(serving("heat"), held=np.arange(ROWS) < share),
            "",
            rows_of(frame),
            frame,
            champion=champion.to_numpy(),
        )
        assert challenge_gate(found, "ROC AUC").passed
        assert found.old_units == (share if share >= MIN_UNITS else 0)


# --- non-inferiority --------------------------------------------------------------------------------------------------


def test_the_margin_is_a_share_of_what_the_published_model_gains_over_the_trivial_one() -> None:
    found = against(serving("heat"), "heat")
    gain = roc_auc_score(TEST.table.target, FRAME["heat"]) - 0.5
    assert found.margin == pytest.approx(0.2 * gain)
    gate = challenge_gate(found, "ROC AUC")
    assert gate.passed and (gate.measured, gate.low, gate.high) == (0, 0, 0) and gate.bound == -found.margin


def test_an_interval_that_reaches_beyond_the_margin_holds_back_although_it_is_not_decisive() -> None:
    few = rows_of(FRAME, np.arange(60))
    blurred = (FRAME["heat"] + FRAME["noise"])[:60].to_numpy()
    found = against(serving("heat"), "", few, champion=blurred)
    assert found.lift and found.margin and not found.lift.decisive and found.lift.low < -found.margin
    assert not challenge_gate(found, "ROC AUC").passed
    assert challenge_gate(against(serving("heat"), "heat", few), "ROC AUC").passed


def test_the_best_model_so_far_counts_beside_the_one_that_serves() -> None:
    weak, strong = serving("noise"), replace(serving("heat"), version="best")
    found = against(replace(weak, best=strong), "noise")
    gate = challenge_gate(found, "ROC AUC")
    assert challenge_gate(against(weak, "noise"), "ROC AUC").passed, "the one that serves is no better"
    assert not gate.passed and "the best model published so far" in gate.message
    assert found.best and found.best.serving == "best" and not found.sets_standard
    assert against(weak, "heat").sets_standard, "decisively better"


MARGIN = 0.2
LOSS = 0.5 * MARGIN
"""What each successor loses of the gain of the one before it."""


def binormal(gain: float) -> float:
    """The distance of two unit normals whose ROC AUC is 0.5 + `gain`: AUC = Φ(d/√2) (Green & Swets 1966)."""
    return float(np.sqrt(2) * norm.ppf(0.5 + gain))


@dataclass
class Successor:
    """A model whose predictions are two normals apart by what its gain asks for; noise of its own."""

    gain: float

    def scores(self, event: np.ndarray, seed: int) -> np.ndarray:
        noise = np.random.default_rng(seed).normal(size=len(event))
        shared = np.random.default_rng(0).normal(size=len(event))
        return binormal(self.gain) * event + np.sqrt(0.8) * shared + np.sqrt(0.2) * noise


def succession(rule: Callable[[Challenge], bool], *, anchored: bool, units: int, steps: int = 20) -> list[float]:
    """The gain of the model that serves after each of `steps` successors, each by `LOSS` worse than the one that serves
    when it is trained; whether it takes over, `rule` says."""
    event = np.random.default_rng(1).integers(2, size=units)
    served, best, gains = Successor(0.3), Successor(0.3), [0.3]
    for step in range(steps):
        new = Successor(served.gain * (1 - LOSS))
        frame = pl.DataFrame({"part": range(units), "broken": event}).with_columns(
            heat=pl.Series(served.scores(event, 3 * step + 1)), noise=pl.Series(best.scores(event, 3 * step + 2))
        )
        rivals = replace(serving("heat"), best=replace(serving("noise"), version="best") if anchored else None)
        found = against(rivals, "", rows_of(frame), frame, champion=new.scores(event, 3 * step + 3))
        if rule(found):
            served, best = new, new if found.sets_standard else best
        gains.append(served.gain)
    return gains


def not_decisively_worse(found: Challenge) -> bool:
    assert found.lift
    return not (found.lift.decisive and found.lift.value < 0)


def met(found: Challenge) -> bool:
    return challenge_gate(found, "ROC AUC").passed


def test_twenty_successors_that_each_lose_a_little_do_not_take_the_quality_down(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A simulation: quality is known, for the predictions are two normals. `not_decisively_worse` is the former rule;
    without the best model so far, the margin is spent again at every step."""
    monkeypatch.setattr("modeling.evaluation.challenge.scored", partial(scored, resamples=100))
    former = succession(not_decisively_worse, anchored=False, units=200)
    unanchored = succession(met, anchored=False, units=1_000)
    anchored = succession(met, anchored=True, units=1_000)
    assert former[-1] < 0.5 * former[0], "the former rule loses half of it"
    assert unanchored[-1] < (1 - MARGIN) ** 2 * unanchored[0], "so does a margin from step to step"
    assert min(anchored) >= (1 - MARGIN) * anchored[0]
    assert anchored[-1] < anchored[0], "what lies within the margin is let pass, once"
