"""Logistic regression on circular fragments: the linear model every molecule model must beat."""

from pathlib import Path
from typing import Any, Self

import numpy as np
from pydantic import PositiveFloat
from scipy.sparse import csr_array
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from modeling.core.learner import FitSummary, Fitting, Hyperparameters, Learner
from modeling.core.table import Table
from modeling.learners.checks import check_target
from modeling.learners.work import TimeLimit
from modeling.problems.molecule import molecules

STRENGTHS = (0.001, 0.003, 0.01, 0.03, 0.1)


class FingerprintHyperparameters(Hyperparameters):
    """`C`: inverse strength of the penalty; None: chosen on tuning rows."""

    C: PositiveFloat | None = None


class Fingerprint(Learner):
    """scikit-learn's `LogisticRegression` on the logarithm of the counts of a Morgan fingerprint."""

    outcomes = ("binary",)
    deterministic = True
    hyperparameters = FingerprintHyperparameters
    extra = "molecules"
    reads = "molecule"

    _weights: np.ndarray
    _bias: float

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Choose `C` by the log loss of tuning rows, unless it is set."""
        limit = TimeLimit(fitting)
        chosen = FingerprintHyperparameters.read(fitting.parameters)
        check_target(self, train, valid, fitting)
        inputs = _inputs(train)
        if chosen.C:
            self._keep(_fitted(inputs, train, chosen.C))
            return FitSummary({"C": chosen.C})
        valid_inputs, lowest, best = _inputs(valid), np.inf, STRENGTHS[0]
        for done, strength in enumerate(STRENGTHS):
            if done and limit.stops(f"{done} of {len(STRENGTHS)} values of C"):
                break
            estimator = _fitted(inputs, train, strength)
            loss = log_loss(valid.target, estimator.predict_proba(valid_inputs), labels=estimator.classes_)
            if loss < lowest:
                lowest, best = loss, strength
                self._keep(estimator)
        return FitSummary({"C": best}, cut=limit.cut)

    def predict(self, table: Table) -> np.ndarray:
        """float64 ``[n]``: the probability of the event."""
        return 1 / (1 + np.exp(-(_inputs(table) @ self._weights + self._bias)))

    def save(self, folder: Path) -> None:
        """Weights and bias as `fingerprint.npz`."""
        np.savez(folder / "fingerprint.npz", allow_pickle=False, weights=self._weights, bias=self._bias)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        with np.load(folder / "fingerprint.npz", allow_pickle=False) as arrays:
            model._weights, model._bias = arrays["weights"], float(arrays["bias"])
        return model

    def _keep(self, estimator: Any) -> None:
        self._weights, self._bias = estimator.coef_[0], float(estimator.intercept_[0])


def _fitted(inputs: csr_array, train: Table, strength: float) -> LogisticRegression:
    return LogisticRegression(C=strength, max_iter=500).fit(inputs, train.target)


def _inputs(table: Table) -> csr_array:
    """float64 ``[n, bits]``: logarithms of the counts of fragments."""
    counts = molecules.stacked(molecules.fingerprint, molecules.smiles(table))
    return csr_array(np.log1p(counts, dtype=np.float64))


LEARNER = Fingerprint
