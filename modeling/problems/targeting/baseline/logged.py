"""The policy that is in use: what production showed, as often as it showed it."""

from pathlib import Path
from typing import Self

import numpy as np
import polars as pl

from modeling.core.learner import FitSummary, Fitting, Hyperparameters, Learner, LearnerError
from modeling.core.table import Table
from modeling.learners.checks import check_target
from modeling.problems.targeting.impressions import WHICH
from modeling.problems.targeting.policies import ACTIONS, LOGGED_SCORE


class LoggedPolicy(Learner):
    """No model of clicks: the score that the task's policy turns into each action's share of the production log."""

    outcomes = ("binary",)
    deterministic = True
    reads = "targeting"

    _scores: pl.DataFrame

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Take the mean logged score of every action.

        Raises
        ------
        LearnerError: the rows hold no logged actions.
        """
        Hyperparameters.read(fitting.parameters)
        check_target(self, train, valid, fitting)
        if ACTIONS not in train.shared:
            raise LearnerError("the rows hold no actions that were logged: use the task targeting")
        self._scores = train.shared[ACTIONS].group_by(WHICH).agg(pl.mean(LOGGED_SCORE)).sort(WHICH)
        return FitSummary(parameters={})

    def predict(self, table: Table) -> np.ndarray:
        """float64 ``[n]``: the score of the row's action."""
        known = self._scores[WHICH].to_numpy()
        place = np.searchsorted(known, table.column(WHICH)).clip(max=len(known) - 1)
        return self._scores[LOGGED_SCORE].to_numpy()[place]

    def save(self, folder: Path) -> None:
        """A score for each action as `logged.parquet`."""
        self._scores.write_parquet(folder / "logged.parquet")

    @classmethod
    def load(cls, folder: Path) -> Self:
        model = cls()
        model._scores = pl.read_parquet(folder / "logged.parquet")
        return model


LEARNER = LoggedPolicy
