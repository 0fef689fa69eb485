"""What a record says of the champion beyond its scores.

Belongs here: curves, calibration, decisions, slices, explanation. Does not belong here: what only one task shows
(`chapters`).
"""

from pydantic import Field

from modeling.core.record.base import Interval, OnceANumber, Record


class Curve(Record):
    """Points of a curve on the sealed test, x ascending; at most 200."""

    x: list[float]
    y: list[float]


class Calibration(Record):
    """How predicted probabilities meet observed frequencies, in bins of equal counts.

    `error` is the root of the mean squared gap, weighted by count, less what chance alone makes of it; of several
    classes, the gap of the most probable one's probability. Older records hold the mean absolute gap, chance included.
    """

    error: OnceANumber
    predicted: list[float]
    observed: list[float]
    count: list[int]
    slope: Interval | None = None
    """Of the logit of what happens on the predicted logit: 1 is right, less promises too much at both ends. Of several
    classes: of the log probabilities, the inverse of a temperature."""
    intercept: Interval | None = None
    """On the scale of logits, by how much all predictions are too low; 0 is right. Absent for several classes."""
    brier_skill: Interval | None = None
    """1 - Brier score / that of predicting every class's share of these rows: 0 is no skill."""
    event_share: float | None = None
    """The share of events, which is also the error of predicting 0 for everybody. Absent for several classes."""


class Promise(Record):
    """A share at the threshold as validation rows had it, and what became of it on the sealed test."""

    validation: Interval
    change: Interval
    """Test - validation."""
    moved: bool
    """Whether the interval of the change excludes zero."""


class OperatingPoint(Record):
    """What happens at the threshold that costs least on validation rows, measured on the sealed test."""

    threshold: float
    cost_false_positive: float
    cost_false_negative: float
    recall: Interval | None
    """The share of events that are acted on."""
    precision: Interval | None
    """The share of actions that meet an event."""
    specificity: Interval | None = None
    """The share of other rows that are left alone."""
    cost_per_1000: OnceANumber
    cost_per_1000_never: float
    """Cost per 1,000 rows of never acting."""
    cost_per_1000_always: float
    """Cost per 1,000 rows of always acting."""
    promises: dict[str, Promise] = Field(default={})
    """`recall` and `specificity`."""


class Slice(Record):
    """The metric on the test rows of one group of people or things. Too few rows: `metric` is absent."""

    column: str
    level: str
    rows: int
    positives: int | None = None
    metric: Interval | None = None
    note: str = ""


class SliceGap(Record):
    """The largest gap in the metric between two levels of one column.

    Its interval holds for all pairs of levels of all columns at once: its low end exceeds 0 by chance in 5 % of the
    tests, however many slices there are.
    """

    column: str
    better: str
    worse: str
    gap: Interval
    pairs: int
    """How many were compared."""


class WithinCluster(Record):
    """The metric among the test units of one cluster. Its interval is about more units of the same cluster, and says
    nothing of other clusters."""

    cluster: str
    units: int
    share: float
    """Of all test units."""
    metric: Interval | None


class Importance(Record):
    """Permutation importance on validation rows: the metric lost when a feature is shuffled (Breiman 2001).

    `spread` is the standard deviation over shuffles; `low` and `high` a 95 % interval that carries shuffles and the
    seeds of training. Features of one `tier` (1 the highest) can't be told apart: their intervals overlap, one with the
    next. Absent for parts of a content.
    """

    feature: str
    loss: float
    spread: float
    low: float | None = None
    high: float | None = None
    tier: int | None = None


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
