"""What most people take, the same list for everyone: the recommender that every other must beat."""

from pathlib import Path
from typing import Self

import numpy as np

from modeling.core.learner import FitSummary, Fitting, Learner
from modeling.core.table import Table
from modeling.learners.work import TimeLimit
from modeling.problems.recommendation.ranking import RecommenderHyperparameters, check_histories, popular, ranked


class Popularity(Learner):
    """Items by how often they were taken, lately above all where tuning users say so."""

    outcomes = ("ranking",)
    deterministic = True
    hyperparameters = RecommenderHyperparameters
    reads = "recommendation"

    _popular: np.ndarray

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Choose the half-life of popularity by the lists of tuning users, unless it is set."""
        limit = TimeLimit(fitting)
        chosen = RecommenderHyperparameters.read(fitting.parameters)
        check_histories(self, train, fitting)
        self._popular, half_life = popular(train, valid, chosen, limit)
        return FitSummary(parameters={"half_life": half_life}, cut=limit.cut)

    def predict(self, table: Table) -> np.ndarray:
        """int64 ``[n, k]``: the codes of the best items of each user, best first."""
        return ranked(lambda part: np.tile(self._popular, (len(part), 1)), self._popular, table)

    def save(self, folder: Path) -> None:
        """The items' popularity as `popularity.npz`."""
        np.savez(folder / "popularity.npz", allow_pickle=False, popular=self._popular)

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        with np.load(folder / "popularity.npz", allow_pickle=False) as arrays:
            model._popular = arrays["popular"]
        return model


LEARNER = Popularity
