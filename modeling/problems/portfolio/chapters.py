"""What the reports of a strategy show: its wealth month by month, return beside risk, and whether it was luck.

Does not belong here: scores of portfolios (`modeling.problems.portfolio.holdings`), or which metrics are scored
(`modeling.problems.portfolio.task`).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from modeling.core.record import Chapter, Line, LineChart, Listing
from modeling.core.row_task import BaseTask
from modeling.core.task import EvaluatedChampion
from modeling.problems.portfolio.holdings import DAYS_A_YEAR, SCORES, Held, held
from modeling.problems.portfolio.luck import lucky_sharpe, probability_above
from modeling.problems.portfolio.prices import DAY, RETURNS, starts_of
from modeling.problems.portfolio.settings import PortfolioSettings


def chapters(evaluated: EvaluatedChampion, task: BaseTask[PortfolioSettings]) -> list[Chapter]:
    """The chapters, in their order."""
    shown = _ShownPortfolio(evaluated, task)
    return [_equity(shown), _compared(shown), _luck(shown)]


@dataclass(frozen=True)
class _ShownPortfolio:
    """The portfolios and what became of them in the test months."""

    evaluated: EvaluatedChampion
    task: BaseTask[PortfolioSettings]

    @cached_property
    def held(self) -> dict[str, Held]:
        truth = self.evaluated.units.truth
        return {name: held(truth, bought, self.task.settings.cost) for name, bought in self.evaluated.answers.items()}

    @property
    def months(self) -> list[str]:
        """The first day of every test month."""
        days = self.evaluated.test.table.shared[RETURNS][DAY]
        return [day.isoformat() for day in days[starts_of(self.evaluated.test)]]

    @cached_property
    def tried(self) -> dict[str, Held]:
        """Every candidate in the validation months, where the choice was made."""
        valid, task = self.evaluated.valid, self.task
        truth = task.units(valid).truth
        return {
            one.name: held(truth, task.answers(one.learner, valid), task.settings.cost)
            for one in self.evaluated.candidates
        }


def _equity(shown: _ShownPortfolio) -> Chapter:
    wealth = {name: of.wealth for name, of in shown.held.items()}
    drawdown = {name: of.drawdown for name, of in shown.held.items()}
    return Chapter(
        title="What became of the money",
        reading="The value of one unit invested at the start of the test, after costs, and how far it stood below its "
        "last high. A strategy is worth its effort where its line ends higher, or falls less deep, than equal weights.",
        term="Buy and hold within the month, rebalanced at the last close before it; proportional costs; values at "
        "month ends. Interest on cash and taxes are left out.",
        exhibits=[
            _by_month(shown, "Value of one invested", "value, after costs", wealth),
            _by_month(shown, "Drawdown", "value relative to its last high", drawdown),
        ],
    )


def _by_month(shown: _ShownPortfolio, title: str, y_title: str, lines: dict[str, np.ndarray]) -> LineChart:
    return LineChart(
        title=title,
        caption="Month by month over the test.",
        x_title="month",
        y_title=y_title,
        lines={name: Line(x=shown.months, y=values.tolist()) for name, values in lines.items()},
    )


def _compared(shown: _ShownPortfolio) -> Chapter:
    once = np.ones(len(shown.evaluated.units))
    measured: dict[str, list[float | None]] = {
        title: [score(of)(once) for of in shown.held.values()] for title, _, score in SCORES.values()
    }
    measured["deepest drawdown"] = [float(of.drawdown.min()) for of in shown.held.values()]
    measured["largest weight"] = [float(bought.max()) for bought in shown.evaluated.answers.values()]
    return Chapter(
        title="Return, risk and effort",
        reading="What each portfolio earned, what it risked for that, and how much had to be traded.",
        term="Daily returns of the test months after costs. The drawdown, from month ends, has no interval: it hangs "
        "on the order of the months, which a bootstrap does not keep.",
        exhibits=[Listing(title="The test months", columns={"portfolio": list(shown.held), **measured})],
    )


def _luck(shown: _ShownPortfolio) -> Chapter:
    daily = {name: of.days.mean() / of.days.std() for name, of in shown.tried.items()}
    count = len(daily) + shown.task.settings.trials
    hurdle = lucky_sharpe(np.array(list(daily.values())), count)
    champion, year = shown.evaluated.champion, float(np.sqrt(DAYS_A_YEAR))
    chosen, sealed = shown.tried[champion].days, shown.held[champion].days
    champions: dict[str, list[float | None]] = {
        "Sharpe ratio": [float(days.mean() / days.std() * year) for days in (chosen, sealed)],
        "the best of the trials by luck": [hurdle * year, hurdle * year],
        "probability above zero": [probability_above(days, 0.0) for days in (chosen, sealed)],
        "probability above luck": [probability_above(days, hurdle) for days in (chosen, sealed)],
    }
    return Chapter(
        title="Skill or luck",
        reading="Who tries many strategies finds a good-looking one by chance. The last column says how likely the "
        "champion's ratio is more than the best that so many tries without skill would show; 0.95 is the usual bar.",
        term="Deflated Sharpe ratio (Bailey & López de Prado 2014): hurdle from the number of trials and the spread of "
        "their Sharpe ratios on validation months, skew and kurtosis of daily returns considered.",
        exhibits=[
            Listing(
                title=f"All strategies listed, on validation months; {count:,} trials counted",
                columns={"strategy": [*daily], "Sharpe ratio": [float(ratio * year) for ratio in daily.values()]},
            ),
            Listing(
                title=f"The champion, {champion}",
                columns={"on": ["validation, where it was chosen", "the sealed test"], **champions},
            ),
        ],
    )
