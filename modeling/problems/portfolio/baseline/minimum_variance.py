"""The portfolio of the least variance: risk alone decides."""

import numpy as np

from modeling.core.table import Table
from modeling.learners.rule import FixedRule


class MinimumVariance(FixedRule):
    """Forecasts the same return for every asset, so that only their risk is left to choose by."""

    reads = "portfolio"

    def predict(self, table: Table) -> np.ndarray:
        """float64 ``[n]``, all zero: no expected return, so risk alone decides."""
        return np.zeros(len(table))


LEARNER = MinimumVariance
