"""What a record says of the candidates: cost, circumstances, scores.

Belongs here: every candidate, the champion, the baselines. Does not belong here: what the champion does beyond its
scores (`behaviour`).
"""

from typing import Any, Literal

from pydantic import Field

from modeling.core.record.base import Interval, Record


class Estimate(Record):
    """A score with its standard error by the bootstrap, by cluster; absent where that can't be known."""

    value: float
    standard_error: float | None = None


ROUNDING = 1e-12


class Advantage(Estimate):
    """A paired difference of two scores of the same units, signed so that more is better."""

    @property
    def shown(self) -> bool:
        """Whether it exceeds one standard error, which a dearer step must, and what sums may lose to rounding."""
        return self.standard_error is not None and self.value > max(self.standard_error, ROUNDING)


class Step(Record):
    """Something dearer that was tried with the champion: taken only where its advantage is shown."""

    name: Literal["recalibration", "refit"]
    taken: bool
    advantage: Advantage | None = None
    """Over doing without it; absent where it was not tried."""
    message: str


class CandidateResult(Record):
    """A fitted learner as validation rows saw it. Test scores only for those the sealed test was opened for."""

    learner: str
    family: str
    champion: bool = False
    validation: dict[str, float]
    best_ahead: Advantage | None = None
    """By how much the best expected score is ahead of this one's; absent in records made before it was asked."""
    test: dict[str, Interval] | None = None
    seconds: float
    peak_memory_mb: float
    predictions_per_second: float | None = None
    device: str
    precision: str
    device_reason: str
    parameters: dict[str, Any] = Field(default={})
    curve: list[dict[str, float]] = Field(default=[])
    notes: list[str] = Field(default=[])
    cut: str = ""
    """What a clock cut short, in words; empty: nothing."""


class Champion(Record):
    """The candidate that validation chose, on the sealed test."""

    learner: str
    members: dict[str, float]
    """Learner -> weight; one entry of weight 1 unless the champion is the ensemble."""
    chosen_by: str
    """The rule that chose it and what it found, in words."""
    best: str = ""
    """The candidate with the best expected score, which need not be the champion."""
    steps: list[Step] = Field(default=[])
    validation: dict[str, float]
    test: dict[str, Interval]
    seeds: dict[int, float]
    """Seed -> the test metric of a champion trained with it; one entry where no seed changes it."""
    predictions_per_second: float


class Baseline(Record):
    """A learner that the champion is compared with, on the sealed test."""

    learner: str
    test: dict[str, Interval]


class RepeatedSplit(Record):
    """The unsealed rows divided anew: the champion's scores on the part held out, trained as it was on the rest."""

    learned: int
    """Rows it was trained on."""
    held_out: int
    """Units it was scored on."""
    score: Estimate
    lift: Advantage | None
    """Over the trivial learner, trained on the same rows; absent where the champion is that one."""
    lift_over_simple: Advantage | None
    """Over the simple learner; absent where there is none, or the champion is that one."""


class Repeated(Record):
    """What repeated splits showed; `note` says why there are none, or fewer than asked for."""

    splits: list[RepeatedSplit] = Field(default=[])
    note: str = ""
