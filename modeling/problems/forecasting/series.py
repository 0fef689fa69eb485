"""What is known of the future of series at an origin.

Belongs here: the features of a forecast, all made of values up to its origin, and the recipe that repeats them at
prediction. Does not belong here: the grid that series lie on (`modeling.problems.forecasting.grid`), exponential
smoothing (`modeling.problems.forecasting.smoothing`), or which origins train and which test
(`modeling.problems.forecasting.task`).
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, NamedTuple, Self, cast

import numpy as np
import polars as pl

from modeling.core.features import FeatureError
from modeling.core.table import RARE, Table
from modeling.problems.forecasting.grid import Grid, SeriesLayout, moments_ahead, on_grid
from modeling.problems.forecasting.smoothing import Smoothing, best_smoothing, known_mean, smoothed

SEASONAL_NAIVE = "same phase of the last season"
SMOOTHED = "exponential smoothing"
STEP = "steps ahead"
TYPICAL_ERROR = "typical error of the smoothing"
MOMENTS = "moments"
"""The shared table of all roles: the `moment` that each row `number` of the snapshot stands for, and its `position` on
the grid."""
PHASES = 3
"""How many values of the same phase, of each season, a forecast may read."""
LATEST = 3
"""How many of the newest values it may read."""
FURTHEST = 8
"""How many seasons back a known value of the same phase is searched for."""


class Cycle(NamedTuple):
    """A part of a moment: how many hours one of its `size` values lasts; they are numbered from `first`."""

    hours: float
    size: int
    first: int


CYCLES = {"hour": Cycle(1, 24, 0), "weekday": Cycle(24, 7, 1), "month": Cycle(730.5, 12, 1)}


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
        FeatureError: nothing follows its first season, the longest, that a forecast could be compared with.
        """
        steps = len(train.moments)
        if steps < layout.season + layout.horizon:
            raise FeatureError(
                f"training covers {steps:,} steps of {layout.frequency}, fewer than a season of {layout.season:,} and "
                f"{layout.horizon:,} steps ahead: give more history, or a shorter season"
            )
        hours = (train.moments[-1] - train.moments[0]).total_seconds() / 3600
        shortest = cast("timedelta", train.moments.diff().min()).total_seconds() / 3600
        parts = [
            name
            for name, cycle in CYCLES.items()
            if shortest <= cycle.hours and 2 * cycle.hours * cycle.size <= hours * steps / (steps - 1)
        ]
        fitted = best_smoothing(train.values, layout)
        return cls(layout, train.series, dict(zip(train.series, fitted, strict=True)), parts, left_out)

    @property
    def inputs(self) -> list[str]:
        """The columns read: series (where there are several), time and target."""
        return [name for name in (self.layout.series, self.layout.time, self.layout.target) if name]

    def transform(self, frame: pl.DataFrame) -> Table:
        """The forecasts that follow the last moment of `frame`: a row for every series in the order of their names, and
        step. `frame` holds the history, one of the longest season or more; of a series that has less, the level alone
        is known.

        Raises
        ------
        FeatureError: as `on_grid`; an unknown series, or one without a value.
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
        return _answered(self.at(grid, np.array([last])), grid)

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
        every = moments_ahead(grid.moments, self.layout)
        ahead = origins[:, None] + np.arange(1, self.layout.horizon + 1)
        numbers = {part: getattr(every.dt, part)().to_numpy().astype(int) for part in self.parts}
        return {part: (number - CYCLES[part].first)[ahead] for part, number in numbers.items()}

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """The recipe whose `asdict` is `content`."""
        smoothing = {name: Smoothing(*fitted) for name, fitted in content["smoothing"].items()}
        return cls(**content | {"layout": SeriesLayout(**content["layout"]), "smoothing": smoothing})


def _answered(table: Table, grid: Grid) -> Table:
    """The table, with the smoothing's forecast where no value has the phase of a step."""
    naive, smoothing = table.column(SEASONAL_NAIVE), table.column(SMOOTHED)
    known = np.where(np.isfinite(naive), naive, smoothing)
    without = ~np.isfinite(known).reshape(len(grid.series), -1).all(axis=1)
    if without.any():
        names = [grid.series[place] for place in np.flatnonzero(without)]
        raise FeatureError(f"series {names[:5]} ({len(names):,} in all) have no value: leave them out, or deliver some")
    numeric = table.numeric.copy()
    numeric[:, table.numeric_names.index(SEASONAL_NAIVE)] = known
    return replace(table, numeric=numeric)


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
    return known_mean(np.lib.stride_tricks.sliding_window_view(padded, steps, axis=1))
