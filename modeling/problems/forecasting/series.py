"""Series on a regular grid, and what is known of their future at an origin.

Belongs here: from rows (series, moment, value) to a grid, gaps and repeated moments named; the features of a forecast,
all made of values up to its origin; the recipe that repeats them at prediction. Does not belong here: which origins
train and which test, or how forecasts are judged (`modeling.problems.forecasting.task`).

Sources: seasonal exponential smoothing in its error-correction form, ETS(A,N,A) (Hyndman et al. 2008, "Forecasting with
Exponential Smoothing", 2.5).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Literal, NamedTuple, Self

import numpy as np
import polars as pl

from modeling.core.features import FeatureError
from modeling.core.table import RARE, Table

SEASONAL_NAIVE = "same phase of the last season"
SMOOTHED = "exponential smoothing"
STEP = "steps ahead"
TYPICAL_ERROR = "typical error of the smoothing"
ALPHAS = (0.0, 0.01, 0.03, 0.1, 0.2, 0.4)
GAMMAS = (0.03, 0.1, 0.2, 0.35, 0.5)
"""Weights of the newest error on level and season: the pairs that are tried."""
PHASES = 3
"""How many values of the same phase, of each season, a forecast may look at."""
LATEST = 3
"""How many of the newest values it may look at."""
FURTHEST = 8
"""How many seasons back a known value of the same phase is looked for."""


class Smoothing(NamedTuple):
    alpha: float
    gamma: float
    error: float


class Cycle(NamedTuple):
    """A part of a moment: how many hours one of its `size` values lasts; they are numbered from `first`."""

    hours: float
    size: int
    first: int


CYCLES = {"hour": Cycle(1, 24, 0), "weekday": Cycle(24, 7, 1), "month": Cycle(730.5, 12, 1)}
Gaps = Literal["refuse", "leave"]


@dataclass(frozen=True)
class SeriesLayout:
    """Which columns hold a series, and its rhythm.

    Attributes
    ----------
    series: the column that names the series; None: the rows are one series.
    frequency: the time between two steps, as polars writes durations: `15m`, `1h`, `1d`.
    horizon: how many steps ahead are forecast. seasons: lengths in steps, shortest first.
    gaps: what to do about a moment without a value: refuse it, or leave it unknown.
    """

    series: str | None
    time: str
    target: str
    frequency: str
    horizon: int
    seasons: list[int]
    gaps: Gaps

    @property
    def season(self) -> int:
        """The longest season: that of the seasonal naive forecast and of the smoothing."""
        return self.seasons[-1]


@dataclass(frozen=True)
class Grid:
    """Series side by side: `values` float64 ``[s, t]``, NaN where unknown; `row` int64 ``[s, t]`` is the row a value
    comes from, -1 where there is none."""

    series: list[str]
    moments: pl.Series
    values: np.ndarray
    row: np.ndarray

    def until(self, origin: int) -> "Grid":
        """What was known at the moment with index `origin`."""
        end = origin + 1
        return Grid(self.series, self.moments[:end], self.values[:, :end], self.row[:, :end])


def on_grid(frame: pl.DataFrame, layout: SeriesLayout) -> Grid:
    """The rows of `frame` on a grid from the first moment to the last, series in the order of their names.

    Raises
    ------
    FeatureError: a column is missing, a moment is repeated or lies between two steps, or, where gaps are refused, has
        no value.
    """
    rows = _long(frame, layout)
    repeated = rows.filter(pl.struct("series", "moment").is_duplicated())
    if repeated.height:
        raise FeatureError(f"{_where(repeated, layout)} more than once; keep one value, or add them up in `assemble`")
    moments = _moments(rows["moment"], layout)
    between = rows.filter(~pl.col("moment").is_in(moments.implode()))
    if between.height:
        raise FeatureError(
            f"{_where(between, layout)} between two steps of {layout.frequency}: aggregate in `assemble`"
        )
    series = rows["series"].unique().sort()
    full = series.to_frame().join(moments.to_frame(), how="cross").join(rows, on=["series", "moment"], how="left")
    unknown = full.filter(pl.col("value").is_null())
    if unknown.height and layout.gaps == "refuse":
        raise FeatureError(
            f"{_where(unknown, layout)} without a value ({unknown.height:,} such gaps in all): deliver them, or set "
            "`gaps: leave` in `settings` to forecast around them"
        )
    full = full.sort("series", "moment")
    shape = len(series), len(moments)
    values, row = full["value"].fill_null(np.nan).to_numpy(), full["row"].fill_null(-1).to_numpy()
    return Grid(series.to_list(), moments, values.reshape(shape), row.reshape(shape))


def _long(frame: pl.DataFrame, layout: SeriesLayout) -> pl.DataFrame:
    """`series`, `moment`, `value` (null where it is no finite number) and the row's position."""
    missing = [name for name in (layout.series, layout.time, layout.target) if name and name not in frame.columns]
    if missing:
        raise FeatureError(f"the columns {missing} are missing; the rows have {frame.columns}")
    if frame.schema[layout.time] not in (pl.Date, pl.Datetime):
        raise FeatureError(f"the time column {layout.time!r} is {frame.schema[layout.time]}, not a date or a moment")
    value = pl.col(layout.target).cast(pl.Float64)
    return frame.select(
        series=pl.col(layout.series).cast(pl.String) if layout.series else pl.lit(layout.target),
        moment=pl.col(layout.time).cast(pl.Datetime("us")),
        value=pl.when(value.is_finite()).then(value),
        row=pl.int_range(pl.len(), dtype=pl.Int64),
    )


