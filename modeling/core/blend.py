"""Learners that predict as one.

Belongs here: fitted learners with their shares and what recalibrates their answer. Does not belong here: finding the
shares (`modeling.evaluation.ensemble`) or the calibrator (`modeling.evaluation.recalibration`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from modeling.core.calibrator import Calibrator
from modeling.core.learner import Learner
from modeling.core.table import Table

Weights = dict[str, float]
"""Learner -> its share; positive, sums to 1."""


@dataclass(frozen=True)
class Blend:
    """Fitted learners that predict as their weighted mean, recalibrated where there is a calibrator; a single learner
    is a blend of one."""

    learners: Mapping[str, Learner]
    weights: Weights
    calibrator: Calibrator | None = None

    def predict(self, table: Table) -> np.ndarray:
        """As the learners: ``[n]`` or ``[n, classes]``, or a single learner's ``[n, k]`` items."""
        together = blended({name: self.learners[name].predict(table) for name in self.weights}, self.weights)
        return self.calibrator.applied(together) if self.calibrator else together


def blended(predicted: Mapping[str, np.ndarray], weights: Weights) -> np.ndarray:
    """The weighted mean of predictions of the same rows; a single one as it is, for it need not be a number."""
    if len(weights) == 1:
        return predicted[next(iter(weights))]
    return np.sum([weight * predicted[name] for name, weight in weights.items()], axis=0)
