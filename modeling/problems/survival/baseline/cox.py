"""Cox regression with an elastic net: the linear model every survival model must beat."""

from pathlib import Path
from typing import Any, Self

import numpy as np
from pydantic import Field, PositiveFloat
from sklearn.compose import ColumnTransformer

from modeling.core.learner import FitSummary, Fitting, Hyperparameters, Learner, LearnerError
from modeling.core.table import Table
from modeling.learners import encoding, scikit_file
from modeling.learners.censoring import AtRisk, seen, times
from modeling.learners.checks import check

STRENGTHS = (0.1, 0.03, 0.01, 0.003, 0.001)


class CoxHyperparameters(Hyperparameters):
    """`alpha`: strength of the penalty; None: chosen on tuning rows. `l1_ratio`: the lasso's part in it."""

    alpha: PositiveFloat | None = None
    l1_ratio: float = Field(0.1, gt=0, le=1)


class Cox(Learner):
    """scikit-survival's `CoxnetSurvivalAnalysis` (Simon et al. 2011) on quantile-scaled and one-hot columns."""

    outcomes = ("survival",)
    deterministic = True
    hyperparameters = CoxHyperparameters
    extra = "survival"

    _columns: ColumnTransformer
    _coefficients: np.ndarray

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Fit a path of penalties; `alpha`, unless set, is that of the least loss on tuning rows."""
        chosen = CoxHyperparameters.read(fitting.parameters)
        check(self, train, valid, fitting)
        self._columns = encoding.encoder(train, seed=0)
        strengths = [*(alpha for alpha in STRENGTHS if not chosen.alpha or alpha > chosen.alpha)]
        strengths += [chosen.alpha] if chosen.alpha else []
        path = _path(self._inputs(train), train.target, strengths, chosen.l1_ratio)
        best = -1 if chosen.alpha else _least_loss(path, self._inputs(valid), valid.target)
        self._coefficients = path[:, best]
        notes = [] if path.shape[1] == len(strengths) else [f"diverged with alpha below {strengths[path.shape[1] - 1]}"]
        return FitSummary(chosen.model_dump() | {"alpha": strengths[: path.shape[1]][best]}, notes=notes)

    def predict(self, table: Table) -> np.ndarray:
        """float64 ``[n]``: the logarithm of the hazard, up to a constant."""
        return self._inputs(table) @ self._coefficients

    def save(self, folder: Path) -> None:
        """Encoder (`columns.skops`) and coefficients (`coefficients.npz`)."""
        scikit_file.write(self._columns, folder / "columns.skops")
        np.savez(folder / "coefficients.npz", allow_pickle=False, coefficients=self._coefficients)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        model._columns = scikit_file.read(folder / "columns.skops")
        with np.load(folder / "coefficients.npz", allow_pickle=False) as arrays:
            model._coefficients = arrays["coefficients"]
        return model

    def _inputs(self, table: Table) -> np.ndarray:
        """float64 ``[n, width]``."""
        matrix: Any = self._columns.transform(table.matrix.astype(np.float64))
        return matrix if isinstance(matrix, np.ndarray) else matrix.toarray()


def _path(inputs: np.ndarray, target: np.ndarray, strengths: list[float], l1_ratio: float) -> np.ndarray:
    """Coefficients ``[width, k]`` by penalty, strongest first, each starting from the one before; the weakest penalties
    are left out where the search diverges.

    Raises
    ------
    LearnerError: it diverges with the strongest penalty too.
    """
    from sksurv.linear_model import CoxnetSurvivalAnalysis
    from sksurv.util import Surv

    ends = Surv.from_arrays(seen(target), times(target))
    for count in range(len(strengths), 0, -1):
        try:
            return CoxnetSurvivalAnalysis(alphas=strengths[:count], l1_ratio=l1_ratio).fit(inputs, ends).coef_
        except ArithmeticError:
            continue
    raise LearnerError(f"the search diverges even with alpha {strengths[0]}: increase alpha")


def _least_loss(coefficients: np.ndarray, inputs: np.ndarray, target: np.ndarray) -> int:
    """Which column of `coefficients` ``[width, k]`` does best on these rows."""
    at_risk = AtRisk(target)
    return int(np.argmin([at_risk.loss(inputs @ column) for column in coefficients.T]))


LEARNER = Cox