def _moments(moments: pl.Series, layout: SeriesLayout) -> pl.Series:
    every = pl.datetime_range(pl.col("moment").min(), pl.col("moment").max(), layout.frequency)
    return moments.alias("moment").to_frame().select(every)["moment"]


def _where(rows: pl.DataFrame, layout: SeriesLayout) -> str:
    """The first of `rows`, by series and moment."""
    series, moment = rows.sort("series", "moment").select("series", "moment").row(0)
    return f"series {series!r} has {layout.time} {moment}"


@dataclass(frozen=True)
class SeriesRecipe:
    """What was learned from the training part of the series. JSON all through.

    Attributes
    ----------
    series: the names of the series it can forecast.
    smoothing: series -> the weights of its level (alpha) and season (gamma) that forecast its training part best, and
        their mean absolute error there, in the target's unit.
    parts: the parts of a moment that are features: those with at least two cycles in the training part.
    """

    layout: SeriesLayout
    series: list[str]
    smoothing: dict[str, Smoothing]
    parts: list[str]
    left_out: dict[str, str] = field(default_factory=dict)

    @classmethod
    def fit(cls, train: Grid, layout: SeriesLayout, left_out: dict[str, str]) -> Self:
        """Learn from `train`, the part of the series that training may see.

        Raises
        ------
        FeatureError: it covers fewer than two of the longest season.
        """
        steps = len(train.moments)
        if steps < 2 * layout.season:
            raise FeatureError(
                f"training covers {steps:,} steps of {layout.frequency}, fewer than two seasons of {layout.season:,}: "
                "give more history, or a shorter season"
            )
        hours = (train.moments[-1] - train.moments[0]).total_seconds() / 3600
        parts = [
            name
            for name, cycle in CYCLES.items()
            if hours / (steps - 1) <= cycle.hours and 2 * cycle.hours * cycle.size <= hours * steps / (steps - 1)
        ]
        fitted = _fitted(train.values, layout)
        return cls(layout, train.series, dict(zip(train.series, fitted, strict=True)), parts, left_out)

    @property
    def inputs(self) -> list[str]:
        return [name for name in (self.layout.series, self.layout.time, self.layout.target) if name]

    def transform(self, frame: pl.DataFrame) -> Table:
        """The forecasts that follow the last moment of `frame`: a row for every series in the order of their names, and
        step. `frame` holds the history, two of the longest season or more.

        Raises
        ------
        FeatureError: as `on_grid`; an unknown series, or one with too little history.
        """
        grid = on_grid(frame, self.layout)
        unknown = [name for name in grid.series if name not in self.smoothing]
        if unknown:
            raise FeatureError(
                f"unknown series {unknown[:5]} ({len(unknown):,} in all): the model learned {len(self.series):,} "
                f"series, among them {self.series[:5]}"
            )
        last = len(grid.moments) - 1
        if last + 1 < self.layout.season:
            raise FeatureError(f"the history has {last + 1:,} steps; a season of {self.layout.season:,} is needed")
        table = self.at(grid, np.array([last]))
        short = ~np.isfinite(table.column(SEASONAL_NAIVE)).reshape(len(grid.series), -1).all(axis=1)
        if short.any():
            name = grid.series[int(short.argmax())]
            raise FeatureError(f"series {name!r} has no value at the phase of some step: give it a longer history")
        return table

    def at(self, grid: Grid, origins: np.ndarray) -> Table:
        """The features of every series (first), origin and step (last), from values up to the origin only; no target.

        `origins` ``[o]`` are positions on the grid. Where a value is not known, NaN.
        """
        layout = self.layout
        shape = len(grid.series), len(origins), layout.horizon
        steps = np.arange(1, layout.horizon + 1)
        fitted = [self.smoothing[name] for name in grid.series]
        alpha, gamma, error = (np.array(values) for values in zip(*fitted, strict=True))
        columns = {
            STEP: steps,
            SMOOTHED: smoothed(grid.values, alpha, gamma, layout)[:, origins],
            TYPICAL_ERROR: error[:, None, None],
        }
        columns |= _of_phase(grid.values, origins, layout) | _of_origin(grid.values, origins, layout)
        numeric = [np.broadcast_to(column, shape).ravel() for column in columns.values()]
        codes = {"series": np.array([self.series.index(name) for name in grid.series])[:, None, None]}
        codes |= self._calendar(grid, origins)
        return Table(
            numeric=np.column_stack(numeric).astype(np.float32),
            categorical=np.column_stack(
                [np.broadcast_to(RARE + 1 + code, shape).ravel() for code in codes.values()]
            ).astype(np.int32),
            target=np.empty(0),
            numeric_names=tuple(columns),
            categorical_names=tuple(codes),
            cardinalities=tuple(
                RARE + 1 + size for size in (len(self.series), *(CYCLES[part].size for part in self.parts))
            ),
        )

    def _calendar(self, grid: Grid, origins: np.ndarray) -> dict[str, np.ndarray]:
        """Part -> its number, from 0, at every origin and step ``[o, h]``."""
        last = grid.moments.tail(1).dt.offset_by(self.layout.frequency * self.layout.horizon)
        every = _moments(grid.moments.append(last), self.layout)
        ahead = origins[:, None] + np.arange(1, self.layout.horizon + 1)
        numbers = {part: getattr(every.dt, part)().to_numpy().astype(int) for part in self.parts}
        return {part: (number - CYCLES[part].first)[ahead] for part, number in numbers.items()}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """The recipe whose `asdict` is `content`."""
        smoothing = {name: Smoothing(*fitted) for name, fitted in content["smoothing"].items()}
        return cls(**content | {"layout": SeriesLayout(**content["layout"]), "smoothing": smoothing})


