"""What the reports of a strategy show: its wealth month by month, return beside risk, and whether it was luck.

Does not belong here: scores of portfolios (`modeling.problems.portfolio.holdings`), or which metrics are scored
(`modeling.problems.portfolio.task`).
"""

import numpy as np

from modeling.core.record import Chapter, Line, LineChart, Listing
from modeling.core.row_task import BaseTask
from modeling.core.task import EvaluatedChampion
from modeling.problems.portfolio.holdings import DAYS_A_YEAR, SCORES
from modeling.problems.portfolio.luck import USUAL_BAR, ratio
from modeling.problems.portfolio.portfolios import Portfolios
from modeling.problems.portfolio.prices import DAY, RETURNS, starts_of
from modeling.problems.portfolio.settings import PortfolioSettings

Columns = dict[str, list[str | None] | list[int | None] | list[float | None]]
RATIO = "ratio of excess returns, by year"


def chapters(evaluated: EvaluatedChampion, task: BaseTask[PortfolioSettings]) -> list[Chapter]:
    """The chapters, in their order."""
    shown = Portfolios(evaluated, task)
    return [_equity(shown), _compared(shown), _luck(shown)]


def _equity(shown: Portfolios) -> Chapter:
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


def _by_month(shown: Portfolios, title: str, y_title: str, lines: dict[str, np.ndarray]) -> LineChart:
    days = shown.evaluated.test.table.shared[RETURNS][DAY]
    months = [day.isoformat() for day in days[starts_of(shown.evaluated.test)]]
    return LineChart(
        title=title,
        caption="Month by month over the test.",
        x_title="month",
        y_title=y_title,
        lines={name: Line(x=months, y=values.tolist()) for name, values in lines.items()},
    )


def _compared(shown: Portfolios) -> Chapter:
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


def _luck(shown: Portfolios) -> Chapter:
    by_trial, year = {name: ratio(days) for name, days in shown.tried.items()}, float(np.sqrt(DAYS_A_YEAR))
    earlier = shown.task.settings.trials
    return Chapter(
        title="Skill or luck",
        reading="Whoever holds rising stocks earns something; skill is to earn more than one share of each. And who "
        "tries many strategies finds a good-looking one by chance. The last column says how likely the champion's "
        f"advantage is more than luck; {USUAL_BAR:g} is the usual bar, which it must pass on the sealed test.",
        term="Deflated Sharpe ratio (Bailey & López de Prado 2014) of daily returns in excess of equal weights, after "
        "costs: skew and kurtosis considered, hurdle from the number of trials and the spread of their ratios, at "
        f"least that of noise. On validation months every listed strategy was a trial, and {earlier:,} earlier ones; "
        "on the test, sealed when the champion was chosen, the champion and the earlier ones.",
        exhibits=[
            Listing(
                title="All strategies listed, on validation months",
                columns={"strategy": [*by_trial], RATIO: [float(of * year) for of in by_trial.values()]},
            ),
            *_champions_odds(shown),
        ],
    )


def _champions_odds(shown: Portfolios) -> list[Listing]:
    """None where the champion is equal weights itself."""
    if shown.evaluated.champion == shown.task.trivial:
        return []
    both, year = (shown.chosen, shown.sealed), float(np.sqrt(DAYS_A_YEAR))
    columns: Columns = {
        "on": ["validation, where it was chosen", "the sealed test"],
        RATIO: [of.ratio * year for of in both],
        "the best of the trials by luck": [of.hurdle * year for of in both],
        "probability above zero": [of.above_zero for of in both],
        "probability above luck": [of.above_luck for of in both],
    }
    return [Listing(title=f"The champion, {shown.evaluated.champion}", columns=columns)]
