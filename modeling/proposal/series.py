"""Whether a table is series to forecast, and their rhythm.

Belongs here: frequency, seasons and horizon, as the moments show them, and what stands in the way. Does not belong
here: forecasting, or the grid (`modeling.problems.forecasting`).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import polars as pl
import polars.selectors as cs

from modeling.core.features import FeatureError
from modeling.problems.forecasting.grid import Grid, SeriesLayout, moments_between, on_grid, steps_of

REGULAR = 0.5
"""Share of the steps that are as long as most; the others must be several of them."""
DAY = 86_400
NOMINAL = (*(60 * minutes for minutes in (1, 2, 5, 10, 15, 20, 30, 60, 120, 180, 240, 360, 720)), DAY, 7 * DAY)
"""Lengths that are meant where moments miss them by a little."""
MISSED = 0.1
"""Of a step: the most that a moment may miss it by."""
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
UNITS = {"h": 3600, "m": 60, "s": 1}
STEPS = {DAY: "1d", 7 * DAY: "1w"}
CALENDAR = (("1mo", 28, 31, [12]), ("3mo", 89, 92, [4]), ("1y", 365, 366, [2]))
"""Frequency, days of its shortest and its longest step, seasons."""
SHARE_OF_VALID = 0.15
TRAINED = 0.6
"""Share of the steps before validation; it must hold two of the longest season."""
EMPTIEST = 0.5
"""Share of the grid with a value, below which series are forecast only where that is asked for."""
LARGEST_GRID = 50
"""Cells for a row, from which on nothing about a table is regular."""


@dataclass(frozen=True)
class SeriesFound:
    """The `settings` of a forecast, or None and why not: empty where these are no series at all. `filled`: the share of
    the grid with a value."""

    settings: dict[str, Any] | None = None
    why_not: str = ""
    doubts: list[str] = field(default_factory=list)
    filled: float = 1.0


def found(table: pl.DataFrame, target: str, time: str, group: str | None) -> SeriesFound:
    """What the rows of `table` are, as series of `target` named by `group`."""
    rows = table.filter(table[time].is_not_null())
    rhythm = _rhythm(_steps(rows, time, group)) if rows.schema[time] in (pl.Date, pl.Datetime) else None
    if rhythm is None:
        return SeriesFound()
    frequency, seasons = rhythm
    layout = _as_written(rows, SeriesLayout(group, time, target, frequency, 1, seasons, "leave"))
    steps = moments_between(steps_of(rows[time], layout), layout)
    if len(steps) * (rows[group].n_unique() if group else 1) > LARGEST_GRID * rows.height:
        return SeriesFound()
    try:
        return _settled(on_grid(rows, layout), layout)
    except FeatureError as error:
        return SeriesFound(why_not=str(error))


def _steps(rows: pl.DataFrame, time: str, group: str | None) -> pl.Series:
    """The seconds between moments of one series; repeated ones count once."""
    keys = [group] if group else []
    moments = rows.select(cs.by_name(*keys), moment=cs.by_name(time).cast(pl.Datetime("us"))).unique()
    step = pl.col("moment").diff().dt.total_seconds()
    in_series = step.over(cs.by_name(group)) if group else step
    return moments.sort(cs.by_name(*keys), "moment").select(step=in_series)["step"].drop_nulls()


def _rhythm(steps: pl.Series) -> tuple[str, list[int]] | None:
    """The frequency and its usual seasons in steps, shortest first."""
    if steps.is_empty():
        return None
    for frequency, shortest, longest, seasons in CALENDAR:
        if _share(steps.is_between(shortest * DAY, longest * DAY)) >= REGULAR:
            return frequency, seasons
    step = _step(steps)
    if step is None or step >= DAY:
        frequency = STEPS.get(step or 0)
        return (frequency, [7] if step == DAY else [52]) if frequency else None
    if DAY % step:
        return None
    unit, seconds = next((unit, seconds) for unit, seconds in UNITS.items() if step % seconds == 0)
    return f"{step // seconds}{unit}", [DAY // step, 7 * DAY // step]


def _step(steps: pl.Series) -> int | None:
    """The length, in seconds, that most steps have, or that nearly all miss by little."""
    most = int(steps.mode().sort()[0])
    if most > 0 and _share(steps == most) >= REGULAR:
        return most
    middle = float(str(steps.median()))
    meant = min(NOMINAL, key=lambda nominal: abs(nominal - middle))
    missed = (steps - (steps / meant).round() * meant).abs()
    return meant if meant < DAY and _share(missed <= 2 * MISSED * meant) >= 1 - MISSED else None


def _as_written(rows: pl.DataFrame, layout: SeriesLayout) -> SeriesLayout:
    """With the weekdays that have values where not all do, and the seconds by which moments miss their steps."""
    moments = rows[layout.time].cast(pl.Datetime("us"))
    weekdays = moments.dt.weekday().unique().sort().to_list()
    if layout.frequency == "1d" and 1 < len(weekdays) < len(DAYS):
        return replace(layout, weekdays=weekdays, seasons=[len(weekdays)])
    if layout.frequency[-1] not in UNITS or moments.is_in(moments_between(moments, layout).implode()).all():
        return layout
    missed = (moments - moments.dt.round(layout.frequency)).dt.total_milliseconds().abs().max()
    seconds = math.ceil(int(str(missed)) / 1000)
    step = int(layout.frequency[:-1]) * UNITS[layout.frequency[-1]]
    return replace(layout, tolerance=seconds) if seconds <= MISSED * step else layout


def _settled(grid: Grid, layout: SeriesLayout) -> SeriesFound:
    unknown = np.isnan(grid.values)
    steps = len(grid.moments)
    seasons = [season for season in layout.seasons if 2 * season <= TRAINED * steps]
    if not seasons:
        return SeriesFound(
            why_not=f"{steps:,} steps of {layout.frequency} are too few to learn a season of {layout.seasons[0]} from: "
            "give more history"
        )
    horizon = max(1, min(seasons[0], int(SHARE_OF_VALID * steps) // 2))
    gaps = "leave" if unknown.any() else "refuse"
    settings = {"frequency": layout.frequency, "horizon": horizon, "seasons": seasons, "gaps": gaps}
    settings |= {"weekdays": layout.weekdays} if layout.weekdays else {}
    settings |= {"tolerance": layout.tolerance} if layout.tolerance else {}
    return SeriesFound(settings, doubts=list(_doubts(grid, layout, seasons)), filled=1 - float(unknown.mean()))


def _doubts(grid: Grid, layout: SeriesLayout, seasons: list[int]) -> Iterator[str]:
    unknown = np.isnan(grid.values)
    if layout.weekdays:
        closed = ", ".join(name for day, name in enumerate(DAYS, 1) if day not in layout.weekdays)
        yield f"no value is of a {closed}: a step leads from one of the other days to the next (`weekdays`)"
    if layout.tolerance:
        yield (
            f"moments miss their step of {layout.frequency} by up to {layout.tolerance} s: each was taken for the "
            "nearest (`tolerance`)"
        )
    if unknown.any():
        worst = int(unknown.sum(axis=1).argmax())
        yield (
            f"{int(unknown.sum()):,} of {unknown.size:,} values are missing, {int(unknown[worst].sum()):,} of them in "
            f"series {grid.series[worst]!r}, {int(unknown.all(axis=0).sum()):,} steps in all series: they are left out "
            "(`gaps: leave`); deliver them if they are known"
        )
    known = (~unknown).sum(axis=1)
    short = [f"{grid.series[place]!r} ({known[place]:,})" for place in np.flatnonzero(known < 2 * seasons[0])]
    if short:
        listed = f"{', '.join(short[:3])}{', …' if len(short) > 3 else ''}"
        yield f"{len(short):,} series have few values: {listed}. They are forecast by their level, and hardly judged"


def _share(where: pl.Series) -> float:
    return int(where.sum()) / len(where)
