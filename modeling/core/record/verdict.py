"""What an evaluation ends in.

Belongs here: gates, and the champion beside the model that serves. Does not belong here: measuring or deciding
(`modeling.evaluation`).
"""

from modeling.core.record.base import Lift, Record


class Challenge(Record):
    """The champion beside the model that served when it was judged."""

    serving: str
    """The version of the model that served."""
    units: int
    """Test units that neither has learned from."""
    lift: Lift | None
    """Of the champion over the serving model, paired; absent where the two can't be compared."""
    message: str
    """What they were compared on, or why they were not."""


class Gate(Record):
    """A bound, what was measured, and whether it is met; `message` says it in words."""

    name: str
    bound: float
    measured: float | None
    passed: bool
    message: str
