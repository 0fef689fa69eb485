"""Recalibration of probabilities whose distortion is known."""

import numpy as np
import pytest
from scipy.special import expit, logit
from scipy.stats import binom, norm
from sklearn.linear_model import LogisticRegression

from catalogue.definition import Costs
from modeling.core.calibrator import Isotonic, Platt, Temperature, read_calibrator
from modeling.core.metrics import roc_auc
from modeling.core.task import Metric, Units
from modeling.evaluation.decision import cheapest_threshold
from modeling.evaluation.recalibration import ENOUGH_FOR_ISOTONIC, isotonic, platt, recalibrate, temperature


def _events(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """The true log odds, and events drawn by them."""
    rng = np.random.default_rng(seed)
    odds = rng.normal(-0.5, 1.5, rows)
    return odds, (rng.random(rows) < expit(odds)).astype(float)


def _slope(truth: np.ndarray, predicted: np.ndarray) -> float:
    """Cox's calibration slope, by scikit-learn: 1 where the log odds are as far apart as they should be."""
    return float(LogisticRegression(C=np.inf).fit(logit(predicted)[:, None], truth).coef_[0, 0])


def test_an_overconfident_model_is_mended_to_a_slope_of_one():
    odds, truth = _events(4000)
    found = recalibrate(expit(2 * odds), Units(truth, None), "binary", "4,000 rows")
    assert found.step.taken and found.step.advantage and found.step.advantage.shown
    assert isinstance(found.calibrator, Platt)
    assert found.calibrator.slope == pytest.approx(0.5, abs=0.04)
    later_odds, later = _events(20_000, seed=1)
    assert _slope(later, expit(2 * later_odds)) == pytest.approx(0.5, abs=0.03)
    assert _slope(later, found.calibrator.applied(expit(2 * later_odds))) == pytest.approx(1, abs=0.08)


def test_a_perfect_model_is_seldom_mended():
    """Under the null the cross-fitted gain is below zero on average, so it exceeds one standard error less often than a
    normal draw does."""
    trials, taken = 20, 0
    for seed in range(trials):
        odds, truth = _events(400, seed)
        taken += recalibrate(expit(odds), Units(truth, None), "binary", "400 rows").step.taken
    assert taken <= binom.ppf(0.999, trials, norm.sf(1))


def test_the_sigmoid_is_scikit_learns_fit_but_for_a_pseudo_count():
    odds, truth = _events(5000)
    reference = LogisticRegression(C=np.inf).fit((2 * odds)[:, None], truth)
    found = platt(truth, expit(2 * odds))
    assert found.slope == pytest.approx(reference.coef_[0, 0], rel=0.01)
    assert found.intercept == pytest.approx(reference.intercept_[0], abs=0.01)


def test_a_bend_that_no_sigmoid_follows_is_mended_by_steps():
    """Certain below and above, and blind in the middle: no shift or stretch of the log odds says so."""
    rng = np.random.default_rng(0)
    predicted = rng.uniform(0.01, 0.99, 6000)
    truth = (rng.random(6000) < np.where(predicted < 0.3, 0.02, np.where(predicted < 0.7, 0.5, 0.98))).astype(float)
    found = recalibrate(predicted, Units(truth, None), "binary", "6,000 rows")
    assert isinstance(found.calibrator, Isotonic)
    told = found.calibrator.applied(np.array([0.15, 0.5, 0.85]))
    np.testing.assert_allclose(told, [0.02, 0.5, 0.98], atol=0.05)
    few = ENOUGH_FOR_ISOTONIC - 1
    assert not isinstance(recalibrate(predicted[:few], Units(truth[:few], None), "binary", "").calibrator, Isotonic)


def test_steps_never_promise_certainty():
    found = isotonic(np.repeat([0.0, 1.0], 50), np.repeat([0.2, 0.8], 50))
    assert min(found.observed) == pytest.approx(1 / 102) and max(found.observed) == pytest.approx(101 / 102)


def test_a_temperature_undoes_the_one_that_was_applied():
    rng = np.random.default_rng(0)
    scores = rng.normal(size=(5000, 4))
    told = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    truth = (told.cumsum(axis=1) < rng.random((5000, 1))).sum(axis=1)
    sure = told**3 / (told**3).sum(axis=1, keepdims=True)
    assert temperature(truth, sure).temperature == pytest.approx(3, rel=0.06)
    found = recalibrate(sure, Units(truth, None), "multiclass", "5,000 rows")
    assert isinstance(found.calibrator, Temperature)
    np.testing.assert_allclose(found.calibrator.applied(sure), told, atol=0.03)
    assert not recalibrate(told, Units(truth, None), "multiclass", "5,000 rows").step.taken


def test_no_unit_is_recalibrated_by_its_own_group():
    """Two groups that contradict each other: each is mended by what the other says, which is wrong for it."""
    rng = np.random.default_rng(0)
    group = np.repeat([0, 1], 500)
    predicted = rng.uniform(0.1, 0.9, 1000)
    truth = (rng.random(1000) < np.where(group == 0, 0.05, 0.95)).astype(float)
    assert not recalibrate(predicted, Units(truth, group), "binary", "1,000 rows").step.taken
    assert recalibrate(predicted, Units(truth, np.zeros(1000)), "binary", "").step.message.startswith("not tried: all")


def test_a_sigmoid_changes_no_ranking_and_the_threshold_moves_with_it():
    odds, truth = _events(3000)
    predicted = expit(2 * odds)
    found = recalibrate(predicted, Units(truth, None), "binary", "3,000 rows")
    assert found.calibrator
    auc, once = Metric("roc_auc", "ROC AUC", True, roc_auc), np.ones(3000)
    mended = found.calibrator.applied(predicted)
    assert auc.score(truth, mended, once) == pytest.approx(auc.score(truth, predicted, once))
    threshold = cheapest_threshold(truth, found.answers, Costs(false_positive=1, false_negative=4))
    assert threshold == pytest.approx(1 / (1 + 4), abs=0.07), "where odds of 1 to 4 balance the costs (Elkan 2001)"
    assert cheapest_threshold(truth, predicted, Costs(false_positive=1, false_negative=4)) < 0.13


@pytest.mark.parametrize(
    "calibrator",
    [
        Platt(slope=0.5, intercept=-0.1),
        Isotonic(predicted=[0.1, 0.9], observed=[0.2, 0.7]),
        Temperature(temperature=2.0),
        None,
    ],
)
def test_a_calibrator_is_read_back_from_its_json(calibrator):
    assert read_calibrator(calibrator and calibrator.model_dump(mode="json")) == calibrator
