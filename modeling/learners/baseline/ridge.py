"""Ridge regression: the linear model every regressor must beat."""

from pathlib import Path
from typing import Self

import numpy as np
from pydantic import PositiveFloat
from sklearn import linear_model
from sklearn.metrics import mean_squared_error
from sklearn.pipeline import Pipeline

from modeling.core.learner import FitSummary, Fitting, Hyperparameters, Learner
from modeling.core.table import Table
from modeling.learners import linear, scikit_file
from modeling.learners.checks import check

STRENGTHS = (1000.0, 100.0, 10.0, 1.0, 0.1)


class RidgeHyperparameters(Hyperparameters):
    """`alpha`: strength of the penalty; None: chosen on tuning rows."""

    alpha: PositiveFloat | None = None


class Ridge(Learner):
    """scikit-learn's `Ridge` on quantile-scaled and one-hot columns."""

    outcomes = ("regression",)
    deterministic = True
    hyperparameters = RidgeHyperparameters

    _pipeline: Pipeline

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Choose `alpha` by the squared error of tuning rows, unless it is set."""
        chosen = RidgeHyperparameters.read(fitting.parameters)
        check(self, train, valid, fitting)
        best = linear.choose(
            lambda width: linear_model.Ridge(),
            "alpha",
            (chosen.alpha,) if chosen.alpha else STRENGTHS,
            lambda model, rows: mean_squared_error(valid.target, model.predict(rows)),
            train,
            valid,
            fitting,
        )
        self._pipeline = best.pipeline
        return FitSummary(parameters={"alpha": best.strength}, notes=best.notes, cut=best.cut)

    def predict(self, table: Table) -> np.ndarray:
        """float64 ``[n]``, in the target's unit."""
        return self._pipeline.predict(linear.inputs(table))

    def save(self, folder: Path) -> None:
        """Encoder and regression as `ridge.skops`."""
        scikit_file.write(self._pipeline, folder / "ridge.skops")

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        model._pipeline = scikit_file.read(folder / "ridge.skops")
        return model


LEARNER = Ridge