def smoothed(values: np.ndarray, alpha: np.ndarray, gamma: np.ndarray, layout: SeriesLayout) -> np.ndarray:
    """The forecasts ``[s, t, h]`` of every series at every origin; NaN before the first season has ended."""
    known = list(_smoothing(values, alpha, gamma, layout))
    unknown = [np.full_like(known[0], np.nan)] * (layout.season - 1)
    return np.stack([*unknown, *known], axis=1)


def _smoothing(values: np.ndarray, alpha: np.ndarray, gamma: np.ndarray, layout: SeriesLayout) -> Iterator[np.ndarray]:
    """Forecasts ``[…, s, h]`` at every origin from the last step of the first season on.

    The weights are ``[…, s]``. The first season starts the level and the seasonal deviations; an unknown value teaches
    nothing.
    """
    season, ahead = layout.season, np.arange(1, layout.horizon + 1)
    start = values[:, :season]
    level = np.broadcast_to(_mean(start), alpha.shape).copy()
    deviation = np.broadcast_to(np.nan_to_num(start - _mean(start)[:, None]), (*alpha.shape, season)).copy()
    yield level[..., None] + deviation[..., (season - 1 + ahead) % season]
    for step in range(season, values.shape[1]):
        error = np.nan_to_num(values[:, step] - level - deviation[..., step % season])
        level += alpha * error
        deviation[..., step % season] += gamma * error
        yield level[..., None] + deviation[..., (step + ahead) % season]


