"""Acting on a probability: from which threshold, and what that costs.

Belongs here: the threshold that costs least and its consequences. Does not belong here: what a wrong decision costs
(the use case says), or curves over all thresholds (`curves`).
"""

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import confusion_matrix_at_thresholds

from catalogue.definition import Costs
from modeling.core.intervals import Range, difference, estimated, share
from modeling.core.metrics import mean
from modeling.core.record import Interval, OperatingPoint, Promise

NEVER = float(np.nextafter(1.0, 2.0))
"""A threshold no probability reaches."""


def cheapest_threshold(target: np.ndarray, predicted: np.ndarray, costs: Costs) -> float:
    """The probability from which acting costs least on these rows; the higher one where several do."""
    _, false_positive, false_negative, _, thresholds = confusion_matrix_at_thresholds(target, predicted)
    cost = false_positive * costs.false_positive + false_negative * costs.false_negative
    never = (target == 1).sum() * costs.false_negative
    return float(thresholds[cost.argmin()]) if cost.min() < never else NEVER


@dataclass(frozen=True)
class Answered:
    """Rows with their `target` ``[n]``, 0 or 1, the probabilities `predicted` ``[n]`` for them, and their `group`
    ``[n]``, or None where they stand alone."""

    target: np.ndarray
    predicted: np.ndarray
    group: np.ndarray | None

    def shares(self, threshold: float) -> dict[str, Interval | None]:
        """`recall`, `precision` and `specificity` of acting from `threshold` on; None where they are undefined."""
        event, acted = self.target == 1, self.predicted >= threshold
        return {
            "recall": share(acted, event, self.group),
            "precision": share(event, acted, self.group),
            "specificity": share(~acted, ~event, self.group),
        }


def decision(test: Answered, validation: Answered, threshold: float, costs: Costs) -> OperatingPoint:
    """What acting from `threshold` on does to the test rows, beside what it did to the `validation` rows that chose
    it."""
    on_test, promised = test.shares(threshold), validation.shares(threshold)
    event, acted = test.target == 1, test.predicted >= threshold
    cost = 1000.0 * ((acted & ~event) * costs.false_positive + (event & ~acted) * costs.false_negative)
    promises = {name: _promise(on_test[name], promised[name]) for name in ("recall", "specificity")}
    return OperatingPoint(
        threshold=threshold,
        cost_false_positive=costs.false_positive,
        cost_false_negative=costs.false_negative,
        **on_test,
        cost_per_1000=estimated(mean(cost), len(cost), test.group, Range(lowest=0.0)),
        cost_per_1000_never=1000 * float(event.mean()) * costs.false_negative,
        cost_per_1000_always=1000 * float((~event).mean()) * costs.false_positive,
        promises={name: promise for name, promise in promises.items() if promise is not None},
    )


def _promise(measured: Interval | None, promised: Interval | None) -> Promise | None:
    """The rows differ, so the two shares are independent."""
    if measured is None or promised is None:
        return None
    change = difference(measured, promised)
    moved = change.low is not None and change.high is not None and (change.low > 0 or change.high < 0)
    return Promise(validation=promised, change=change, moved=moved)
