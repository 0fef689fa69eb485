"""Scores of predictions, weighted by counts.

Belongs here: the arithmetic of every metric, written so that many weight vectors over the same predictions are cheap.
Does not belong here: which metrics a task reports (`modeling.tasks`), or the resampling that makes the weights
(`intervals`).

Every score equals scikit-learn's `sample_weight` version, ties included; it is repeated here because one bootstrap
scores the same predictions a thousand times and only the weights change, so the sort and the losses are made once.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from math import inf

import numpy as np

from modeling.core.task import Metric

FALSE_ALARMS = 0.1
"""One minus the specificity at which sensitivity is read."""

Prepared = Callable[[np.ndarray], float]
"""A score of fixed predictions, as a function of the weights ``[n]``."""


Trials = Callable[[np.ndarray], Sequence[np.ndarray]]
"""Which rows of a target ``[n]`` a score between 0 and 1 counts: bool masks ``[n]``, of which the smallest says how
many independent trials a score of exactly 0 or 1 rests on."""


def every_row(target: np.ndarray) -> Sequence[np.ndarray]:
    """For a mean over rows of values between 0 and 1: if its truth is m, a value is 1 with a chance of at most m."""
    return [np.ones(len(target), dtype=bool)]


def rows_of_each_class(target: np.ndarray) -> Sequence[np.ndarray]:
    """For a score of pairs, one of each class: the rarer class has as many disjoint, hence independent, pairs."""
    return [target == value for value in np.unique(target)]


@dataclass(frozen=True)
class Score:
    """A score that meets `Metric.score` and can also be prepared for many weight vectors.

    Attributes
    ----------
    lowest, highest: what it can be.
    trials: for a score between 0 and 1, the rows behind it; None for others.
    """

    prepare: Callable[[np.ndarray, np.ndarray], Prepared]
    lowest: float = -inf
    highest: float = inf
    trials: Trials | None = None

    def __call__(self, target: np.ndarray, predicted: np.ndarray, weight: np.ndarray) -> float:
        return self.prepare(target, predicted)(weight)


SHARE = partial(Score, lowest=0.0, highest=1.0, trials=every_row)
RANKING = partial(Score, lowest=0.0, highest=1.0, trials=rows_of_each_class)
ERROR = partial(Score, lowest=0.0)
"""Decorators of scores: means of values between 0 and 1, scores between 0 and 1 of classes against each other, and
errors without an upper end."""


def prepared(metric: Metric, target: np.ndarray, predicted: np.ndarray) -> Prepared:
    """The metric of these predictions as a function of the weights, with the shared work done."""
    if isinstance(metric.score, Score):
        return metric.score.prepare(target, predicted)
    return partial(metric.score, target, predicted)


def unweighted(metric: Metric, target: np.ndarray, predicted: np.ndarray) -> float:
    """The metric with every row counted once."""
    return metric.score(target, predicted, np.ones(len(target)))


@RANKING
def roc_auc(target: np.ndarray, predicted: np.ndarray) -> Prepared:
    """Area under the ROC curve of ``[n]`` probabilities; a tie counts half."""
    ranked = _Ranked.of(target, predicted)

    def score(weight: np.ndarray) -> float:
        true = weight[ranked.positive]
        false = _running_total(weight[ranked.negative])
        pairs = true.sum() * false[-1]
        lost = true @ (false[ranked.above] + false[ranked.not_below]) / 2
        return float(1 - lost / pairs) if pairs else np.nan

    return score


@RANKING
def average_precision(target: np.ndarray, predicted: np.ndarray) -> Prepared:
    """Sum of precisions weighted by the gain in recall, without interpolation."""
    ranked = _Ranked.of(target, predicted)

    def score(weight: np.ndarray) -> float:
        each = weight[ranked.positive]
        true = _running_total(each)
        if not true[-1]:
            return np.nan
        hit = true[ranked.hit]
        flagged = hit + _running_total(weight[ranked.negative])[ranked.not_below]
        return float(each @ (hit / np.maximum(flagged, np.finfo(float).tiny)) / true[-1])

    return score


@RANKING
def sensitivity_at_specificity(target: np.ndarray, predicted: np.ndarray) -> Prepared:
    """Share of the events found by the lowest threshold that calls at most `FALSE_ALARMS` of the others."""
    ranked = _Ranked.of(target, predicted)

    def score(weight: np.ndarray) -> float:
        true, false = weight[ranked.positive], _running_total(weight[ranked.negative])
        if not true.sum() or not false[-1]:
            return np.nan
        return float(true @ (false[ranked.not_below] <= FALSE_ALARMS * false[-1]) / true.sum())

    return score


@ERROR
def log_loss(target: np.ndarray, predicted: np.ndarray) -> Prepared:
    """Mean negative log likelihood of ``[n]`` probabilities of the event, or ``[n, classes]``."""
    of_truth = _probability_of_truth(target, predicted)
    edge = np.finfo(of_truth.dtype).eps
    return mean(-np.log(np.clip(of_truth, edge, 1 - edge)))


@SHARE
def brier(target: np.ndarray, predicted: np.ndarray) -> Prepared:
    """Mean squared difference of ``[n]`` probabilities and outcomes."""
    return mean((predicted - target) ** 2)


@SHARE
def accuracy(target: np.ndarray, predicted: np.ndarray) -> Prepared:
    """Share of rows whose most probable class is the true one; the event from a probability of one half on."""
    return mean((called(predicted) == target).astype(float))


@partial(Score, lowest=-1.0, highest=1.0)
def mcc(target: np.ndarray, predicted: np.ndarray) -> Prepared:
    """Correlation of ``[n]`` probabilities, cut at one half, with what happened (Matthews 1975); 0 where all are called
    alike."""
    called, event = predicted >= 0.5, target == 1

    def score(weight: np.ndarray) -> float:
        total = weight.sum()
        if not total:
            return np.nan
        said, true, both = (weight @ which / total for which in (called, event, called & event))
        spread = np.sqrt(said * (1 - said) * true * (1 - true))
        return float((both - said * true) / spread) if spread else 0.0

    return score


@RANKING
def macro_f1(target: np.ndarray, predicted: np.ndarray) -> Prepared:
    """F1 of the most probable class, averaged over the classes that occur as truth or prediction."""
    classes = predicted.shape[1] if predicted.ndim == 2 else 2
    cell = target.astype(np.int64) * classes + called(predicted)

    def score(weight: np.ndarray) -> float:
        confusion = np.bincount(cell, weight, classes**2).reshape(classes, classes)
        either = confusion.sum(axis=0) + confusion.sum(axis=1)
        occurs = either > 0
        return float(np.mean(2 * confusion.diagonal()[occurs] / either[occurs])) if occurs.any() else np.nan

    return score


@RANKING
def roc_auc_one_vs_rest(target: np.ndarray, predicted: np.ndarray) -> Prepared:
    """Mean over classes of the ROC AUC of a class against the others; undefined when a class has no rows."""
    each = [
        roc_auc.prepare((target == column).astype(float), predicted[:, column]) for column in range(predicted.shape[1])
    ]
    return lambda weight: float(np.mean([score(weight) for score in each]))


@ERROR
def rmse(target: np.ndarray, predicted: np.ndarray) -> Prepared:
    """Root of the mean squared error, in the target's unit."""
    mean_squared = mean((predicted - target) ** 2)
    return lambda weight: float(np.sqrt(mean_squared(weight)))


