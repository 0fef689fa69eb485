"""BG/NBD, and LightGBM on what it gets wrong.

BG/NBD follows big spenders as far as they go, which trees can't; trees see what it doesn't know of, such as seasons and
what was bought. BG/NBD never reads the target, so its expectations of training rows are as honest as of any others.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from pydantic import Field

from modeling.core.learner import FitSummary, Fitting, Hyperparameters, Learner
from modeling.core.table import Table
from modeling.learners.boosting import lightgbm
from modeling.problems.tabular.baseline import bg_nbd

EXPECTED = "expected by BG/NBD"


class BGNBDLightGBMHyperparameters(Hyperparameters):
    """The hyperparameters of each part."""

    bg_nbd: dict[str, Any]
    lightgbm: dict[str, Any] = Field(default={})


class BGNBDLightGBM(Learner):
    """The expected spend of `bg_nbd`, which is a feature too, and trees that predict its error."""

    outcomes = ("regression",)
    hyperparameters = BGNBDLightGBMHyperparameters
    reads = "orders"

    _orders: bg_nbd.BGNBD
    _trees: lightgbm.LightGBM

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Fit `bg_nbd`, then trees to what it leaves unexplained."""
        chosen = BGNBDLightGBMHyperparameters.read(fitting.parameters)
        self._orders, self._trees = bg_nbd.BGNBD(), lightgbm.LightGBM()
        orders = self._orders.fit(train, valid, replace(fitting, parameters=chosen.bg_nbd))
        errors = self._errors(train), self._errors(valid)
        trees = self._trees.fit(*errors, replace(fitting, parameters=chosen.lightgbm))
        parameters = {"bg_nbd": orders.parameters, "lightgbm": trees.parameters}
        return FitSummary(parameters, trees.curve, [*orders.notes, *trees.notes], trees.cut)

    def predict(self, table: Table) -> np.ndarray:
        """float64 ``[n]``, in the target's unit."""
        errors = self._errors(table)
        return errors.column(EXPECTED) + self._trees.predict(errors)

    def save(self, folder: Path) -> None:
        """Both models, each as it saves itself."""
        self._orders.save(folder)
        self._trees.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        model._orders, model._trees = bg_nbd.BGNBD.load(folder), lightgbm.LightGBM.load(folder)
        return model

    def _errors(self, table: Table) -> Table:
        """The rows with the expectation as a feature, and its error as the target where that is known."""
        expected = self._orders.predict(table)
        return replace(
            table,
            numeric=np.column_stack([table.numeric, expected.astype(np.float32)]),
            numeric_names=(*table.numeric_names, EXPECTED),
            target=table.target - expected if table.target.size else table.target,
        )


LEARNER = BGNBDLightGBM
