"""Times that may be cut short before the event: how they are written and estimated.

Belongs here: the encoding of censored times, estimators of survival, and the likelihood that learners share. Does not
belong here: a learner, how a risk is scored (`modeling.problems.survival.metrics`), or what the task reports
(`modeling.problems.survival.task`).

A censored time is a lower bound. One array holds both: the time where the event was seen, minus the time where
observation ended without it. Times are above zero, so the sign is never in doubt.

A risk is a log hazard ratio: any constant may be added to it, and risks of several models may be averaged.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np


@dataclass(frozen=True)
class Steps:
    """A function of time that changes at `time` ``[k]``, ascending, to `value` ``[k]``; `before` until the first."""

    time: np.ndarray
    value: np.ndarray
    before: float

    def at(self, time: np.ndarray | float) -> np.ndarray:
        """The value at each time, a change at that very time included."""
        return np.append(self.before, self.value)[np.searchsorted(self.time, time, side="right")]


def signed(time: np.ndarray, event: np.ndarray) -> np.ndarray:
    """float64 ``[n]``: `time` where `event`, else minus `time`."""
    return np.where(event, time, -time).astype(np.float64)


def times(target: np.ndarray) -> np.ndarray:
    """``[n]``: how long each row was observed."""
    return np.abs(target)


def seen(target: np.ndarray) -> np.ndarray:
    """bool ``[n]``: whether the event was seen."""
    return target > 0


@dataclass(frozen=True)
class AtRisk:
    """Who was still observed at each time something ended: the risk sets of Cox 1972, ties as in Breslow 1974."""

    target: np.ndarray

    @cached_property
    def _distinct(self) -> tuple[np.ndarray, np.ndarray]:
        return np.unique(times(self.target), return_inverse=True)

    @property
    def time(self) -> np.ndarray:
        """``[k]``, ascending."""
        return self._distinct[0]

    @cached_property
    def events(self) -> np.ndarray:
        """``[k]``: how many events were seen at each time."""
        return self._at_each(seen(self.target))

    def total(self, value: np.ndarray) -> np.ndarray:
        """``[k]``: the sum of `value` ``[n]`` over the rows still observed at each time."""
        return np.cumsum(self._at_each(value)[::-1])[::-1]

    def until(self, value: np.ndarray) -> np.ndarray:
        """``[n]``: the sum of `value` ``[k]`` over the times until each row's own."""
        return np.cumsum(value)[self._distinct[1]]

    def loss(self, risk: np.ndarray) -> float:
        """The negative log partial likelihood of `risk` ``[n]``, a mean over events."""
        largest = risk.max()
        log_total = np.log(self.total(np.exp(risk - largest))) + largest
        lost = self.events @ log_total - risk[seen(self.target)].sum()
        return float(lost / max(self.events.sum(), 1))

    def derivatives(self, risk: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """First and second derivative ``[n]`` of the negative log partial likelihood, a sum over events."""
        hazard_ratio = np.exp(risk - risk.max())
        total = self.total(hazard_ratio)
        expected = hazard_ratio * self.until(self.events / total)
        squared = hazard_ratio**2 * self.until(self.events / total**2)
        return expected - seen(self.target), np.maximum(expected - squared, np.finfo(np.float32).tiny)

    def survival(self, weight: np.ndarray | None = None) -> Steps:
        """The share without the event by time (Kaplan and Meier 1958); `weight` ``[n]`` counts rows."""
        return self._product_limit(seen(self.target), 0.0, weight)

    def censoring(self, weight: np.ndarray | None = None) -> Steps:
        """The share still observed by time, were there no events; at equal times events come first."""
        return self._product_limit(~seen(self.target), seen(self.target), weight)

    def cumulative_hazard(self, risk: np.ndarray) -> Steps:
        """The cumulative hazard of a row of risk 0, by time (Breslow 1974): with it, survival is
        ``exp(-hazard * exp(risk))``."""
        return Steps(self.time, np.cumsum(self.events / self.total(np.exp(risk))), 0.0)

    def _product_limit(self, leaves: np.ndarray, withdrawn: np.ndarray | float, weight: np.ndarray | None) -> Steps:
        """1 - leaving / at risk, multiplied over time; `withdrawn` rows have left before the others of a time."""
        weight = np.ones(len(self.target)) if weight is None else weight
        at_risk = self.total(weight) - self._at_each(weight * withdrawn)
        leaving = self._at_each(weight * leaves)
        kept = 1 - np.divide(leaving, at_risk, out=np.zeros(len(at_risk)), where=at_risk > 0)
        return Steps(self.time, np.cumprod(kept), 1.0)

    def _at_each(self, value: np.ndarray) -> np.ndarray:
        return np.bincount(self._distinct[1], value, len(self.time))
