"""Keeps lane and speed, whatever happens: the policy that any driver must beat."""

import numpy as np

from modeling.core.table import Table
from modeling.learners.rule import FixedRule
from modeling.problems.driving.highway import ACTIONS


class ConstantSpeed(FixedRule):
    """Certain of `IDLE` in every row."""

    outcomes = ("multiclass",)
    reads = "driving"

    def predict(self, table: Table) -> np.ndarray:
        """Probability 1 of `IDLE` in every row: float64 ``[n, actions]``."""
        return np.tile(np.eye(len(ACTIONS))[ACTIONS.index("IDLE")], (len(table), 1))


LEARNER = ConstantSpeed
