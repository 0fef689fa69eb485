"""Learning what exponential smoothing gets wrong.

Belongs here: the step between a table of forecasts and a learner of numbers that corrects a classical forecast. Does
not belong here: the learners (`boosting/ets_lightgbm`, `deep/ets_tabm`) or the forecast
(`modeling.problems.forecasting.series`).

Series differ in size and share little but their rhythm, so a learner sees every value as its distance from the smoothed
forecast, in units of the series' typical error, and predicts that distance. As in Smyl 2020 ("A hybrid method of
exponential smoothing and recurrent neural networks", International Journal of Forecasting 36(1)), smoothing takes care
of level and season, and what is learned is learned across series.
"""

from dataclasses import replace
from pathlib import Path
from typing import ClassVar, Self

import numpy as np

from modeling.core.learner import FitSummary, Fitting, Learner
from modeling.core.table import Table
from modeling.problems.forecasting.series import SMOOTHED, STEP, TYPICAL_ERROR


class Correction(Learner):
    """Smoothing's forecast and, in its typical errors, the correction that `learner` predicts."""

    learner: ClassVar[type[Learner]]
    outcomes = ("regression",)
    reads = "forecasting"

    _fitted: Learner

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Fit the learner to the distances of the target from the smoothed forecast, in typical errors."""
        self._fitted = self.learner()
        return self._fitted.fit(distances(train), distances(valid), fitting)

    def predict(self, table: Table) -> np.ndarray:
        """float64 ``[n]``, in the target's unit: the smoothed forecast plus the predicted distance."""
        smoothed, error = (table.column(name).astype(np.float64) for name in (SMOOTHED, TYPICAL_ERROR))
        return smoothed + error * self._fitted.predict(distances(table))

    def save(self, folder: Path) -> None:
        """The learner of the distances; the forecast itself is a column of the table."""
        self._fitted.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        model._fitted = cls.learner.load(folder)
        return model


def distances(table: Table) -> Table:
    """Values and target as distances from the smoothed forecast, which itself is left as a size; all in typical
    errors."""
    smoothed, error = table.column(SMOOTHED), table.column(TYPICAL_ERROR)
    numeric = (table.numeric - smoothed[:, None]) / error[:, None]
    for name, kept in ((SMOOTHED, smoothed / error), (STEP, table.column(STEP)), (TYPICAL_ERROR, error)):
        numeric[:, table.numeric_names.index(name)] = kept
    target = (table.target - smoothed) / error if table.target.size else table.target
    return replace(table, numeric=numeric, target=target)
