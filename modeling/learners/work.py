"""How much work a fit does: by the size of what it learns from, never by a clock.

Belongs here: the unit of work, the rule that turns a budget into trials, rounds, epochs or rows, and the time limit
that is its safety net. Does not belong here: what a trial or an epoch costs (each learner knows its own formula).

The same rows, hyperparameters and seed give the same model on any machine, however busy: nothing here measures one.
"""

import math
import time

from modeling.core.learner import Fitting

EFFORT = 1.0
"""Every budget is multiplied by it."""
OPERATIONS_PER_SECOND = 4e10
"""Multiplications and additions on the two ordinary cores that budgets are written for."""
STEP_OPERATIONS = 1e7
"""What a step of gradient descent costs beside its arithmetic, on the same cores."""


def operations(seconds: float) -> float:
    """What fills `seconds` of two ordinary cores."""
    return EFFORT * seconds * OPERATIONS_PER_SECOND


def affordable(seconds: float, each: float, fewest: int, most: int) -> int:
    """How many pieces of work of so many operations `each` fill `seconds` of two ordinary cores, within bounds.

    >>> affordable(12, each=1e11, fewest=1, most=100)
    4
    """
    return int(min(max(operations(seconds) / each, fewest), most))


def epochs(seconds: float, rows: int, each: float, batch: int, most: int) -> int:
    """How many passes over `rows` of so many operations `each` fill `seconds` of two ordinary cores; at least two."""
    steps = math.ceil(rows / batch)
    return affordable(seconds, rows * each + steps * STEP_OPERATIONS, fewest=2, most=most)


class TimeLimit:
    """The safety net of one fit, from now on; none for a `fixed` fit.

    Attributes
    ----------
    cut: `FitSummary.cut` of the fit.
    """

    def __init__(self, fitting: Fitting) -> None:
        self._seconds = math.inf if fitting.fixed else fitting.time_limit
        self._end = time.monotonic() + self._seconds
        self.cut = ""

    def stops(self, after: str) -> bool:
        """Whether the fit has to stop here, `after` what it has done; the first time it does is kept as `cut`."""
        if time.monotonic() <= self._end:
            return False
        self.cut = self.cut or f"the time limit of {self._seconds:,.0f} s stopped it after {after}"
        return True

    @property
    def left(self) -> float:
        """Seconds for what is still to be done; 0 when none are."""
        return max(self._end - time.monotonic(), 0.0)
