"""What learners without anything to learn share.

Belongs here: a learner whose rule is fixed. Does not belong here: any rule (`seasonal_naive`, `equal_weight`, …).
"""

from pathlib import Path
from typing import Self

from modeling.core.learner import FitSummary, Fitting, Hyperparameters, Learner
from modeling.core.table import Table
from modeling.learners.checks import check_target


class FixedRule(Learner):
    """Everything of a learner but `predict`, which is the rule; rows are checked and then left alone."""

    outcomes = ("regression",)
    deterministic = True

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Learns nothing, but checks target and hyperparameters as every learner does."""
        Hyperparameters.read(fitting.parameters)
        check_target(self, train, valid, fitting)
        return FitSummary(parameters={})

    def save(self, folder: Path) -> None:
        """Nothing was learned."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The rule itself: nothing of it is stored."""
        return cls()
