"""Seasonal exponential smoothing: the classical forecast that learned ones are compared with."""

from typing import ClassVar

import numpy as np

from modeling.domains.series import SMOOTHED
from modeling.learners.baseline._rule import Rule
from modeling.table import Table


class Model(Rule):
    """The forecast that the recipe (`modeling.domains.series`) fitted for each series; others read it too."""

    reads: ClassVar[str | None] = "forecasting"

    def predict(self, table: Table) -> np.ndarray:
        return table.column(SMOOTHED).astype(np.float64)
