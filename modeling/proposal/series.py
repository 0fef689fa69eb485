"""Whether a table is series to forecast, and their rhythm.

Belongs here: frequency, seasons and horizon, as the moments show them. Does not belong here: forecasting
(`modeling.problems.forecasting.task`).
"""

from typing import Any

import polars as pl

REGULAR = 0.9
"""Share of the steps that are as long as most."""
DAY = 86_400
UNITS = {"h": 3600, "m": 60, "s": 1}
STEPS = {DAY: "1d", 7 * DAY: "1w"}
CALENDAR = (("1mo", 28, 31, [12]), ("3mo", 89, 92, [4]), ("1y", 365, 366, [2]))
"""Frequency, days of its shortest and its longest step, seasons."""
SHARE_OF_VALID = 0.15
TRAINED = 0.6
"""Share of the steps before validation; it must hold two of the longest season."""


def settings(table: pl.DataFrame, time: str, group: str | None) -> dict[str, Any] | None:
    """The `settings` of a forecast of these rows; None where they are no regular series."""
    keys = [group] if group else []
    if table.schema[time] not in (pl.Date, pl.Datetime) or table.select(*keys, time).is_duplicated().any():
        return None
    ordered = table.select(*keys, moment=pl.col(time).cast(pl.Datetime("us"))).sort(*keys, "moment")
    step = pl.col("moment").diff().dt.total_seconds()
    steps = ordered.select(step=step.over(group) if group else step)["step"].drop_nulls()
    found = _rhythm(steps)
    if found is None:
        return None
    frequency, seasons = found
    moments = pl.col("moment")
    grid = ordered.select(pl.datetime_range(moments.min(), moments.max(), frequency).alias("moment"))["moment"]
    held = [season for season in seasons if 2 * season <= TRAINED * len(grid)]
    if not ordered["moment"].is_in(grid.implode()).all() or not held:
        return None
    horizon = max(1, min(held[0], int(SHARE_OF_VALID * len(grid)) // 2))
    series = ordered[group].n_unique() if group else 1
    gaps = "refuse" if ordered.height == series * len(grid) else "leave"
    return {"frequency": frequency, "horizon": horizon, "seasons": held, "gaps": gaps}


def _rhythm(steps: pl.Series) -> tuple[str, list[int]] | None:
    """The frequency and its usual seasons in steps, shortest first."""
    if steps.is_empty():
        return None
    for frequency, shortest, longest, seasons in CALENDAR:
        if _share(steps.is_between(shortest * DAY, longest * DAY)) >= REGULAR:
            return frequency, seasons
    most = int(steps.mode().sort()[0])
    if _share(steps == most) < REGULAR or most <= 0:
        return None
    if most >= DAY:
        frequency = STEPS.get(most)
        return (frequency, [7] if most == DAY else [52]) if frequency else None
    if DAY % most:
        return None
    unit, seconds = next((unit, seconds) for unit, seconds in UNITS.items() if most % seconds == 0)
    return f"{most // seconds}{unit}", [DAY // most, 7 * DAY // most]


def _share(where: pl.Series) -> float:
    return int(where.sum()) / len(where)
