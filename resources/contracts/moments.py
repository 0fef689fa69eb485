"""Bounds on dates as moments that compare with a column.

Belongs here: reading a bound as a contract writes it. Does not belong here: rules (`expectations`, `row_rules`).
"""

from contextlib import suppress
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl


def zone(dtype: pl.DataType) -> str:
    """The time zone in which a column's moments are compared; UTC where it has none."""
    return getattr(dtype, "time_zone", None) or "UTC"


def moment(value: Any, dtype: pl.DataType) -> datetime | None:
    """A date, a moment or one written in ISO 8601, as a moment of the column's zone; None for anything else."""
    if isinstance(value, str):
        with suppress(ValueError):
            value = datetime.fromisoformat(value)
    if not isinstance(value, date):
        return None
    found = value if isinstance(value, datetime) else datetime.combine(value, time())
    return found if found.tzinfo else found.replace(tzinfo=ZoneInfo(zone(dtype)))
