"""Whether the best of many strategies is more than luck: the deflated Sharpe ratio.

Does not belong here: other scores of a portfolio (`modeling.problems.portfolio.holdings`).
"""

import numpy as np
from scipy.stats import kurtosis, norm, skew


def lucky_sharpe(trials: np.ndarray, count: int) -> float:
    """The best daily Sharpe ratio that `count` strategies without any skill would show, given the spread of `trials`.

    Source: Bailey & López de Prado 2014, "The deflated Sharpe ratio", equation 1.
    """
    if count < 2:
        return 0.0
    high, higher = norm.ppf(1 - 1 / count), norm.ppf(1 - 1 / (count * np.e))
    return float(trials.std(ddof=1) * ((1 - np.euler_gamma) * high + np.euler_gamma * higher))


def probability_above(days: np.ndarray, hurdle: float) -> float:
    """How likely the true daily Sharpe ratio behind the returns `days` is above `hurdle`, their skew and tails
    considered; with `lucky_sharpe` as the hurdle, the deflated Sharpe ratio (same source, equation 2)."""
    observed = days.mean() / days.std()
    spread = 1 - skew(days) * observed + (kurtosis(days, fisher=False) - 1) / 4 * observed**2
    return float(norm.cdf((observed - hurdle) * np.sqrt((len(days) - 1) / spread)))
