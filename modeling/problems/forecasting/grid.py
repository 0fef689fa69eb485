"""Series on a regular grid of moments.

Belongs here: from rows (series, moment, value) to a grid, with gaps and repeated moments named. Does not belong here:
features (`modeling.problems.forecasting.series`), or which part of the grid trains and which tests
(`modeling.problems.forecasting.task`).
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
import polars.selectors as cs

from modeling.core.features import FeatureError

Gaps = Literal["refuse", "leave"]
"""What to do about a moment without a value."""

SUNDAY, LAST_HOUR, CLOCK_MONTHS = 7, 3, (3, 4, 9, 10, 11)
"""When clocks are changed, in the north and in the south."""
LOCAL_CLOCK = "a local clock of summer and winter time"
WITH_OFFSET = "Deliver moments with their offset, as 2021-10-31T02:00:00+02:00, or in UTC"


@dataclass(frozen=True)
class SeriesLayout:
    """Which columns hold a series, and its rhythm.

    Attributes
    ----------
    series: the column that names the series; None: the rows are one series.
    frequency: the time between two steps, as polars writes durations: `15m`, `1h`, `1d`.
    horizon: how many steps ahead are forecast. seasons: lengths in steps, shortest first.
    gaps: what to do about a moment without a value: refuse it, or leave it unknown.
    weekdays: those that have steps, 1 (Monday) to 7, where not all have.
    tolerance: seconds by which a moment may miss its step.
    """

    series: str | None
    time: str
    target: str
    frequency: str
    horizon: int
    seasons: list[int]
    gaps: Gaps
    weekdays: list[int] | None = None
    tolerance: int = 0

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
    _check_repeated(rows, layout)
    moments = moments_between(rows["moment"], layout)
    _check_between(rows, moments, layout)
    series = rows["series"].unique().sort()
    full = series.to_frame().join(moments.to_frame(), how="cross").join(rows, on=["series", "moment"], how="left")
    if layout.gaps == "refuse":
        _check_gaps(full, layout)
    full = full.sort("series", "moment")
    shape = len(series), len(moments)
    values, row = full["value"].fill_null(np.nan).to_numpy(), full["row"].fill_null(-1).to_numpy()
    return Grid(series.to_list(), moments, values.reshape(shape), row.reshape(shape))


def _check_repeated(rows: pl.DataFrame, layout: SeriesLayout) -> None:
    repeated = rows.filter(pl.struct("series", "moment").is_duplicated()).unique(["series", "moment"])
    if repeated.is_empty():
        return
    remedy = "deliver one value for each, or join them in `assemble` as is right for them"
    if _at_clock_change(repeated["moment"]):
        remedy = f"{LOCAL_CLOCK} is put back an hour then. {WITH_OFFSET}"
    raise FeatureError(f"{_where(repeated, layout)} more than once ({_counted(repeated)}); {remedy}")


def _check_between(rows: pl.DataFrame, moments: pl.Series, layout: SeriesLayout) -> None:
    between = rows.filter(~pl.col("moment").is_in(moments.implode()))
    if between.is_empty():
        return
    where = f"{_where(between, layout)} between two steps of {layout.frequency} ({_counted(between)})"
    if layout.weekdays and not between["moment"].dt.weekday().is_in(layout.weekdays).any():
        where = f"{_where(between, layout)} on a day that `weekdays` leaves out ({_counted(between)})"
    raise FeatureError(
        f"{where}: aggregate in `assemble`, or correct `frequency`, `weekdays` or `tolerance` in `settings`"
    )


def _check_gaps(full: pl.DataFrame, layout: SeriesLayout) -> None:
    unknown = full.filter(pl.col("value").is_null())
    if unknown.is_empty():
        return
    remedy = "deliver them, or set `gaps: leave` in `settings` to forecast around them"
    if _at_clock_change(unknown["moment"]):
        remedy = f"{LOCAL_CLOCK} is put forward an hour then. {WITH_OFFSET}"
    raise FeatureError(f"{_where(unknown, layout)} without a value ({unknown.height:,} such gaps in all): {remedy}")


def _long(frame: pl.DataFrame, layout: SeriesLayout) -> pl.DataFrame:
    """`series`, `moment`, `value` (null where it is no finite number) and the row's position."""
    missing = [name for name in (layout.series, layout.time, layout.target) if name and name not in frame.columns]
    if missing:
        raise FeatureError(f"the columns {missing} are missing; the rows have {frame.columns}")
    if frame.schema[layout.time] not in (pl.Date, pl.Datetime):
        raise FeatureError(f"the time column {layout.time!r} is {frame.schema[layout.time]}, not a date or a moment")
    value = cs.by_name(layout.target).cast(pl.Float64)
    return frame.select(
        series=cs.by_name(layout.series).cast(pl.String) if layout.series else pl.lit(layout.target),
        moment=steps_of(frame[layout.time], layout),
        value=pl.when(value.is_finite()).then(value),
        row=pl.int_range(pl.len(), dtype=pl.Int64),
    )


def steps_of(time: pl.Series, layout: SeriesLayout) -> pl.Series:
    """The step that each moment means: the nearest where that is no further than the tolerance, else itself."""
    moments = time.cast(pl.Datetime("us"))
    if not layout.tolerance:
        return moments
    nearest = moments.dt.round(layout.frequency)
    missed = (moments - nearest).dt.total_microseconds().abs() / 1e6
    return pl.select(pl.when(missed <= layout.tolerance).then(nearest).otherwise(moments)).to_series()


def moments_between(moments: pl.Series, layout: SeriesLayout) -> pl.Series:
    """`moment`: every step of the layout from the first of `moments` to the last; the last days of months where
    `moments` are such."""
    first, last = pl.col("moment").min(), pl.col("moment").max()
    every = pl.datetime_range(first, last, layout.frequency)
    if _are_month_ends(moments, layout):
        every = pl.datetime_range(first.dt.month_start(), last, layout.frequency).dt.month_end()
    grid = moments.alias("moment").to_frame().select(every)["moment"]
    return grid.filter(grid.dt.weekday().is_in(layout.weekdays)) if layout.weekdays else grid


def moments_ahead(moments: pl.Series, layout: SeriesLayout) -> pl.Series:
    """`moment`: the steps of a grid, and those of the horizon after its last."""
    days = 7 if layout.weekdays else 1
    after = moments.tail(1).dt.offset_by(layout.frequency * (layout.horizon * days))
    if _are_month_ends(moments, layout):
        after = after.dt.month_end()
    return moments_between(pl.concat([moments, after]), layout)[: len(moments) + layout.horizon]


def _are_month_ends(moments: pl.Series, layout: SeriesLayout) -> bool:
    return layout.frequency.endswith(("mo", "q", "y")) and bool((moments == moments.dt.month_end()).all())


def _at_clock_change(moments: pl.Series) -> bool:
    """Whether all are such as a clock of summer and winter time leaves out or repeats."""
    night, month = moments.dt.hour() <= LAST_HOUR, moments.dt.month()
    return bool((night & (moments.dt.weekday() == SUNDAY) & month.is_in(CLOCK_MONTHS)).all())


def _where(rows: pl.DataFrame, layout: SeriesLayout) -> str:
    """The first of `rows`, by series and moment."""
    series, moment = rows.sort("series", "moment").select("series", "moment").row(0)
    return f"series {series!r} has {layout.time} {moment}"


def _counted(rows: pl.DataFrame) -> str:
    return f"{rows.height:,} such moments in {rows['series'].n_unique():,} series"
