"""Whether the best of many strategies is more than luck: the deflated Sharpe ratio, in excess of equal weights.

Every long-only portfolio of rising stocks has a Sharpe ratio above zero, without any skill in choosing among them. What
needs skill is to earn more than one share of each, so the ratio is that of the difference in daily returns (Sharpe
1994). Does not belong here: other scores of a portfolio (`modeling.problems.portfolio.holdings`).

Source: Bailey & López de Prado 2014, "The deflated Sharpe ratio", Journal of Portfolio Management 40(5).
"""

from dataclasses import dataclass
from statistics import NormalDist
from typing import Self

import numpy as np

from modeling.problems.portfolio.holdings import Held

USUAL_BAR = 0.95
"""The probability from which a strategy counts as more than luck."""


@dataclass(frozen=True)
class Odds:
    """The daily `ratio` of a strategy, the `hurdle` that luck alone would reach, and how likely the true ratio is above
    zero and above the hurdle; NaN where the strategy is equal weights."""

    ratio: float
    hurdle: float
    above_zero: float
    above_luck: float

    @classmethod
    def of(cls, days: np.ndarray, trials: np.ndarray, count: int) -> Self:
        """Of the excess returns `days`, the best of `count` strategies, some of whose ratios are `trials`."""
        hurdle = lucky_ratio(trials, count, len(days))
        return cls(ratio(days), hurdle, probability_above(days, 0.0), probability_above(days, hurdle))


def excess(of: Held, equal: Held) -> np.ndarray:
    """Daily returns less those of the `equal` weights held over the same months, in order."""
    return of.days - equal.days


def ratio(days: np.ndarray) -> float:
    """Mean over standard deviation of the returns `days`, by day; NaN where they are all alike."""
    spread = days.std()
    return float(days.mean() / spread) if spread else np.nan


def lucky_ratio(trials: np.ndarray, count: int, days: int) -> float:
    """The best daily ratio over as many `days` that `count` strategies without any skill would show (equation 1).

    The spread of their ratios is that of the known `trials`, and never less than that of pure noise, ``1/√days``.
    """
    if count < 2:
        return 0.0
    spread = max(trials.std(ddof=1) if len(trials) > 1 else 0.0, 1 / np.sqrt(days))
    z = NormalDist().inv_cdf
    high, higher = z(1 - 1 / count), z(1 - 1 / (count * np.e))
    return float(spread * ((1 - np.euler_gamma) * high + np.euler_gamma * higher))


def probability_above(days: np.ndarray, hurdle: float) -> float:
    """How likely the true daily ratio behind the returns `days` is above `hurdle`, their skew and tails considered
    (equation 2); with `lucky_ratio` as the hurdle, the deflated Sharpe ratio. NaN where they are all alike."""
    from scipy.stats import kurtosis, skew

    observed = ratio(days)
    if np.isnan(observed):
        return np.nan
    spread = 1 - skew(days) * observed + (kurtosis(days, fisher=False) - 1) / 4 * observed**2
    return NormalDist().cdf((observed - hurdle) * float(np.sqrt((len(days) - 1) / spread)))
