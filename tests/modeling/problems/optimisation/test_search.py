"""Searches spend trials only on what they measured, and a Gaussian process finds a peak sooner than chance."""

import numpy as np
import polars as pl
import pytest
from scipy.stats import norm

from catalogue.definition import UseCase
from modeling.core.blend import Blend
from modeling.core.features import FeatureError
from modeling.core.record import Estimates, LineChart, Listing
from modeling.core.task import EvaluatedChampion
from modeling.problems import tasks
from modeling.problems.optimisation.search import Experiments, guided, improvement, ranked, trials_until
from modeling.problems.optimisation.settings import SETTINGS
from modeling.problems.optimisation.task import Optimisation

from ... import small_data
from . import tiny_optimisation

POINTS = np.stack(np.meshgrid(np.linspace(-1, 1, 20), np.linspace(-1, 1, 20)), axis=-1).reshape(-1, 2)
PEAK = -((POINTS - [0.5, -0.3]) ** 2).sum(axis=1)


def searched(search, outcomes=PEAK, trials=30, seed=0):
    experiments = Experiments(outcomes)
    search(experiments, trials, np.random.default_rng(seed))
    return experiments


def test_every_search_spends_its_trials_on_different_experiments():
    for search in (ranked(PEAK), ranked(np.zeros(400)), guided(POINTS, np.zeros(400)), guided(POINTS, PEAK)):
        tried = searched(search).tried
        assert len(tried) == len(set(tried)) == 30


def test_a_trial_is_not_spent_twice_on_one_experiment():
    experiments = Experiments(PEAK)
    experiments.measure(7)
    with pytest.raises(ValueError, match="experiment 7 was tried before"):
        experiments.measure(7)


def test_what_was_not_tried_does_not_move_the_search():
    """The same search on outcomes that differ only where it never went."""
    first = searched(guided(POINTS, np.zeros(400)))
    changed = np.where(np.isin(np.arange(400), first.tried), PEAK, 1e6)
    assert searched(guided(POINTS, np.zeros(400)), changed).tried == first.tried


def test_ranked_tries_in_the_order_of_promise_and_ties_at_random():
    assert searched(ranked(PEAK), trials=3).tried == np.argsort(-PEAK, kind="stable")[:3].tolist()
    assert searched(ranked(np.zeros(400)), seed=1).tried != searched(ranked(np.zeros(400)), seed=2).tried


def test_a_process_finds_the_peak_sooner_than_chance():
    best = {
        name: np.mean([searched(search, seed=seed).best_so_far()[-1] for seed in range(5)])
        for name, search in {"guided": guided(POINTS, np.zeros(400)), "random": ranked(np.zeros(400))}.items()
    }
    assert best["guided"] > PEAK.max() - 0.001
    assert best["guided"] > best["random"]


def test_trials_correct_a_promise_that_is_wrong():
    """A model that praises the wrong corner is followed at first, and then no more."""
    wrong = -((POINTS - [-1, 1]) ** 2).sum(axis=1)
    experiments = searched(guided(POINTS, wrong))
    assert experiments.tried[0] == wrong.argmax()
    assert experiments.best_so_far()[-1] > PEAK.max() - 0.01 > searched(ranked(wrong)).best_so_far()[-1]


def test_equal_outcomes_can_be_searched():
    assert len(searched(guided(POINTS, np.zeros(400)), np.ones(400)).tried) == 30


def test_expected_improvement_is_the_mean_gain():
    drawn = norm.rvs(0.2, 0.5, size=400_000, random_state=0)
    expected = np.maximum(drawn - 0.4, 0).mean()
    assert improvement(np.array([0.2]), np.array([0.5]), 0.4)[0] == pytest.approx(expected, abs=2e-3)


def test_trials_are_counted_from_one_and_past_the_end_where_they_did_not_suffice():
    best = np.array([0.1, 0.5, 0.5, 0.9])
    assert [trials_until(wanted, best) for wanted in (0.1, 0.5, 0.6, 1.0)] == [1, 2, 4, 5]


def judged(goal: str = "highest", frame: pl.DataFrame | None = None) -> tuple[Optimisation, EvaluatedChampion]:
    """A champion that knows the outcome, and a trivial learner that knows nothing."""
    settings = tiny_optimisation.CONTENT["settings"] | {"goal": goal}
    definition = UseCase.model_validate(tiny_optimisation.CONTENT | {"settings": settings})
    task = tasks.task(definition)
    assert isinstance(task, Optimisation)
    made = task.prepare(small_data.validated(tiny_optimisation.frame() if frame is None else frame), definition, None)
    test = made.open_test()
    answers = {"oracle": test.table.target, "trivial": np.zeros(len(test))}
    return task, EvaluatedChampion(
        use_case=definition,
        classes=[],
        train=made.train,
        valid=made.valid,
        test=test,
        units=task.units(test),
        candidates=[],
        champion="oracle",
        model=Blend({}, {}),
        answers=answers,
        validation=made.valid.table.target,
    )


def best_of(case: EvaluatedChampion, goal: str) -> float:
    target = case.test.table.target
    return float(target.max() if goal == "highest" else target.min())


@pytest.mark.parametrize("goal", ["highest", "lowest"])
def test_the_chapter_shows_regret_effort_and_the_best_found(goal):
    task, case = judged(goal)
    (chapter,) = task.chapters(case)
    regret, effort, found = chapter.exhibits
    assert isinstance(regret, LineChart) and isinstance(effort, Estimates) and isinstance(found, Listing)
    for line in regret.lines.values():
        heights = [y for y in line.y if y is not None]
        assert len(heights) == 12 and heights == sorted(heights, reverse=True) and heights[-1] >= 0
    assert regret.lines["champion's order"].y[0] == 0
    blind, distance = regret.bands["random"], np.abs(case.test.table.target - best_of(case, goal))
    assert blind.low[0] < distance.mean() < blind.high[0], "a first random trial is the mean regret away on average"
    assert "champion's order" not in regret.bands
    assert effort.estimates["champion's order"].value == 1
    assert effort.estimates["random"].value > 1
    best = best_of(case, goal)
    assert dict(zip(found.columns["search"], found.columns["after 5 trials"], strict=True))["champion's order"] == best


def test_settings_lie_beside_the_rows_they_belong_to():
    _, case = judged()
    raw = tiny_optimisation.frame()
    for rows in (case.train, case.valid, case.test):
        beside = rows.table.shared[SETTINGS]
        assert beside.equals(raw[(rows.number - 1000).tolist()].select(beside.columns))


def test_best_in_the_training_data_needs_settings_that_were_tried_there():
    """All but the held-out additive were: strong base, iodide, heat."""
    task, case = judged()
    (chapter,) = task.chapters(case)
    regret = chapter.exhibits[0]
    assert isinstance(regret, LineChart)
    lines = regret.lines
    assert lines["best in the training data"].y[4] < lines["random"].y[4]


def test_a_factor_that_is_no_column_is_refused():
    with pytest.raises(FeatureError, match=r"settings.factors: \['heat'\] are no columns"):
        judged(frame=tiny_optimisation.frame().drop("heat"))


def test_a_factor_with_gaps_is_refused():
    gappy = tiny_optimisation.frame().with_columns(pl.when(pl.col("base") != "weak").then("base").alias("base"))
    with pytest.raises(FeatureError, match=r"settings.factors are empty in some rows \(\{'base': 160\}\)"):
        judged(frame=gappy)
