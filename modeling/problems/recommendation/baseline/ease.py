"""EASE: a linear autoencoder of histories, solved in closed form.

Source: Steck 2019, "Embarrassingly shallow autoencoders for sparse data".
"""

from pathlib import Path
from typing import Self

import numpy as np
from pydantic import PositiveFloat

from modeling.core.learner import FitSummary, Fitting, Learner, LearnerError
from modeling.core.table import Table
from modeling.learners.work import TimeLimit
from modeling.problems.recommendation.ranking import (
    ITEMS,
    RecommenderHyperparameters,
    best_on,
    check_histories,
    popular,
    ranked,
    taken,
)

PENALTIES = (300.0, 100.0, 1000.0, 30.0, 3000.0)
MOST_ITEMS = 20_000
"""The items' square matrix is inverted: 3.2 GB at this size."""


class EASEHyperparameters(RecommenderHyperparameters):
    """`penalty`: L2 on the weights between items; None: chosen on tuning users."""

    penalty: PositiveFloat | None = None


class EASE(Learner):
    """Every item is predicted from all others: the weights that rebuild training histories best."""

    outcomes = ("ranking",)
    deterministic = True
    hyperparameters = EASEHyperparameters
    reads = "recommendation"

    _weights: np.ndarray
    _popular: np.ndarray

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Choose the penalty by the lists of tuning users, unless it is set.

        Raises
        ------
        LearnerError: there are more items than the matrix to invert may have.
        """
        limit = TimeLimit(fitting)
        chosen = EASEHyperparameters.read(fitting.parameters)
        check_histories(self, train, fitting)
        items = train.shared[ITEMS].height
        if items > MOST_ITEMS:
            raise LearnerError(f"EASE inverts a matrix of all {items:,} items; {MOST_ITEMS:,} at most: use item_knn")
        self._popular, half_life = popular(train, valid, chosen, limit)
        together = self._together(train)

        def lists(penalty: float) -> np.ndarray:
            self._weights = between_items(together, penalty)
            return self.predict(valid)

        penalty = best_on(valid, PENALTIES if chosen.penalty is None else (chosen.penalty,), lists, limit)
        self._weights = between_items(together, penalty)
        return FitSummary(parameters={"half_life": half_life, "penalty": penalty}, cut=limit.cut)

    def predict(self, table: Table) -> np.ndarray:
        """int64 ``[n, k]``: the codes of the best items of each user, best first."""
        return ranked(lambda part: taken(part) @ self._weights, self._popular, table)

    def save(self, folder: Path) -> None:
        """Weights between items and popularity as `ease.npz`."""
        np.savez(folder / "ease.npz", allow_pickle=False, weights=self._weights, popular=self._popular)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        with np.load(folder / "ease.npz", allow_pickle=False) as arrays:
            model._weights, model._popular = arrays["weights"], arrays["popular"]
        return model

    @staticmethod
    def _together(train: Table) -> np.ndarray:
        """``[items, items]``: how many users have both."""
        histories = taken(train)
        return (histories.T @ histories).toarray().astype(np.float64)


def between_items(together: np.ndarray, penalty: float) -> np.ndarray:
    """float32 ``[items, items]``: what having an item says for another, nothing for itself."""
    inverse = np.linalg.inv(together + penalty * np.eye(len(together)))
    weights = -inverse / inverse.diagonal()
    np.fill_diagonal(weights, 0)
    return weights.astype(np.float32)


LEARNER = EASE
