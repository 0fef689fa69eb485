"""What learners without anything to learn share.

Belongs here: a learner whose rule is fixed. Does not belong here: any rule (`seasonal_naive`, `equal_weight`, …).
"""

from pathlib import Path
from typing import ClassVar, Protocol, Self

from modeling.core.learner import FitSummary, Fitting, Learner, Outcome
from modeling.core.table import Table
from modeling.learners.checks import Hyperparameters, check_target, read_hyperparameters


class FixedRule(Learner, Protocol):
    """Everything of a learner but `predict`, which is the rule; rows are checked and then left alone."""

    outcomes: ClassVar[tuple[Outcome, ...]] = ("regression",)
    default_seconds: ClassVar[float] = 1
    extra: ClassVar[str | None] = None
    reads: ClassVar[str | None]

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        read_hyperparameters(Hyperparameters, fitting.parameters)
        check_target(self, train, valid, fitting)
        return FitSummary(parameters={})

    def save(self, folder: Path) -> None:
        """Nothing was learned."""

    @classmethod
    def load(cls, folder: Path) -> Self:
        return cls()
