"""Whether what is said of probabilities is true of probabilities whose truth is known."""

import numpy as np
import pytest
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss

from modeling.core.record import Calibration
from modeling.evaluation.calibration import calibration


def perfect(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Events that happen as often as they are predicted."""
    rng = np.random.default_rng(seed)
    chance = rng.beta(2, 4, size=rows)
    return (rng.random(rows) < chance).astype(float), chance


@pytest.fixture
def few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("modeling.evaluation.calibration.RESAMPLES", 2)


def test_a_perfect_model_is_not_blamed_for_chance(few_resamples: None):
    """The mean absolute gap of ten bins of sixty rows is 0.04 by chance alone: sqrt(2 / pi) sqrt(p (1 - p) / 60)."""
    found = [calibration(*perfect(600, seed), None) for seed in range(150)]
    assert np.mean([one.error.value for one in found]) < 0.02
    assert np.median([one.error.value for one in found]) < 0.01
    assert np.mean([one.error.low == 0 for one in found]) >= 0.95
    assert np.mean([np.mean(np.abs(np.subtract(one.predicted, one.observed))) for one in found]) > 0.035


def test_slope_and_intercept_of_a_perfect_model_are_covered(few_resamples: None):
    """150 intervals that cover 95 % cover fewer than 90 % in one seed of a hundred."""
    found = [calibration(*perfect(600, seed), None) for seed in range(150)]
    assert np.mean([one.slope.low <= 1 <= one.slope.high for one in found]) >= 0.9
    assert np.mean([one.intercept.low <= 0 <= one.intercept.high for one in found]) >= 0.9


def test_the_error_is_the_gap_of_a_model_that_promises_too_much():
    rng = np.random.default_rng(0)
    truth = rng.uniform(0.1, 0.7, size=50_000)
    target = (rng.random(50_000) < truth).astype(float)
    found = calibration(target, truth + 0.2, None)
    assert found.error.low < 0.2 < found.error.high
    assert found.error.high - found.error.low < 0.02
    assert np.allclose(found.count, 5000, atol=1)
    assert np.all(np.diff(found.predicted) > 0)


def test_the_error_of_a_gap_is_covered(few_resamples: None):
    found = [calibration(target, chance / 2 + 0.4, None).error for target, chance in map(halved, range(150))]
    truth = float(np.sqrt(np.mean((0.4 - np.random.default_rng(1).beta(2, 4, size=10**6) / 2) ** 2)))
    assert np.mean([one.low <= truth <= one.high for one in found]) >= 0.9


def halved(seed: int) -> tuple[np.ndarray, np.ndarray]:
    return perfect(600, seed)


def test_predicting_zero_for_everybody_is_off_by_the_share_of_events():
    target = np.repeat([0.0, 1.0], [970, 30])
    found = calibration(target, np.zeros(1000), None)
    assert found.error.value == pytest.approx(0.03, rel=0.03)
    assert found.event_share == 0.03
    assert found.slope is None


def test_slope_and_intercept_are_those_of_a_logistic_regression():
    target, chance = perfect(3000)
    promised = expit(2 * logit(chance) + 0.5)
    found = calibration(target, promised, None)
    fitted = LogisticRegression(C=np.inf, tol=1e-10).fit(logit(promised)[:, None], target)
    assert found.slope.value == pytest.approx(fitted.coef_[0, 0], rel=1e-4)
    assert found.slope.high < 1
    assert expit(logit(promised) + found.intercept.value).mean() == pytest.approx(target.mean(), abs=1e-6)


def test_rows_that_belong_together_are_less_sure():
    target, chance = perfect(300)
    alone = calibration(target, chance, None)
    copied = calibration(*(np.repeat(each, 10) for each in (target, chance)), np.repeat(np.arange(300), 10))
    assert copied.slope.value == pytest.approx(alone.slope.value)
    assert copied.slope.high - copied.slope.low == pytest.approx(alone.slope.high - alone.slope.low, rel=0.01)


def test_skill_is_brier_over_that_of_the_event_share():
    target, chance = perfect(800)
    found = calibration(target, chance, None).brier_skill
    expected = 1 - brier_score_loss(target, chance) / brier_score_loss(target, np.full(800, target.mean()))
    assert found.value == pytest.approx(expected)
    assert found.low < found.value < found.high


def test_the_slope_of_several_classes_is_the_inverse_of_the_temperature():
    rng = np.random.default_rng(0)
    chances = rng.dirichlet([1.0, 2.0, 3.0], size=5000)
    target = (rng.random((5000, 1)) > chances.cumsum(axis=1)).sum(axis=1)
    sharpened = chances**2 / np.sum(chances**2, axis=1, keepdims=True)
    found = calibration(target, sharpened, None)
    assert found.slope.low < 0.5 < found.slope.high < 0.6
    assert (found.intercept, found.event_share) == (None, None)
    assert found.error.low > 0.05
    right = calibration(target, chances, None)
    assert right.slope.low < 1 < right.slope.high
    assert right.error.low == 0


def test_equal_predictions_share_a_bin_whatever_the_order_of_rows():
    target = np.repeat([0.0, 1.0], [70, 30])
    found = calibration(target, np.full(100, 0.3), None)
    assert (found.count, found.observed) == ([100], [0.3])
    assert found.error.value == 0


def test_classes_told_apart_without_error_have_no_slope():
    target = np.repeat([0.0, 1.0], 50)
    assert calibration(target, 0.2 + 0.6 * target, None).slope is None


def test_one_cluster_has_an_error_without_an_interval():
    target, chance = perfect(100)
    found = calibration(target, chance, np.zeros(100))
    assert found.error.low is None and found.slope is None


def test_an_older_record_without_intervals_loads():
    found = Calibration.model_validate({"error": 0.03, "predicted": [0.1], "observed": [0.2], "count": [5]})
    assert (found.error.value, found.error.low) == (0.03, None)


def test_there_is_no_skill_score_where_only_one_class_came():
    assert calibration(np.zeros(30), np.linspace(0.1, 0.4, 30), None).brier_skill is None
