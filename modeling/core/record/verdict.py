"""What an evaluation ends in.

Belongs here: gates, the champion beside the model that serves, and the verdict. Does not belong here: measuring or
deciding (`modeling.evaluation`).
"""

from typing import Literal

from pydantic import Field

from modeling.core.record.base import Lift, Record

Outcome = Literal["published", "gain not shown", "held back"]


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
    """A bound, what was measured with the ends of its interval, and whether it is met; `message` says it in words."""

    name: str
    bound: float
    measured: float | None
    low: float | None = None
    high: float | None = None
    passed: bool
    message: str


class Verdict(Record):
    """What follows from an evaluation.

    Attributes
    ----------
    outcome: `published`: all gates are met. `gain not shown`: they are, and the champion may serve, but that it is
        better than the simple model is not decisive on the sealed test. `held back`: it may not serve.
    reason: one sentence. facts: what could sink the verdict, in words; empty where nothing was found.
    """

    outcome: Outcome
    reason: str
    facts: list[str] = Field(default=[])
