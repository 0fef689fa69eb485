"""Seasonal exponential smoothing: the classical forecast that learned ones are compared with."""

from typing import ClassVar

import numpy as np

from modeling.learners.baseline._rule import Rule
from modeling.series import SMOOTHED
from modeling.table import Table


class Model(Rule):
    """The forecast that the recipe fitted for each series (`modeling.series`), which other learners read as well."""

    reads: ClassVar[str | None] = "forecasting"

    def predict(self, table: Table) -> np.ndarray:
        return table.column(SMOOTHED).astype(np.float64)
