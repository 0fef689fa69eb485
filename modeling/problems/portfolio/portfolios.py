"""The portfolios of an evaluated champion and of what it is compared with.

Belongs here: what became of them in validation and test months, in themselves and in excess of equal weights, and the
gate that follows. Does not belong here: scores (`modeling.problems.portfolio.holdings`), the arithmetic of luck
(`modeling.problems.portfolio.luck`), or what is shown (`modeling.problems.portfolio.chapters`).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from modeling.core.record import Gate
from modeling.core.row_task import BaseTask
from modeling.core.task import EvaluatedChampion
from modeling.problems.portfolio.holdings import Held, held
from modeling.problems.portfolio.luck import USUAL_BAR, Odds, excess, ratio
from modeling.problems.portfolio.settings import PortfolioSettings


@dataclass(frozen=True)
class Portfolios:
    """By the names of learners; equal weights are those of the task's trivial one."""

    evaluated: EvaluatedChampion
    task: BaseTask[PortfolioSettings]

    @cached_property
    def held(self) -> dict[str, Held]:
        """The champion and what it is compared with, in the test months."""
        truth = self.evaluated.units.truth
        return {name: held(truth, bought, self.task.settings.cost) for name, bought in self.evaluated.answers.items()}

    @cached_property
    def tried(self) -> dict[str, np.ndarray]:
        """Every candidate but equal weights: its daily excess returns in the validation months, where the choice was
        made."""
        evaluated, task = self.evaluated, self.task
        truth = task.units(evaluated.valid).truth
        answers = {one.name: task.answers(one.learner, evaluated.valid) for one in evaluated.candidates}
        answers[evaluated.champion] = evaluated.validation
        of = {name: held(truth, bought, task.settings.cost) for name, bought in answers.items()}
        return {name: excess(one, of[task.trivial]) for name, one in of.items() if name != task.trivial}

    @property
    def chosen(self) -> Odds:
        """Of the champion in the validation months: the best of every candidate and of all earlier trials."""
        return Odds.of(self.tried[self.evaluated.champion], self._ratios, len(self.tried) + self._earlier)

    @property
    def sealed(self) -> Odds:
        """Of the champion in the test months. They chose among no candidates; only earlier trials had seen them."""
        days = excess(self.held[self.evaluated.champion], self.held[self.task.trivial])
        if not self._earlier:
            return Odds.of(days, np.empty(0), 1)
        validation = len(self.tried[self.evaluated.champion])
        return Odds.of(days, self._ratios * np.sqrt(validation / len(days)), 1 + self._earlier)

    @property
    def _earlier(self) -> int:
        return self.task.settings.trials

    @property
    def _ratios(self) -> np.ndarray:
        ratios = np.array([ratio(days) for days in self.tried.values()])
        return ratios[np.isfinite(ratios)]


def above_luck(portfolios: Portfolios) -> list[Gate]:
    """The champion must earn more than equal weights by more than luck; none where it is equal weights itself, which
    claims no skill."""
    if portfolios.evaluated.champion == portfolios.task.trivial:
        return []
    odds = portfolios.sealed
    known = bool(np.isfinite(odds.above_luck))
    found = (
        f"is {odds.above_luck:.2f}" if known else "could not be measured: every day's return is that of equal weights"
    )
    return [
        Gate(
            name="above_luck",
            bound=USUAL_BAR,
            measured=odds.above_luck if known else None,
            passed=known and odds.above_luck >= USUAL_BAR,
            message="the probability that its return in excess of equal weights is more than luck (deflated Sharpe "
            f"ratio, sealed test) {found}; at least {USUAL_BAR:g} is asked",
        )
    ]
