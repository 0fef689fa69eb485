"""Logistic regression with an L2 penalty: the linear model every classifier must beat."""

import json
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import PositiveFloat
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.pipeline import Pipeline

from modeling.core.learner import FitSummary, Fitting, Hyperparameters, Learner
from modeling.core.table import Table
from modeling.learners import linear, scikit_file
from modeling.learners.checks import check

STRENGTHS = (0.001, 0.01, 0.1, 1.0)
NEWTON_WIDTH = 2000
"""Newton's method solves in a few passes, on a Hessian of this width at most; lbfgs takes over beyond."""


class LogisticHyperparameters(Hyperparameters):
    """`C`: inverse strength of the penalty; None: chosen on tuning rows."""

    C: PositiveFloat | None = None


class Logistic(Learner):
    """scikit-learn's `LogisticRegression` on quantile-scaled and one-hot columns."""

    outcomes = ("binary", "multiclass")
    deterministic = True
    hyperparameters = LogisticHyperparameters

    _pipeline: Pipeline
    _binary: bool

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Choose `C` by the log loss of tuning rows, unless it is set."""
        chosen = LogisticHyperparameters.read(fitting.parameters)
        check(self, train, valid, fitting)
        best = linear.choose(
            lambda width: LogisticRegression(solver=_solver(width * fitting.classes), max_iter=200, warm_start=True),
            "C",
            (chosen.C,) if chosen.C else STRENGTHS,
            lambda model, rows: log_loss(valid.target, model.predict_proba(rows), labels=model.classes_),
            train,
            valid,
            fitting,
        )
        self._pipeline, self._binary = best.pipeline, fitting.outcome == "binary"
        return FitSummary(parameters={"C": best.strength}, notes=best.notes, cut=best.cut)

    def predict(self, table: Table) -> np.ndarray:
        """float64 probability of the event ``[n]``, or of each class ``[n, classes]``."""
        probability = self._pipeline.predict_proba(linear.inputs(table))
        return probability[:, 1] if self._binary else probability

    def save(self, folder: Path) -> None:
        """Encoder and regression as `logistic.skops`, the shape of the answer as `logistic.json`."""
        scikit_file.write(self._pipeline, folder / "logistic.skops")
        (folder / "logistic.json").write_text(json.dumps({"binary": self._binary}))

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        model._pipeline = scikit_file.read(folder / "logistic.skops")
        model._binary = json.loads((folder / "logistic.json").read_text())["binary"]
        return model


def _solver(unknowns: int) -> str:
    return "newton-cholesky" if unknowns <= NEWTON_WIDTH else "lbfgs"


LEARNER = Logistic
