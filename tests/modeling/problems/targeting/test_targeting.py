"""Policies judged by the log of another: estimators against known truths, and who is scored."""

import json
from dataclasses import asdict
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pydantic import ValidationError

from catalogue.definition import Gates, UseCase
from modeling.core.compute import Compute
from modeling.core.feature_set import FeatureSet
from modeling.core.learner import Fitting, Learner
from modeling.core.metrics import unweighted
from modeling.core.record import Listing
from modeling.core.resampling import can_be_dealt
from modeling.core.task import EvaluatedChampion, Units
from modeling.problems import learners, tasks
from modeling.problems.targeting.impressions import WHICH, ImpressionRecipe
from modeling.problems.targeting.policies import (
    ACTIONS,
    JUDGED,
    chosen,
    doubly_robust,
    effective_share,
    snips,
)
from modeling.problems.targeting.preparation import _likeness

from ...small_data import validated
from .tiny_targeting import CONTENT, OFFERS, frame


def use_case(**settings: object) -> UseCase:
    content = CONTENT | {"settings": CONTENT["settings"] | settings}
    return UseCase.model_validate(content).placed("tiny/targeting", Path("tiny"))


@cache
def features() -> FeatureSet:
    return tasks.task(use_case()).prepare(validated(frame()), use_case(), None)


@cache
def fitted(name: str) -> Learner:
    learner = learners.learner(name)()
    parameters = CONTENT["parameters"].get(name, {})
    learner.fit(
        features().train.table,
        features().valid.table,
        Fitting("binary", 2, compute=Compute(threads=1), parameters=parameters),
    )
    return learner


def score(name: str, metric: str) -> float:
    task, test = tasks.task(use_case()), features().open_test()
    return unweighted(task.metrics([])[metric], task.units(test).truth, task.answers(fitted(name), test))


def test_a_policy_that_is_the_logged_one_is_worth_what_was_logged() -> None:
    reward, propensity = np.array([1.0, 0, 0, 1]), np.array([0.1, 0.2, 0.5, 0.4])
    truth, answers = np.column_stack([reward, propensity]), np.column_stack([propensity, [0.3] * 4, [0.3] * 4])
    assert snips(truth, answers, np.ones(4)) == doubly_robust(truth, answers, np.ones(4)) == pytest.approx(0.5)
    assert effective_share(truth, answers, np.ones(4)) == pytest.approx(1)


def test_estimates_of_a_greedy_policy_come_near_its_true_value() -> None:
    draw = np.random.default_rng(0)
    rates, action = np.array([0.1, 0.2, 0.6]), draw.integers(3, size=20_000)
    truth = np.column_stack([draw.random(20_000) < rates[action], np.full(20_000, 1 / 3)]).astype(float)
    answers = np.column_stack([action == 2, np.full(20_000, 0.4), np.where(action == 2, 0.4, 0.1)]).astype(float)
    times = np.ones(len(truth))
    assert snips(truth, answers, times) == pytest.approx(0.6, abs=0.02)
    assert doubly_robust(truth, answers, times) == pytest.approx(0.6, abs=0.02)
    assert effective_share(truth, answers, times) == pytest.approx(1 / 3, abs=0.02)


def test_a_weight_counts_rows() -> None:
    draw = np.random.default_rng(1)
    truth, answers, times = draw.random((30, 2)) + 0.1, draw.random((30, 3)), draw.integers(4, size=30)
    for metric in (snips, doubly_robust, effective_share):
        repeated = metric(np.repeat(truth, times, axis=0), np.repeat(answers, times, axis=0), np.ones(times.sum()))
        assert metric(truth, answers, times.astype(float)) == pytest.approx(repeated)


def test_only_the_uniform_log_is_scored() -> None:
    rows = features().open_test()
    units = tasks.task(use_case()).units(rows)
    assert (units.truth[:, 1] == 1 / OFFERS).all()
    assert len(units) == rows.table.content[JUDGED].sum() < len(rows)


def test_the_trivial_learner_is_the_uniform_policy() -> None:
    for _, _, probability in chosen(fitted("trivial"), features().valid.table, 2):
        np.testing.assert_allclose(probability, 1 / OFFERS)


@pytest.mark.parametrize("sharpness", [1, 3])
def test_the_logged_learner_is_the_policy_in_use_whatever_the_sharpness(sharpness: float) -> None:
    definition = use_case(sharpness=sharpness)
    made = tasks.task(definition).prepare(validated(frame()), definition, None)
    learner = learners.learner("logged")()
    learner.fit(made.train.table, made.valid.table, Fitting("binary", 2))
    _, action, probability = next(chosen(learner, made.valid.table, sharpness))
    names = made.train.table.shared[ACTIONS]["name"].to_numpy()
    shown = {name: probability[names[action] == name].mean() for name in names}
    assert shown["east/0"] == pytest.approx(0.7, abs=0.08) and shown["west/3"] == pytest.approx(0.1, abs=0.06)


