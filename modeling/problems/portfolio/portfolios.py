"""Prices, months, portfolios and what became of them.

Belongs here: prices side by side, what is known of an asset when a month begins, the weights an optimiser gives it, and
the returns and scores of holding those. Does not belong here: which months train and which test, or what is shown of a
judged strategy (`modeling.problems.portfolio.task`).

A month's portfolio is bought at the last close before the month, at a cost proportional to what is traded, and held
until its last close; in between weights drift with prices.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import polars as pl

from modeling.core.features import FeatureError
from modeling.core.metrics import Prepared
from modeling.core.table import Table

DAYS_A_YEAR, DAYS_A_MONTH, MONTHS_A_YEAR = 252, 21, 12
MOMENTUM = (21, 63, 126, 252)
VOLATILITY = (21, 63, 252)
HISTORY = 252
"""Days of returns that the features of a month look back on."""
TAIL = 0.05
RETURNS, MONTH, ASSET = "returns", "month", "asset"
DAY = "day"


@dataclass(frozen=True)
class Prices:
    """Closing prices side by side: `close` float64 ``[t, a]``, `row` int64 ``[t, a]`` the row each comes from."""

    days: pl.Series
    assets: list[str]
    close: np.ndarray
    row: np.ndarray

    @property
    def returns(self) -> np.ndarray:
        """``[t, a]``: simple returns; zero on the first day."""
        return np.vstack([np.zeros(len(self.assets)), self.close[1:] / self.close[:-1] - 1])

    def months(self) -> np.ndarray:
        """``[m]``: the position of the first day of every month that has enough days before it."""
        month = self.days.dt.truncate("1mo")
        starts = np.flatnonzero((month != month.shift(1)).fill_null(False).to_numpy())
        return starts[starts > HISTORY]

    def until(self, end: int) -> "Prices":
        """The first `end` days."""
        return Prices(self.days[:end], self.assets, self.close[:end], self.row[:end])


@dataclass(frozen=True)
class PricesRecipe:
    """Which columns hold days, assets and prices; nothing is fitted. JSON all through."""

    time: str
    asset: str
    price: str
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def inputs(self) -> list[str]:
        return [self.time, self.asset, self.price]

    def read(self, frame: pl.DataFrame) -> Prices:
        """The rows of `frame` side by side, days and assets in order.

        Raises
        ------
        FeatureError: a column is missing, an asset has two prices on a day, none, or one that is not positive.
        """
        missing = [name for name in self.inputs if name not in frame.columns]
        if missing:
            raise FeatureError(f"the columns {missing} are missing; the rows have {frame.columns}")
        rows = frame.select(
            day=pl.col(self.time).cast(pl.Date),
            asset=pl.col(self.asset).cast(pl.String),
            close=pl.col(self.price).cast(pl.Float64),
            row=pl.int_range(pl.len(), dtype=pl.Int64),
        )
        self._refuse(rows.filter(pl.struct("day", "asset").is_duplicated()), "more than one price; keep one")
        days, assets = rows["day"].unique().sort(), rows["asset"].unique().sort()
        full = days.to_frame().join(assets.to_frame(), how="cross").join(rows, on=["day", "asset"], how="left")
        unusable = full.filter(~(pl.col("close") > 0).fill_null(False))
        self._refuse(unusable, "no positive price; deliver it, or leave out the asset or the day in `assemble`")
        full = full.sort("day", "asset")
        close, row = (full[name].to_numpy().reshape(len(days), len(assets)) for name in ("close", "row"))
        return Prices(days, assets.to_list(), close, row)

    def _refuse(self, rows: pl.DataFrame, what: str) -> None:
        if rows.height:
            asset, day = rows.sort("asset", "day").select("asset", "day").row(0)
            raise FeatureError(f"{self.asset} {asset!r} has on {day} {what} ({rows.height:,} such rows in all)")

    def transform(self, frame: pl.DataFrame) -> Table:
        """What is known of every asset, in the order of their names, when the month after the last day begins.

        Raises
        ------
        FeatureError: as `read`, or too short a history.
        """
        prices = self.read(frame)
        if len(prices.days) <= HISTORY:
            raise FeatureError(f"the prices cover {len(prices.days):,} days; more than {HISTORY} are needed")
        return self.at(prices, np.array([len(prices.days)]))

    def at(self, prices: Prices, starts: np.ndarray) -> Table:
        """A row for every month (first) and asset, from prices before its first day; `starts` ``[m]`` are positions.

        No target. The returns until the end of the prices are shared: covariances read those before a month, what
        became of a portfolio those in it.
        """
        columns = _known(prices, starts)
        count = len(starts) * len(prices.assets)
        content = {MONTH: np.repeat(starts, len(prices.assets)), ASSET: np.tile(prices.assets, len(starts))}
        shared = pl.DataFrame(prices.returns, schema=prices.assets)
        return Table(
            numeric=np.column_stack([column.ravel() for column in columns.values()]).astype(np.float32),
            categorical=np.empty((count, 0), dtype=np.int32),
            target=np.empty(0),
            numeric_names=tuple(columns),
            categorical_names=(),
            cardinalities=(),
            content=pl.DataFrame(content),
            shared={RETURNS: shared.insert_column(0, prices.days.alias(DAY))},
        )

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """The recipe whose `asdict` is `content`."""
        return cls(**content)


def _known(prices: Prices, starts: np.ndarray) -> dict[str, np.ndarray]:
    """Feature -> ``[m, a]``, from returns of the `HISTORY` days before each month; momentum is relative to the mean of
    all assets (Jegadeesh & Titman 1993; Blitz et al. 2007 for volatility)."""
    past = prices.returns[starts[:, None] - np.arange(HISTORY, 0, -1)]
    grown = np.cumprod(1 + past[:, ::-1], axis=1)[:, ::-1]
    market = past.mean(axis=2, keepdims=True)
    momentum = {days: grown[:, -days] - 1 for days in MOMENTUM}
    own, of_all = past - past.mean(axis=1, keepdims=True), market - market.mean(axis=1, keepdims=True)
    beta = (own * of_all).mean(axis=1) / (of_all**2).mean(axis=1)
    level = np.cumprod(1 + past, axis=1)
    known = {f"return of {days} days, relative": relative(of) for days, of in momentum.items()}
    known["return of a year but the last month, relative"] = relative(momentum[252] - momentum[21])
    known |= {f"volatility of {days} days": past[:, -days:].std(axis=1) for days in VOLATILITY}
    known |= {"beta": beta, "below the high of a year": level[:, -1] / level.max(axis=1) - 1}
    known["volatility not of the market"] = (own - beta[:, None] * of_all).std(axis=1)
    known |= {
        f"return of all, {days} days": np.broadcast_to(of.mean(axis=1, keepdims=True), of.shape)
        for days, of in momentum.items()
    }
    return known


def relative(values: np.ndarray) -> np.ndarray:
    """The values ``[m, a]`` less the mean of all assets."""
    return values - values.mean(axis=1, keepdims=True)


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


def lucky_sharpe(trials: np.ndarray, count: int) -> float:
    """The best daily Sharpe ratio that `count` strategies without any skill would show, given the spread of `trials`.

    Source: Bailey & López de Prado 2014, "The deflated Sharpe ratio", equation 1.
    """
    from scipy.stats import norm

    if count < 2:
        return 0.0
    high, higher = norm.ppf(1 - 1 / count), norm.ppf(1 - 1 / (count * np.e))
    return float(trials.std(ddof=1) * ((1 - np.euler_gamma) * high + np.euler_gamma * higher))


def probability_above(days: np.ndarray, hurdle: float) -> float:
    """How likely the true daily Sharpe ratio behind the returns `days` is above `hurdle`, their skew and tails
    considered; with `lucky_sharpe` as the hurdle, the deflated Sharpe ratio (same source, equation 2)."""
    from scipy.stats import kurtosis, norm, skew

    observed = days.mean() / days.std()
    spread = 1 - skew(days) * observed + (kurtosis(days, fisher=False) - 1) / 4 * observed**2
    return float(norm.cdf((observed - hurdle) * np.sqrt((len(days) - 1) / spread)))