def _fitted(values: np.ndarray, layout: SeriesLayout) -> list[Smoothing]:
    """For every series the pair of weights whose forecasts, all steps ahead, had the least mean absolute error."""
    pairs = np.array(list(product(ALPHAS, GAMMAS)))
    alpha, gamma = np.broadcast_to(pairs.T[:, :, None], (2, len(pairs), len(values)))
    lost, known = np.zeros(alpha.shape), np.zeros(len(values))
    for origin, forecast in enumerate(_smoothing(values, alpha, gamma, layout), start=layout.season - 1):
        came = values[:, origin + 1 : origin + 1 + layout.horizon]
        lost += np.nansum(np.abs(forecast[..., : came.shape[1]] - came), axis=-1)
        known += np.isfinite(came).sum(axis=-1)
    best, error = pairs[lost.argmin(axis=0)], lost.min(axis=0) / known.clip(1)
    return [Smoothing(float(a), float(g), float(e) or 1.0) for (a, g), e in zip(best, error, strict=True)]


def _mean(values: np.ndarray) -> np.ndarray:
    """The mean of what is known along the last axis; NaN where nothing is."""
    known = np.isfinite(values)
    total = np.where(known, values, 0).sum(axis=-1)
    return np.divide(total, known.sum(axis=-1), out=np.full(total.shape, np.nan), where=known.any(axis=-1))


def _of_phase(values: np.ndarray, origins: np.ndarray, layout: SeriesLayout) -> dict[str, np.ndarray]:
    """Values of the same phase in earlier seasons, ``[s, o, h]`` each, the newest that lie before the origin."""
    found = {
        f"{season} steps before, {back + 1}": _earlier(values, origins, layout, season, back)
        for season in layout.seasons
        for back in range(PHASES)
    }
    naive = _earlier(values, origins, layout, layout.season, 0)
    for back in range(1, FURTHEST):
        naive = np.where(np.isnan(naive), _earlier(values, origins, layout, layout.season, back), naive)
    return found | {SEASONAL_NAIVE: naive}


def _earlier(values: np.ndarray, origins: np.ndarray, layout: SeriesLayout, season: int, back: int) -> np.ndarray:
    """The value ``[s, o, h]`` whole seasons before each step: the newest before the origin, or `back` earlier."""
    steps = np.arange(1, layout.horizon + 1)
    index = origins[:, None] + steps - (-(-steps // season) + back) * season
    return np.where(index >= 0, values[:, index.clip(0)], np.nan)


def _of_origin(values: np.ndarray, origins: np.ndarray, layout: SeriesLayout) -> dict[str, np.ndarray]:
    """What an origin itself knows, ``[s, o, 1]`` each: the newest values, and means of whole seasons."""
    latest = {f"newest, {back + 1}": values[:, (origins - back).clip(0)] for back in range(LATEST)}
    means = {f"mean of {season} steps": _trailing_mean(values, season)[:, origins] for season in layout.seasons}
    return {name: column[..., None] for name, column in (latest | means).items()}


def _trailing_mean(values: np.ndarray, steps: int) -> np.ndarray:
    """The mean ``[s, t]`` of what is known of the last `steps` values."""
    padded = np.pad(values, ((0, 0), (steps - 1, 0)), constant_values=np.nan)
    return _mean(np.lib.stride_tricks.sliding_window_view(padded, steps, axis=1))
