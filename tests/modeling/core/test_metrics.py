"""Scores equal scikit-learn's on weighted rows, ties included; those of whole tasks are in the tests of the tasks."""

import numpy as np
import pytest
from sklearn import metrics as sk

from modeling.core.metrics import log_loss, mcc, sensitivity_at_specificity

ONCE = np.ones(200)


def events() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two hundred outcomes, probabilities with ties, and how often each row counts."""
    draw = np.random.default_rng(0)
    target = (draw.random(200) < 0.3).astype(float)
    predicted = np.round(np.clip(0.3 * target + 0.7 * draw.random(200), 0, 1), 1)
    return target, predicted, draw.integers(0, 4, 200).astype(float)


def test_the_matthews_correlation_is_scikit_learns():
    target, predicted, weight = events()
    expected = sk.matthews_corrcoef(target, predicted >= 0.5, sample_weight=weight)
    assert mcc(target, predicted, weight) == pytest.approx(expected)


def test_the_matthews_correlation_of_one_call_for_all_is_none():
    target, _, _ = events()
    assert mcc(target, np.zeros(200), ONCE) == 0
    assert np.isnan(mcc(target, np.zeros(200), 0 * ONCE))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("sure", [0.0, 1.0], ids=["of the wrong class", "of the right class"])
def test_the_log_loss_of_a_certain_probability_is_scikit_learns(sure: float, dtype: type):
    target = np.array([0.0, 1.0])
    predicted = np.where(target == 1, sure, 1 - sure).astype(dtype)
    loss = log_loss(target, predicted, np.ones(2))
    assert loss == pytest.approx(sk.log_loss(target, predicted), rel=1e-6, abs=0)
    assert loss > 0


def test_sensitivity_at_a_specificity_is_a_point_of_the_roc_curve():
    target, predicted, weight = events()
    false_rate, true_rate, _ = sk.roc_curve(target, predicted, sample_weight=weight, drop_intermediate=False)
    expected = true_rate[false_rate <= 0.1].max()
    assert 0 < expected < 1
    assert sensitivity_at_specificity(target, predicted, weight) == pytest.approx(expected)


def test_sensitivity_is_undefined_without_both_classes():
    assert np.isnan(sensitivity_at_specificity(np.ones(3), np.arange(3.0), np.ones(3)))
    assert np.isnan(sensitivity_at_specificity(np.zeros(3), np.arange(3.0), np.ones(3)))
