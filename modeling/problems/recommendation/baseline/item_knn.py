"""Item-kNN: what was taken together with what the user has.

Source: Sarwar et al. 2001, "Item-based collaborative filtering recommendation algorithms"; shrinkage as in Koren 2008.
"""

from itertools import product
from pathlib import Path
from typing import Self

import numpy as np
from pydantic import Field
from scipy.sparse import csr_array, save_npz

from modeling.core.learner import FitSummary, Fitting, Learner
from modeling.core.table import Table
from modeling.learners.work import TimeLimit
from modeling.problems.recommendation.ranking import (
    RecommenderHyperparameters,
    best_on,
    check_histories,
    popular,
    ranked,
    taken,
)

NEIGHBOURS = (100, 30, 300)
SHRINKAGES = (10.0, 100.0)


class ItemKNNHyperparameters(RecommenderHyperparameters):
    """`neighbours`: items that speak for an item; `shrink`: common users a pair must exceed by far to be believed.
    None: chosen on tuning users."""

    neighbours: int | None = Field(None, ge=1)
    shrink: float | None = Field(None, ge=0)


class ItemKNN(Learner):
    """The cosine of items, kept for each item's nearest."""

    outcomes = ("ranking",)
    deterministic = True
    hyperparameters = ItemKNNHyperparameters
    reads = "recommendation"

    _similar: csr_array
    _popular: np.ndarray

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Choose the number of neighbours and the shrinkage by the lists of tuning users, unless they are set."""
        limit = TimeLimit(fitting)
        chosen = ItemKNNHyperparameters.read(fitting.parameters)
        check_histories(self, train, fitting)
        self._popular, half_life = popular(train, valid, chosen, limit)
        histories = taken(train)
        together = (histories.T @ histories).tocsr()

        def lists(choice: tuple[int, float]) -> np.ndarray:
            self._similar = nearest(together, *choice)
            return self.predict(valid)

        choices = product(
            NEIGHBOURS if chosen.neighbours is None else (chosen.neighbours,),
            SHRINKAGES if chosen.shrink is None else (chosen.shrink,),
        )
        neighbours, shrink = best_on(valid, list(choices), lists, limit)
        self._similar = nearest(together, neighbours, shrink)
        return FitSummary(
            parameters={"half_life": half_life, "neighbours": neighbours, "shrink": shrink}, cut=limit.cut
        )

    def predict(self, table: Table) -> np.ndarray:
        """int64 ``[n, k]``: the codes of the best items of each user, best first."""
        return ranked(lambda part: csr_array(taken(part) @ self._similar).toarray(), self._popular, table)

    def save(self, folder: Path) -> None:
        """Similarities (`similar.npz`, sparse) and popularity (`popularity.npz`)."""
        save_npz(folder / "similar.npz", self._similar)
        np.savez(folder / "popularity.npz", allow_pickle=False, popular=self._popular)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        with np.load(folder / "similar.npz", allow_pickle=False) as parts:
            model._similar = csr_array((parts["data"], parts["indices"], parts["indptr"]), shape=tuple(parts["shape"]))
        model._similar.check_format()  # products read memory at these indices, and check none
        with np.load(folder / "popularity.npz", allow_pickle=False) as arrays:
            model._popular = arrays["popular"]
        return model


def nearest(together: csr_array, neighbours: int, shrink: float) -> csr_array:
    """float32 ``[items, items]``: the shrunken cosine of every item with its nearest, by how many users have both."""
    size = np.sqrt(together.diagonal())
    pairs = together.tocoo()
    cosine = pairs.data / (size[pairs.row] * size[pairs.col] + shrink)
    order = np.lexsort((-np.where(pairs.row == pairs.col, -np.inf, cosine), pairs.row))
    row, col, cosine = pairs.row[order], pairs.col[order], cosine[order]
    place = np.arange(len(row)) - np.searchsorted(row, row)
    kept = (place < neighbours) & (row != col)
    return csr_array((cosine[kept].astype(np.float32), (col[kept], row[kept])), shape=together.shape)


LEARNER = ItemKNN
