"""The weights an optimiser gives to assets whose returns are forecast.

Belongs here: mean-variance weights month after month, from forecasts and past returns. Does not belong here: what
became of holding them (`modeling.problems.portfolio.holdings`).
"""

from dataclasses import dataclass

import numpy as np

DAYS_A_MONTH = 21


@dataclass(frozen=True)
class Mandate:
    """How a portfolio is made of forecasts.

    Attributes
    ----------
    cost: of trading one unit of value. risk_aversion: what a unit of variance costs in return.
    lookback: days of returns the covariance is estimated on. most: the largest weight.
    """

    cost: float
    risk_aversion: float
    lookback: int
    most: float


def weights(forecast: np.ndarray, starts: np.ndarray, returns: np.ndarray, mandate: Mandate) -> np.ndarray:
    """The weights ``[m, a]`` at the start of every month: long only, fully invested, those of the highest utility.

    Utility is the forecast return ``[m, a]`` less `risk_aversion` times the variance less the cost of trading. The
    covariance is shrunk (Ledoit & Wolf 2004) and comes from days before the month. A month without a forecast (NaN) is
    held in equal weights.
    """
    every = np.empty_like(forecast)
    held = np.zeros(forecast.shape[1])
    for month, (start, expected) in enumerate(zip(starts, forecast, strict=True)):
        past = returns[max(0, start - mandate.lookback) : start]
        every[month] = _equal(expected) if np.isnan(expected).any() else _optimal(expected, past, held, mandate)
        end = starts[month + 1] if month + 1 < len(starts) else len(returns)
        held = _drifted(every[month], returns[start:end])
    return every


def _equal(expected: np.ndarray) -> np.ndarray:
    return np.full(len(expected), 1 / len(expected))


def _optimal(expected: np.ndarray, past: np.ndarray, held: np.ndarray, mandate: Mandate) -> np.ndarray:
    """By skfolio. It reads expected returns off the past ones, so those are shifted to the forecast; all are by day."""
    from skfolio.moments import LedoitWolf
    from skfolio.optimization import MeanRisk, ObjectiveFunction
    from skfolio.prior import EmpiricalPrior

    model = MeanRisk(
        objective_function=ObjectiveFunction.MAXIMIZE_UTILITY,
        risk_aversion=mandate.risk_aversion,
        prior_estimator=EmpiricalPrior(covariance_estimator=LedoitWolf()),
        max_weights=mandate.most,
        transaction_costs=mandate.cost / DAYS_A_MONTH,
        previous_weights=held,
    )
    shifted = past - past.mean(axis=0) + expected / DAYS_A_MONTH
    return np.asarray(model.fit(shifted).weights_)


def _drifted(bought: np.ndarray, returns: np.ndarray) -> np.ndarray:
    """The weights ``[a]`` after the days of `returns` ``[d, a]``."""
    value = bought * np.prod(1 + returns, axis=0)
    return value / value.sum()
