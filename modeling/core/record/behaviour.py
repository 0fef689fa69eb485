"""What a record says of the champion beyond its scores.

Belongs here: curves, calibration, decisions, slices, explanation. Does not belong here: what only one task shows
(`chapters`).
"""

from modeling.core.record.base import Interval, Record


class Curve(Record):
    """Points of a curve on the sealed test, x ascending; at most 200."""

    x: list[float]
    y: list[float]


class Calibration(Record):
    """How predicted probabilities meet observed frequencies, in bins of equal counts.

    `error` is the expected calibration error (mean absolute gap, weighted by count; Naeini et al. 2015).
    """

    error: float
    predicted: list[float]
    observed: list[float]
    count: list[int]


class OperatingPoint(Record):
    """What happens at the threshold that costs least on validation rows, measured on the sealed test."""

    threshold: float
    cost_false_positive: float
    cost_false_negative: float
    recall: Interval
    precision: Interval | None
    cost_per_1000: float
    cost_per_1000_never: float
    """Cost per 1,000 rows of never acting."""
    cost_per_1000_always: float
    """Cost per 1,000 rows of always acting."""


class Slice(Record):
    """The metric on the test rows of one group of people or things. Too few rows: `metric` is absent."""

    column: str
    level: str
    rows: int
    positives: int | None = None
    metric: Interval | None = None
    note: str = ""


class Importance(Record):
    """Permutation importance on validation rows: the metric lost when a feature is shuffled (Breiman 2001)."""

    feature: str
    loss: float
    spread: float
    """Standard deviation over shuffles."""


class Explanation(Record):
    """The ranking of features, and whether it holds.

    `deletion_top` and `deletion_random` are the test metric lost when the leading features, or as many random ones,
    are shuffled; a ranking that explains anything loses more with the first. `stability` is the mean rank correlation
    (Spearman) of the ranking over seeds.
    """

    importances: list[Importance]
    deleted: int
    deletion_top: float
    deletion_random: float
    holds: bool
    stability: float | None = None