@ERROR
def mae(target: np.ndarray, predicted: np.ndarray) -> Prepared:
    """Mean absolute error, in the target's unit."""
    return mean(np.abs(predicted - target))


@partial(Score, highest=1.0)
def r2(target: np.ndarray, predicted: np.ndarray) -> Prepared:
    """Share of the target's variance explained; undefined for a constant target."""
    squared = (predicted - target) ** 2

    def score(weight: np.ndarray) -> float:
        middle = weight @ target / max(weight.sum(), 1)
        variation = weight @ (target - middle) ** 2
        return float(1 - weight @ squared / variation) if variation > 0 else np.nan

    return score


def called(predicted: np.ndarray) -> np.ndarray:
    """int64 ``[n]``: the most probable class; the event from a probability of one half on."""
    return predicted.argmax(axis=1) if predicted.ndim == 2 else (predicted >= 0.5).astype(np.int64)


def mean(values: np.ndarray) -> Prepared:
    """The weighted mean of a value per unit ``[u]``."""

    def score(weight: np.ndarray) -> float:
        total = weight.sum()
        return float(weight @ values / total) if total else np.nan

    return score


@dataclass(frozen=True)
class _Ranked:
    """Rows from the highest prediction to the lowest. For each positive: how many negatives lie `above` it and
    `not_below` it (ties included), and how many positives a threshold at its prediction has `hit`."""

    positive: np.ndarray
    negative: np.ndarray
    above: np.ndarray
    not_below: np.ndarray
    hit: np.ndarray

    @classmethod
    def of(cls, target: np.ndarray, predicted: np.ndarray) -> "_Ranked":
        order = np.argsort(-predicted, kind="stable")
        event = target[order] == 1
        positive, negative = order[event], order[~event]
        mine, others = -predicted[positive], -predicted[negative]
        return cls(
            positive,
            negative,
            above=np.searchsorted(others, mine, side="left"),
            not_below=np.searchsorted(others, mine, side="right"),
            hit=np.searchsorted(mine, mine, side="right"),
        )


def _running_total(weight: np.ndarray) -> np.ndarray:
    """``[n + 1]``: the weight of the first 0, 1, … n rows."""
    return np.append(0.0, np.cumsum(weight))


def _probability_of_truth(target: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    if predicted.ndim == 1:
        return np.where(target == 1, predicted, 1 - predicted)
    return np.take_along_axis(predicted, target.astype(np.int64)[:, None], axis=1)[:, 0]
