"""What a record says of the candidates: cost, circumstances, scores.

Belongs here: every candidate, the champion, the baselines. Does not belong here: what the champion does beyond its
scores (`behaviour`).
"""

from typing import Any

from pydantic import Field

from modeling.core.record.base import Interval, Record


class CandidateResult(Record):
    """A fitted learner as validation rows saw it. Test scores only for those the sealed test was opened for."""

    learner: str
    family: str
    champion: bool = False
    validation: dict[str, float]
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


class Champion(Record):
    """The candidate that validation chose, on the sealed test."""

    learner: str
    members: dict[str, float]
    """Learner -> weight; one entry of weight 1 unless the champion is the ensemble."""
    chosen_by: str
    """The validation metric that chose it, in words."""
    validation: dict[str, float]
    test: dict[str, Interval]
    seeds: dict[int, float]
    """Seed -> the test metric of a champion trained with it."""
    predictions_per_second: float


class Baseline(Record):
    """A learner that the champion is compared with, on the sealed test."""

    learner: str
    test: dict[str, Interval]
