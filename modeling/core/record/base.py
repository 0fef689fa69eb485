"""What every part of a record is, and a measured value.

Belongs here: what the other parts are built of. Does not belong here: any part (the other modules here).
"""

from pydantic import BaseModel, ConfigDict


class Record(BaseModel):
    """A part of a record: its fields and no others."""

    model_config = ConfigDict(extra="forbid")


class Interval(Record):
    """A measured value with its 95 % bootstrap interval. `low` and `high` are absent where it could not be made."""

    value: float
    low: float | None = None
    high: float | None = None


class Lift(Interval):
    """A paired difference champion - other on the same test rows, signed so that more is better.

    `decisive` is false when the interval includes zero.
    """

    over: str
    decisive: bool
