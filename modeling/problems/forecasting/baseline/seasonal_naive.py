"""The seasonal naive forecast: what any forecaster must beat."""

import numpy as np

from modeling.core.table import Table
from modeling.learners.rule import FixedRule
from modeling.problems.forecasting.series import SEASONAL_NAIVE


class SeasonalNaive(FixedRule):
    """The last known value of the same phase: this hour a week ago."""

    reads = "forecasting"

    def predict(self, table: Table) -> np.ndarray:
        """float64 ``[n]``, in the target's unit: the value one season before."""
        return table.column(SEASONAL_NAIVE).astype(np.float64)


LEARNER = SeasonalNaive
