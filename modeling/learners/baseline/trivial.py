"""The trivial learner: the same answer for every row. What any model must beat."""

import json
from pathlib import Path
from typing import Self

import numpy as np

from modeling.core.learner import FitSummary, Fitting, Hyperparameters, Learner
from modeling.core.table import Table
from modeling.learners.checks import check_target


class Trivial(Learner):
    """Predicts the share of each class, or the mean, of the training rows; for survival the same risk for all."""

    outcomes = ("binary", "multiclass", "regression", "survival")
    deterministic = True

    _answer: float | list[float]

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Take the mean of the training target, the share of each class, or for survival one risk for all."""
        Hyperparameters.read(fitting.parameters)
        check_target(self, train, valid, fitting)
        if fitting.outcome == "multiclass":
            self._answer = (np.bincount(train.target, minlength=fitting.classes) / len(train)).tolist()
        else:
            self._answer = 0.0 if fitting.outcome == "survival" else float(train.target.mean())
        return FitSummary(parameters={})

    def predict(self, table: Table) -> np.ndarray:
        """The same answer for every row: float64 ``[n]``, or ``[n, classes]`` for several classes."""
        return np.full((len(table), *np.shape(self._answer)), self._answer, dtype=np.float64)

    def save(self, folder: Path) -> None:
        """The answer as `trivial.json`."""
        (folder / "trivial.json").write_text(json.dumps({"answer": self._answer}))

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        model._answer = json.loads((folder / "trivial.json").read_text())["answer"]
        return model


LEARNER = Trivial
