"""The rule of one standard error, against differences whose error theory gives."""

import numpy as np
import pytest
from scipy.stats import norm

from modeling.core.metrics import mae
from modeling.core.record import Advantage
from modeling.core.task import Metric, Units
from modeling.evaluation.parsimony import RESAMPLES, advantage, contest

MAE = Metric("mae", "MAE", False, mae)
ERROR_OF_A_BOOTSTRAP_ERROR = 1 / np.sqrt(2 * RESAMPLES)
"""Of a standard deviation of as many normal draws, relative (Ahn & Fessler 2003)."""


def _differing(rng: np.random.Generator, mean: float, units: int = 400) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Absolute errors of two models whose paired differences have this mean; both share large errors."""
    shared = 10 + 3 * rng.random(units)
    difference = rng.normal(size=units)
    difference += mean - difference.mean()
    return {"cheap": shared + difference, "dear": shared}, difference


def test_the_standard_error_is_the_paired_one_by_hand():
    answers, difference = _differing(np.random.default_rng(0), mean=0.2)
    found = advantage(answers["dear"], answers["cheap"], Units(np.zeros(400), None), MAE)
    by_hand = difference.std(ddof=1) / np.sqrt(400)
    assert found.value == pytest.approx(0.2)
    assert found.standard_error == pytest.approx(by_hand, rel=4 * ERROR_OF_A_BOOTSTRAP_ERROR)
    unpaired = np.sqrt(sum(of.var(ddof=1) for of in answers.values()) / 400)
    assert found.standard_error < 0.8 * unpaired


def test_units_that_belong_together_err_together():
    """Every unit repeated five times tells nothing new: the error is that of the clusters, not of the rows."""
    answers, difference = _differing(np.random.default_rng(1), mean=0.2, units=100)
    often = {name: np.repeat(of, 5) for name, of in answers.items()}
    found = advantage(often["dear"], often["cheap"], Units(np.zeros(500), np.repeat(np.arange(100), 5)), MAE)
    by_hand = difference.std(ddof=1) / np.sqrt(100)
    assert found.standard_error == pytest.approx(by_hand, rel=4 * ERROR_OF_A_BOOTSTRAP_ERROR)


@pytest.mark.parametrize(("advantage_in_errors", "chosen"), [(0.7, "cheap"), (1.3, "dear"), (-0.7, "cheap")])
def test_a_dearer_candidate_is_taken_from_one_standard_error_on(advantage_in_errors: float, chosen: str):
    rng = np.random.default_rng(2)
    answers, difference = _differing(rng, mean=0.0)
    answers["cheap"] += advantage_in_errors * difference.std(ddof=1) / np.sqrt(400)
    held = contest(answers, Units(np.zeros(400), None), MAE)
    assert held.good_enough == chosen
    assert held.best == ("dear" if advantage_in_errors > 0 else "cheap")
    assert held.ahead[held.best].value == 0


def test_between_equal_candidates_the_cheapest_wins_as_often_as_theory_says():
    """Scores of K equal and independent candidates are K normal draws of one variance, the paired error is sqrt(2) of
    it: the first wins where the largest of K draws is within sqrt(2) of it."""
    rng, trials, units, candidates = np.random.default_rng(3), 200, 150, 4
    wins = 0
    for _ in range(trials):
        answers = {str(number): 10 + rng.normal(size=units) for number in range(candidates)}
        wins += contest(answers, Units(np.zeros(units), None), MAE).good_enough == "0"
    draws = rng.normal(size=(200_000, candidates))
    expected = np.mean(draws.max(axis=1) - draws[:, 0] <= np.sqrt(2))
    two = norm.cdf(1.0)
    assert 0.5 < expected < two
    assert wins / trials == pytest.approx(expected, abs=4 * np.sqrt(expected * (1 - expected) / trials))


def test_where_no_error_can_be_known_nothing_dearer_is_taken():
    answers = {"cheap": np.full(50, 2.0), "dear": np.ones(50)}
    held = contest(answers, Units(np.zeros(50), np.zeros(50)), MAE)
    assert (held.best, held.good_enough, held.ahead["cheap"].standard_error) == ("dear", "cheap", None)


def test_what_rounding_alone_can_make_is_no_advantage():
    assert not Advantage(value=2e-17, standard_error=1e-17).shown
