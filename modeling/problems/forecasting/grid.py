"""Series on a regular grid of moments.

Belongs here: from rows (series, moment, value) to a grid, with gaps and repeated moments named. Does not belong here:
features (`modeling.problems.forecasting.series`), or which part of the grid trains and which tests
(`modeling.problems.forecasting.task`).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl

from modeling.core.features import FeatureError

Gaps = Literal["refuse", "leave"]
"""What to do about a moment without a value."""


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
    moments = moments_between(rows["moment"], layout)
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


def moments_between(moments: pl.Series, layout: SeriesLayout) -> pl.Series:
    """`moment`: every step of the layout from the first of `moments` to the last."""
    every = pl.datetime_range(pl.col("moment").min(), pl.col("moment").max(), layout.frequency)
    return moments.alias("moment").to_frame().select(every)["moment"]


def _where(rows: pl.DataFrame, layout: SeriesLayout) -> str:
    """The first of `rows`, by series and moment."""
    series, moment = rows.sort("series", "moment").select("series", "moment").row(0)
    return f"series {series!r} has {layout.time} {moment}"
