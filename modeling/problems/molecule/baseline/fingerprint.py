"""Logistic regression on circular fragments: the linear model every molecule model must beat."""

import time
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import PositiveFloat
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from modeling.core.learner import FitSummary, Fitting, Outcome
from modeling.core.table import Table
from modeling.learners.checks import Hyperparameters, check_target, read_hyperparameters
from modeling.problems.molecule import molecules

STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1)


class FingerprintHyperparameters(Hyperparameters):
    """`C`: inverse strength of the penalty; None: chosen on validation rows."""

    C: PositiveFloat | None = None


class Fingerprint:
    """scikit-learn's `LogisticRegression` on the logarithm of the counts of a Morgan fingerprint."""

    outcomes: ClassVar[tuple[Outcome, ...]] = ("binary",)
    default_seconds: ClassVar[float] = 15
    extra: ClassVar[str | None] = "molecules"
    reads: ClassVar[str | None] = "molecule"

    _weights: np.ndarray
    _bias: float

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        start = time.monotonic()
        hyperparameters = read_hyperparameters(FingerprintHyperparameters, fitting.parameters)
        check_target(self, train, valid, fitting)
        rows = _inputs(train)
        if hyperparameters.C:
            self._keep(_fitted(rows, train, hyperparameters.C))
            return FitSummary({"C": hyperparameters.C})
        judged, best, chosen, notes = _inputs(valid), np.inf, STRENGTHS[0], []
        for done, strength in enumerate(STRENGTHS):
            if done and time.monotonic() - start > fitting.seconds:
                notes.append(f"time was up after {done} of {len(STRENGTHS)} values of C")
                break
            estimator = _fitted(rows, train, strength)
            loss = log_loss(valid.target, estimator.predict_proba(judged), labels=estimator.classes_)
            if loss < best:
                best, chosen = loss, strength
                self._keep(estimator)
        return FitSummary({"C": chosen}, notes=notes)

    def predict(self, table: Table) -> np.ndarray:
        return 1 / (1 + np.exp(-(_inputs(table) @ self._weights + self._bias)))

    def save(self, folder: Path) -> None:
        np.savez(folder / "fingerprint.npz", allow_pickle=False, weights=self._weights, bias=self._bias)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        with np.load(folder / "fingerprint.npz", allow_pickle=False) as arrays:
            model._weights, model._bias = arrays["weights"], float(arrays["bias"])
        return model

    def _keep(self, estimator: Any) -> None:
        self._weights, self._bias = estimator.coef_[0], float(estimator.intercept_[0])


def _fitted(rows: csr_array, train: Table, strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=500).fit(rows, train.target)


def _inputs(table: Table) -> csr_array:
    counts = molecules.stacked(molecules.fingerprint, molecules.smiles(table))
    return csr_array(np.log1p(counts, dtype=np.float64))


LEARNER = Fingerprint
