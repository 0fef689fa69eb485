"""What an evaluation ends in.

Belongs here: gates, the champion beside the model that serves, and the verdict. Does not belong here: measuring or
deciding (`modeling.evaluation`).
"""

from typing import Literal

from pydantic import Field

from modeling.core.record.base import Lift, Record

Outcome = Literal["published", "gain not shown", "held back"]


NOT_WORSE_THAN_SERVING = "not_worse_than_serving"
"""The gate that a challenge ends in."""


class Challenge(Record):
    """The champion beside a published model: the one that served when it was judged, and the best so far.

    Attributes
    ----------
    serving: the version of that model. readable: whether it could be loaded; one that can't answers nobody.
    units: test units that neither has learned from.
    lift: of the champion over that model, paired; absent where the two can't be compared.
    margin: how much worse than that model the champion may be, in units of the metric; absent without a lift.
    message: what they were compared on, or why they were not.
    best: the same beside the best model published so far; absent where that is the one that served.
    old_units: those of the units that were there before the latest deliveries, when that model was judged.
    old_lift: the lift on these alone; absent where they are too few, or it is not known which they are.
    """

    serving: str
    readable: bool = True
    units: int
    lift: Lift | None
    margin: float | None = None
    message: str
    best: "Challenge | None" = None
    old_units: int = 0
    old_lift: Lift | None = None

    @property
    def sets_standard(self) -> bool:
        """Whether the champion, once published, is the one that later ones are held against: it is decisively better
        than the best so far, or could not be compared with it and a person let it serve."""
        lift = (self.best or self).lift
        return lift is None or (lift.decisive and lift.value > 0)


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
