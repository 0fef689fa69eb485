"""What an evaluation says: the schema of `evaluation.json`.

Belongs here: the published record that the command line, the reports and the Dagster UI read. Does not belong here:
computing any of it. A number that was not measured is absent (`None` or no entry), never zero.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

SCHEMA_VERSION = 1


class Record(BaseModel):
    model_config = ConfigDict(extra="forbid")


class Interval(Record):
    """A measured value with its 95 % bootstrap interval. `low` and `high` are absent where it could not be made."""

    value: float
    low: float | None = None
    high: float | None = None


class Lift(Interval):
    """A paired difference champion - other on the same test rows, signed so that more is better.

    `decisive` is false when the interval includes zero.
    """

    over: str
    decisive: bool


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
    parameters: dict[str, Any] = {}
    curve: list[dict[str, float]] = []
    notes: list[str] = []


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
    learner: str
    test: dict[str, Interval]


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


class LeakageFinding(Record):
    """A point of the leakage audit."""

    name: str
    passed: bool
    severity: Literal["error", "warning"]
    message: str
    examples: list[str] = []


class ContractResult(Record):
    """What one expectation found in the raw table."""

    expectation: str
    column: str | None
    rule: str
    on_failure: Literal["block", "quarantine"]
    passed: bool
    checked: int
    unexpected: int
    examples: list[str] = []
    """Bounded, as text."""
    message: str = ""
    derived: bool = False
    """Derived from the declared columns rather than written in the YAML."""


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
    name: str
    bound: float
    measured: float | None
    passed: bool
    message: str


class RowCounts(Record):
    raw: int
    quarantined: int
    train: int
    valid: int
    test: int


class Provenance(Record):
    """Everything needed to make these numbers again."""

    snapshot: str
    definition: str
    code: str
    seeds: list[int]
    versions: dict[str, str]
    run_id: str
    finished_at: str
    """ISO 8601, UTC."""


class Line(Record):
    """A line of a chart; `x` are numbers, or moments in ISO 8601. At most 500 points; a gap is `None`."""

    x: list[float] | list[str]
    y: list[float | None]


class Band(Record):
    """The space between two lines, such as an interval of forecasts."""

    x: list[float] | list[str]
    low: list[float]
    high: list[float]


class LineChart(Record):
    """Lines over a common axis: forecasts, equity, regret. `steps`: values hold until the next point."""

    kind: Literal["lines"] = "lines"
    title: str
    caption: str
    x_title: str
    y_title: str
    lines: dict[str, Line]
    bands: dict[str, Band] = {}
    steps: bool = False


class Estimates(Record):
    """Values with their intervals, one below the other. `reference` is drawn as a line."""

    kind: Literal["estimates"] = "estimates"
    title: str
    caption: str
    x_title: str
    estimates: dict[str, Interval]
    reference: float | None = None


class Listing(Record):
    """A table: heading -> cells, of equal length. Text is text; numbers are set to common digits."""

    kind: Literal["listing"] = "listing"
    title: str
    columns: dict[str, list[str | None] | list[int | None] | list[float | None]]


class Picture(Record):
    """One image of a strip: PNG in base64, at most some 10 kB; `text` says in words what it shows."""

    png: str
    caption: str
    text: str


class Pictures(Record):
    """Images side by side, at most 24."""

    kind: Literal["pictures"] = "pictures"
    title: str
    caption: str
    pictures: list[Picture]


class Roads(Record):
    """Segments on a map, in metres or degrees: ``[x1, y1, x2, y2]`` each, by layer; the first layer is the ground."""

    kind: Literal["roads"] = "roads"
    title: str
    caption: str
    layers: dict[str, list[tuple[float, float, float, float]]]


Exhibit = LineChart | Estimates | Listing | Pictures | Roads


class Chapter(Record):
    """A section of the report that only one task has: what its readers look at.

    `reading` tells a buyer how to read it, `term` tells a data scientist what was computed, with its source.
    """

    title: str
    reading: str
    term: str
    exhibits: list[Exhibit]


class Evaluation(Record):
    """The judgement on one use case."""

    schema_version: int = SCHEMA_VERSION
    use_case: str
    industry: str
    title: str
    question: str
    task: str
    metric: str
    greater_is_better: bool
    evidence: Literal["real", "perturbed", "simulated"]
    licence: str
    citation: str
    data_version: str
    """Content digest of the raw snapshot."""
    target: str
    classes: list[str]
    target_summary: dict[str, float]
    """Share of each class, or mean, std, min, max of a regression target, over all rows."""
    features: list[str]
    split: dict[str, Any]
    rows: RowCounts
    groups: int | None
    """Test clusters the bootstrap draws, where units belong together."""
    units: int
    """How many of `unit` the metric scores on the sealed test."""
    unit: str = "rows"
    """Rows, users, trips, episodes."""
    seconds: float
    """Of all fits and the evaluation."""
    champion: Champion
    baseline: Baseline
    simple: Baseline | None
    lift: Lift
    lift_over_simple: Lift | None
    candidates: list[CandidateResult]
    curves: dict[str, Curve]
    """`roc`, `precision_recall`, `net_benefit`, `net_benefit_all` (binary); `residual_quantiles` (regression)."""
    calibration: Calibration | None
    decision: OperatingPoint | None
    confusion: list[list[int]] | None
    """Test rows, true class by predicted class, in the order of `classes`."""
    slices: list[Slice]
    explanation: Explanation | None
    """Absent where there are no features to shuffle or parts to delete."""
    chapters: list[Chapter] = []
    """What only this task shows."""
    challenge: Challenge | None = None
    """Absent where no model served yet."""
    leakage: list[LeakageFinding]
    contract: list[ContractResult]
    gates: list[Gate]
    published: bool
    openings: int
    """How often the sealed test of this data version has been opened, this time included."""
    limits: list[str]
    """What the evaluation does not show."""
    provenance: Provenance
