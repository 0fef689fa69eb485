"""Is the champion better, or worse, than another model?

Belongs here: both answers, which the gate, the verdict and the summary of a run share. Does not belong here: the
difference and its intervals (`modeling.core.intervals`, `spreads`), or what follows (`gates`, `verdict`).
"""

from modeling.core.record import Lift, Spread


def is_shown(lift: Lift, spread: Spread | None) -> bool:
    """Decisively better on the test rows, and still better with another seed or split."""
    low = lift.carrying(spread).low
    return lift.decisive and low is not None and low > 0


def is_worse(lift: Lift) -> bool:
    """The whole interval lies below zero. To hold a model back this is asked on however few clusters: too few to call
    it better are enough to be careful."""
    return lift.high is not None and lift.high < 0
