"""Do predicted probabilities mean what they say?

Belongs here: the calibration curve, its error, its slope and intercept. Does not belong here: mending a model's
probabilities.

Source: Bröcker 2012 and Kumar, Liang & Ma 2019 (error less what chance makes of it); Cox 1958 and Van Calster et al.
2019 (slope and intercept); Guo et al. 2017 (several classes: the most probable one, and the temperature).
"""

from collections.abc import Callable

import numpy as np
from scipy.special import expit, logit, softmax

from modeling.core.intervals import RESAMPLES, Range, clusters, estimated, sampling
from modeling.core.metrics import Prepared
from modeling.core.record import Calibration, Interval

BINS = 10
SUREST = 1e-6
"""Probabilities nearer to 0 or 1 are taken as this far away, where logits are used."""
_STEPS, _LONGEST, _CONVERGED, _SINGULAR = 50, 5.0, 1e-8, 1e12


def calibration(target: np.ndarray, predicted: np.ndarray, group: np.ndarray | None) -> Calibration:
    """Predicted against observed frequency in bins of equal counts; equal predictions share a bin.

    `predicted` is ``[n]``, the event's probability, or ``[n, classes]``: then the probability of the most probable
    class, against how often it is the true one. Rows of one `group` ``[n]`` are not independent.
    """
    cluster = clusters(len(target), group)
    several = predicted.ndim == 2
    happened, promised = _most_probable(target, predicted) if several else (target, predicted)
    bins, count = _bins(promised)
    slope, intercept = _recalibration(target, predicted, cluster) if not several else (None, None)
    skill = estimated(_brier_skill(target, predicted), len(target), group, Range(highest=1.0), RESAMPLES)
    return Calibration(
        error=_error(happened - promised, bins, cluster),
        predicted=(np.bincount(bins, promised) / count).tolist(),
        observed=(np.bincount(bins, happened) / count).tolist(),
        count=count.tolist(),
        slope=_temperature(target, predicted, cluster) if several else slope,
        intercept=intercept,
        brier_skill=skill if np.isfinite(skill.value) else None,
        event_share=None if several else float(np.mean(target)),
    )


def _most_probable(target: np.ndarray, predicted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return (predicted.argmax(axis=1) == target).astype(float), predicted.max(axis=1)


def _bins(promised: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which bin, from 0, a row is in ``[n]``, and how many rows each has."""
    edges = np.unique(np.quantile(promised, np.linspace(0, 1, BINS + 1)[1:-1]))
    _, bins, count = np.unique(np.searchsorted(edges, promised), return_inverse=True, return_counts=True)
    return bins, count


def _error(gap: np.ndarray, bins: np.ndarray, cluster: np.ndarray) -> Interval:
    """The root of the bins' mean squared gap, less its expectation by chance.

    The gaps d of the bins, of covariance C, make d'Wd, whose expectation is that of the true gaps + tr(CW), and whose
    variance is 4 d'WCWd - 2 tr((CW)²), estimated without bias; at least 2 tr((CW)²), which it is without true gaps.
    """
    count, of = np.bincount(bins), sampling(cluster)
    of_bin, weight = np.bincount(bins, gap) / count, count / len(gap)
    if of.clusters < 2:
        return Interval(value=float(np.sqrt(weight @ of_bin**2)))
    influence = np.zeros((of.clusters, len(count)))
    np.add.at(influence, (cluster, bins), (gap - of_bin[bins]) / count[bins])
    covariance = influence.T @ influence * of.inflation**2
    chance = covariance * weight
    squared = float(weight @ of_bin**2 - np.trace(chance))
    least = 2 * float(np.trace(chance @ chance))
    variance = max(4 * float(weight * of_bin @ covariance @ (weight * of_bin)) - least, least)
    side = of.quantile * float(np.sqrt(variance))
    value, low, high = (float(np.sqrt(max(0.0, each))) for each in (squared, squared - side, squared + side))
    return Interval(value=value, low=low, high=high)


Equations = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]
"""Coefficients ``[p]`` -> the rows' terms ``[n, p]`` of the equations whose sums are 0 at the estimate, and minus their
derivative ``[p, p]``."""


def _recalibration(
    target: np.ndarray, predicted: np.ndarray, cluster: np.ndarray
) -> tuple[Interval | None, Interval | None]:
    """The slope of a logistic regression on the predicted logit, and the intercept of one whose slope is 1."""
    promised = logit(np.clip(predicted, SUREST, 1 - SUREST))
    one = np.ones((len(target), 1))
    both = _solved(_logistic(np.column_stack([promised, one]), target, 0.0), np.array([1.0, 0.0]), cluster)
    alone = _solved(_logistic(one, target, promised), np.zeros(1), cluster)
    return both, alone


def _logistic(design: np.ndarray, target: np.ndarray, offset: np.ndarray | float) -> Equations:
    def equations(coefficients: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        chance = expit(design @ coefficients + offset)
        return design * (target - chance)[:, None], (design.T * (chance * (1 - chance))) @ design

    return equations


def _temperature(target: np.ndarray, predicted: np.ndarray, cluster: np.ndarray) -> Interval | None:
    """The power of the probabilities under which what happened is most likely."""
    logs = np.log(np.clip(predicted, SUREST, None))
    of_truth = np.take_along_axis(logs, target.astype(np.int64)[:, None], axis=1)

    def equations(power: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        chances = softmax(power * logs, axis=1)
        expected = (chances * logs).sum(axis=1, keepdims=True)
        variance = (chances * (logs - expected) ** 2).sum()
        return of_truth - expected, np.array([[variance]])

    return _solved(equations, np.ones(1), cluster)


def _solved(equations: Equations, start: np.ndarray, cluster: np.ndarray) -> Interval | None:
    """The first coefficient, by Newton's method, with the interval of its sandwich variance by cluster (Liang & Zeger
    1986). None where there is no finite estimate: classes told apart without error, or constant predictions."""
    of, coefficients = sampling(cluster), start
    for _ in range(_STEPS):
        terms, derivative = equations(coefficients)
        if of.clusters < 2 or np.linalg.cond(derivative) > _SINGULAR:
            return None
        step = np.linalg.solve(derivative, terms.sum(axis=0))
        if np.abs(step).max() < _CONVERGED:
            break
        coefficients = coefficients + np.clip(step, -_LONGEST, _LONGEST)
    else:
        return None
    by_cluster = np.zeros((of.clusters, len(start)))
    np.add.at(by_cluster, cluster, terms)
    influence = np.linalg.solve(derivative, by_cluster.T)[0]
    side = of.quantile * of.inflation * float(np.sqrt(influence @ influence))
    value = float(coefficients[0])
    return Interval(value=value, low=value - side, high=value + side)


def _brier_skill(target: np.ndarray, predicted: np.ndarray) -> Prepared:
    """Against predicting the share of every class among the rows scored."""
    chances = predicted if predicted.ndim == 2 else np.column_stack([1 - predicted, predicted])
    truth = np.eye(chances.shape[1])[target.astype(np.int64)]
    squared = ((chances - truth) ** 2).sum(axis=1)

    def score(weight: np.ndarray) -> float:
        total = max(weight.sum(), 1.0)
        reference = 1 - float(np.sum((weight @ truth / total) ** 2))
        return float(1 - weight @ squared / total / reference) if reference > 0 else np.nan

    return score
