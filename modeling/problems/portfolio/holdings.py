"""What became of portfolios, and how that is scored.

Belongs here: daily returns of holding weights month after month, after costs, and the scores of those. Does not belong
here: the weights (`modeling.problems.portfolio.weights`), or what is shown (`modeling.problems.portfolio.chapters`).

A month's portfolio is bought at the last close before the month, at a cost proportional to what is traded, and held
until its last close; in between weights drift with prices.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from modeling.core.metrics import Prepared

DAYS_A_YEAR, MONTHS_A_YEAR = 252, 12
TAIL = 0.05
"""Share of the days, the worst ones, whose mean loss is the tail loss."""


@dataclass(frozen=True)
class Held:
    """What became of portfolios: `net` ``[m, d]`` daily returns after costs, NaN after a month's last day; `traded`
    ``[m]`` the sum of bought and sold, as a share of the value."""

    net: np.ndarray
    traded: np.ndarray

    @property
    def wealth(self) -> np.ndarray:
        """``[m]``: the value at the end of each month of one invested at the start of the first."""
        return np.cumprod(np.nanprod(1 + self.net, axis=1))

    @property
    def drawdown(self) -> np.ndarray:
        """``[m]``: the value at the end of each month relative to the highest such value before it."""
        wealth = np.append(1.0, self.wealth)
        return (wealth / np.maximum.accumulate(wealth) - 1)[1:]

    @property
    def days(self) -> np.ndarray:
        """Daily returns, in order."""
        return self.net[np.isfinite(self.net)]


def held(truth: np.ndarray, bought: np.ndarray, cost: float) -> Held:
    """Portfolios `bought` ``[m, a]`` month after month, from cash, under the daily returns `truth` ``[m, d, a]``."""
    grown = bought[:, None] * np.cumprod(1 + np.nan_to_num(truth), axis=1)
    value = grown.sum(axis=2)
    before = np.vstack([np.zeros(bought.shape[1]), grown[:-1, -1] / value[:-1, -1:]])
    traded = np.abs(bought - before).sum(axis=1)
    gross = value / np.hstack([np.ones((len(value), 1)), value[:, :-1]])
    gross[:, 0] *= 1 - cost * traded
    return Held(np.where(np.isfinite(truth).all(axis=2), gross - 1, np.nan), traded)


def sharpe(of: Held) -> Prepared:
    """Mean over standard deviation of daily returns, by year; the interest on cash is taken as zero."""
    mean, deviation = annual_return(of), volatility(of)

    def score(weight: np.ndarray) -> float:
        spread = deviation(weight)
        return mean(weight) / spread if spread else np.nan

    return score


def annual_return(of: Held) -> Prepared:
    """Mean daily return times the days of a year."""
    total, days = np.nansum(of.net, axis=1), np.isfinite(of.net).sum(axis=1)
    return lambda weight: float(DAYS_A_YEAR * (weight @ total) / (weight @ days)) if weight.any() else np.nan


def volatility(of: Held) -> Prepared:
    """Standard deviation of daily returns, by year."""
    total, squares = np.nansum(of.net, axis=1), np.nansum(of.net**2, axis=1)
    days = np.isfinite(of.net).sum(axis=1)

    def score(weight: np.ndarray) -> float:
        if not weight.any():
            return np.nan
        count = weight @ days
        variance = weight @ squares / count - (weight @ total / count) ** 2
        return float(np.sqrt(DAYS_A_YEAR * max(variance, 0.0)))

    return score


def tail_loss(of: Held) -> Prepared:
    """Mean loss on the worst twentieth of days: conditional value at risk, 95 % (Rockafellar & Uryasev 2000)."""
    month, _ = np.nonzero(np.isfinite(of.net))
    order = np.argsort(of.days)
    loss, month = -of.days[order], month[order]

    def score(weight: np.ndarray) -> float:
        each = weight[month]
        tail = np.clip(TAIL * each.sum() - (np.cumsum(each) - each), 0, each)
        return float(tail @ loss / tail.sum()) if tail.any() else np.nan

    return score


def turnover(of: Held) -> Prepared:
    """What is bought and sold in a year, as a multiple of the value."""
    return lambda weight: float(MONTHS_A_YEAR * (weight @ of.traded) / weight.sum()) if weight.any() else np.nan


SCORES: dict[str, tuple[str, bool, Callable[[Held], Prepared]]] = {
    "sharpe": ("Sharpe ratio", True, sharpe),
    "annual_return": ("return a year", True, annual_return),
    "volatility": ("volatility a year", False, volatility),
    "cvar_95": ("CVaR 95 %, by day", False, tail_loss),
    "turnover": ("turnover a year", False, turnover),
}
"""Name -> title, whether more is better, and the score; all after costs."""
