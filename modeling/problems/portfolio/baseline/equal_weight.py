"""One share of each: the portfolio any other must beat (DeMiguel et al. 2009)."""

import numpy as np

from modeling.core.table import Table
from modeling.learners.rule import FixedRule


class EqualWeight(FixedRule):
    """No forecast at all (NaN), which a portfolio answers with equal weights."""

    reads = "portfolio"

    def predict(self, table: Table) -> np.ndarray:
        """float64 ``[n]``, all NaN: no opinion, from which the task makes equal weights."""
        return np.full(len(table), np.nan)


LEARNER = EqualWeight
