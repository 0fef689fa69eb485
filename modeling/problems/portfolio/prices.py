"""Prices of assets side by side, and what is known of an asset when a month begins.

Belongs here: the recipe of prices, its features, and the returns that rows made by it carry. Does not belong here: the
weights that follow
(`modeling.problems.portfolio.weights`), or which months train and which test (`modeling.problems.portfolio.task`).
"""

from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
import polars as pl
import polars.selectors as cs

from modeling.core.features import FeatureError
from modeling.core.table import Rows, Table

MOMENTUM = (21, 63, 126, 252)
VOLATILITY = (21, 63, 252)
HISTORY = 252
"""Days of returns that the features of a month look back on."""
MONTH, ASSET = "month", "asset"
"""Columns of `Table.content`: the position of the month's first day among all days, and the asset."""
RETURNS, DAY = "returns", "day"
"""The table of `Table.shared` with the daily returns, a column an asset, and its column with the day."""


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
        """The columns read: time, asset and price."""
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
            day=cs.by_name(self.time).cast(pl.Date),
            asset=cs.by_name(self.asset).cast(pl.String),
            close=cs.by_name(self.price).cast(pl.Float64),
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


def starts_of(rows: Rows) -> np.ndarray:
    """``[m]``: the positions of the first days of the months of `rows`."""
    return rows.table.content[MONTH].unique(maintain_order=True).to_numpy()


def returns_of(rows: Rows) -> np.ndarray:
    """``[t, a]``: daily returns until the end of the last month."""
    return rows.table.shared[RETURNS].drop(DAY).to_numpy()


def outcomes_of(days: pl.Series, returns: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """``[m, d, a]``: the daily returns of each month, NaN after its last day."""
    month = days.dt.truncate("1mo")
    lengths = [int((month[int(start) : int(start) + 31] == month[int(start)]).sum()) for start in starts]
    outcomes = np.full((len(starts), max(lengths), returns.shape[1]), np.nan)
    for of_month, start, length in zip(outcomes, starts, lengths, strict=True):
        of_month[:length] = returns[start : start + length]
    return outcomes
