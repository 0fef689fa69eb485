"""Acting on a probability: from which threshold, and what that costs.

Belongs here: the threshold that costs least and its consequences. Does not belong here: what a wrong decision costs
(the use case says), or curves over all thresholds (`curves`).
"""

import numpy as np
from sklearn.metrics import confusion_matrix_at_thresholds

from catalogue.definition import Costs
from modeling.core.intervals import interval, resampled
from modeling.core.record import OperatingPoint

NEVER = float(np.nextafter(1.0, 2.0))
"""A threshold no probability reaches."""


def cheapest_threshold(target: np.ndarray, predicted: np.ndarray, costs: Costs) -> float:
    """The probability from which acting costs least on these rows; the higher one where several do."""
    _, false_positive, false_negative, _, thresholds = confusion_matrix_at_thresholds(target, predicted)
    cost = false_positive * costs.false_positive + false_negative * costs.false_negative
    never = (target == 1).sum() * costs.false_negative
    return float(thresholds[cost.argmin()]) if cost.min() < never else NEVER


def decision(
    target: np.ndarray, predicted: np.ndarray, threshold: float, costs: Costs, group: np.ndarray | None
) -> OperatingPoint:
    """What acting from `threshold` on does to these rows, with clustered bootstrap intervals."""
    event, acted = target == 1, predicted >= threshold

    def recall(weight: np.ndarray) -> float:
        return _ratio(weight[event & acted].sum(), weight[event].sum())

    def precision(weight: np.ndarray) -> float:
        return _ratio(weight[event & acted].sum(), weight[acted].sum())

    draws = resampled([recall, precision], group, len(target))
    once = np.ones(len(target))
    per_1000 = 1000 / len(target)
    false_positives, false_negatives = (acted & ~event).sum(), (event & ~acted).sum()
    return OperatingPoint(
        threshold=threshold,
        cost_false_positive=costs.false_positive,
        cost_false_negative=costs.false_negative,
        recall=interval(recall(once), draws[:, 0]),
        precision=interval(precision(once), draws[:, 1]) if acted.any() else None,
        cost_per_1000=per_1000 * (false_positives * costs.false_positive + false_negatives * costs.false_negative),
        cost_per_1000_never=per_1000 * event.sum() * costs.false_negative,
        cost_per_1000_always=per_1000 * (~event).sum() * costs.false_positive,
    )


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else np.nan