def test_who_knows_what_visitors_like_beats_uniform_and_logged() -> None:
    values = {name: score(name, "snips") for name in ("trivial", "logged", "lightgbm")}
    assert values["lightgbm"] > 0.1 + max(values["trivial"], values["logged"])
    assert score("lightgbm", "doubly_robust") == pytest.approx(values["lightgbm"], abs=0.1)


def test_no_learner_sees_how_a_row_came_to_be_logged() -> None:
    names = features().train.table.names
    assert WHICH in names and "liking" in names
    assert not {"probability", "policy", "click", "liking_0"} & set(names)


def test_rates_and_shares_come_from_training_rows_alone() -> None:
    rows = frame().sort("moment")
    late = rows["moment"][int(0.45 * rows.height)]
    turned = rows.with_columns(
        click=(rows["moment"] > late).cast(int) * (1 - rows["click"])
        + (rows["moment"] <= late).cast(int) * rows["click"]
    )
    made = tasks.task(use_case()).prepare(validated(turned), use_case(), None)
    assert made.train.table.shared[ACTIONS].equals(features().train.table.shared[ACTIONS])


def test_rows_that_refer_to_the_clicks_of_training_rows_are_not_dealt_anew() -> None:
    assert not can_be_dealt(features())


def impressions_needed(bound: float, clicks: float) -> list[int | None]:
    """What the report says of a policy that always shows the first of two offers, both clicked with chance `clicks`,
    judged by 4,000 impressions that showed either at random."""
    draw = np.random.default_rng(2)
    shown, click = draw.random(4000) < 0.5, draw.random(4000) < clicks
    truth = np.column_stack([click, np.full(4000, 0.5)]).astype(float)
    always = np.column_stack([shown, np.zeros((4000, 2))]).astype(float)
    case = EvaluatedChampion(
        use_case=use_case().model_copy(update={"gates": Gates(min_lift_over_baseline=bound)}),
        classes=features().classes,
        train=features().train,
        valid=features().valid,
        test=features().open_test(),
        units=Units(truth, None),
        candidates=[],
        champion="logged",
        model=fitted("logged"),
        answers={"logged": always, "trivial": np.full((4000, 3), 0.5)},
        validation=np.empty(0),
    )
    listing = tasks.task(use_case()).chapters(case)[0].exhibits[1]
    assert isinstance(listing, Listing)
    return next((of for name, of in listing.columns.items() if name.startswith("impressions needed")), [])


def test_impressions_needed_are_those_of_the_gate_whatever_was_measured() -> None:
    """The influences 2·shown·(click - p) and click - p differ by a variance of p(1 - p): 0.25 for p = 1/2, 0.09 for
    0.1. A bound of 0.05 then needs p(1 - p)·((1.96 + 0.8416) / 0.05)²: 785, and 283."""
    assert impressions_needed(0.05, 0.5) == [pytest.approx(785, rel=0.1)]
    assert impressions_needed(0.05, 0.1) == [pytest.approx(283, rel=0.15)]
    assert impressions_needed(0.0, 0.5) == [], "a gate without a bound says no lift that matters"


def test_a_recipe_read_back_makes_the_same_table() -> None:
    recipe, raw = features().recipe, frame().drop("click", "probability", "policy")
    assert isinstance(recipe, ImpressionRecipe)
    again = ImpressionRecipe.from_json(json.loads(json.dumps(asdict(recipe)))).transform(raw)
    np.testing.assert_array_equal(again.matrix, recipe.transform(raw).matrix)


def test_several_loggers_without_saying_which_judges_are_refused() -> None:
    with pytest.raises(ValidationError, match="say which is `production` and `judged_on`"):
        tasks.task(use_case(judged_on=None))


def test_an_impression_logged_twice_is_a_twin_and_a_visitor_who_returns_is_none() -> None:
    once = pl.DataFrame({"at": [1, 2, 3], "visitor": ["a", "a", "b"], "affinity": [0.1234, 0.1234, 0.5]})
    keys = _likeness(pl.concat([once, once.with_columns(pl.col("affinity") * 1.001)])).values
    assert keys.head(3).n_unique() == 3
    assert (keys.head(3) == keys.tail(3)).all()
