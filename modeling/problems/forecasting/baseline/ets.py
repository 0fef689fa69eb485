"""Seasonal exponential smoothing: the classical forecast that learned ones are compared with."""

import numpy as np

from modeling.core.table import Table
from modeling.learners.rule import FixedRule
from modeling.problems.forecasting.series import SMOOTHED


class ETS(FixedRule):
    """The forecast that the recipe (`modeling.problems.forecasting.series`) fitted for each series; others read it
    too."""

    reads = "forecasting"

    def predict(self, table: Table) -> np.ndarray:
        """float64 ``[n]``, in the target's unit."""
        return table.column(SMOOTHED).astype(np.float64)


LEARNER = ETS
