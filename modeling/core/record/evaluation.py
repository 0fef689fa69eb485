"""The judgement on one use case: the schema of `evaluation.json`.

Belongs here: the record as a whole, and where its numbers come from. Does not belong here: its parts (the other modules
here).
"""

from typing import Any, Literal

from pydantic import AliasChoices, Field, model_validator

from modeling.core.record.base import Lift, Record, Spread
from modeling.core.record.behaviour import (
    Calibration,
    Curve,
    Explanation,
    OperatingPoint,
    Slice,
    SliceGap,
    WithinCluster,
)
from modeling.core.record.chapters import Chapter
from modeling.core.record.rows import ContractResult, Described, LeakageFinding, RowCounts
from modeling.core.record.scores import Baseline, CandidateResult, Champion, Repeated
from modeling.core.record.verdict import Challenge, Gate, Verdict

SCHEMA_VERSION = 1


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
    class_names: dict[str, str] = Field(default={})
    """What readers call a class, for those that have a name of their own."""
    target_summary: dict[str, float]
    """Share of each class, or mean, std, min, max of a regression target, over all rows."""
    features: list[str]
    """The raw columns read."""
    described: Described | None = None
    """Absent where `target` is predicted from `features` as they stand."""
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
    repeated: Repeated | None = None
    """Absent in records made before splits were repeated."""
    spreads: dict[str, Spread] = Field(default={})
    """Of the `score`, the `lift` and the `lift_over_simple`: what test rows, seeds and splits contribute."""
    candidates: list[CandidateResult]
    curves: dict[str, Curve]
    """`roc`, `precision_recall`, `net_benefit`, `net_benefit_all` (binary); `residual_quantiles` (regression)."""
    calibration: Calibration | None
    decision: OperatingPoint | None
    confusion: list[list[int]] | None
    """Test rows, true class by predicted class, in the order of `classes`."""
    slices: list[Slice]
    largest_slice_gap: SliceGap | None = None
    """Absent where fewer than two levels of a column are scored."""
    without_twins: Slice | None = None
    """The metric on test rows without a near twin in an earlier role; absent where none has one."""
    seen_groups: list[Slice] = Field(default=[])
    """The metric on test rows whose group was seen before the test, and on those of new groups; empty where none
    returns."""
    within_clusters: list[WithinCluster] = Field(default=[])
    """Every cluster where there are fewer than ten, and one that holds more than half of the test units."""
    explanation: Explanation | None
    """Absent where there are no features to shuffle or parts to delete."""
    chapters: list[Chapter] = Field(default=[])
    """What only this task shows."""
    challenge: Challenge | None = None
    """Absent where no model served yet."""
    remarks: list[str] = Field(default=[])
    """What reading the raw data left out or changed, and values that are spelt in several ways."""
    left_out: dict[str, str] = Field(default={})
    """Column -> why it is no feature, of those that no other role claims."""
    leakage: list[LeakageFinding]
    contract: list[ContractResult]
    gates: list[Gate]
    published: bool
    """Whether the champion may serve: every outcome but `held back`."""
    verdict: Verdict
    test_accesses: int = Field(validation_alias=AliasChoices("test_accesses", "openings"))
    """How often the median row of the sealed test has been opened, this time included; in records made before rows were
    counted, how often the test of this data version."""
    test_rows_opened_before: float | None = None
    """The share of the test rows that had been opened `test_accesses` - 1 times or more before this time."""
    seen_of_test: list[str] = Field(default=[])
    """What people settled with scores of the sealed test in view, or knew of them."""
    limits: list[str]
    """What the evaluation does not show."""
    provenance: Provenance

    @model_validator(mode="before")
    @classmethod
    def _verdict_of_before(cls, content: Any) -> Any:
        """Records made before there were verdicts say only whether all gates were met."""
        if not isinstance(content, dict) or "verdict" in content or "published" not in content:
            return content
        met = "every gate was met" if content["published"] else "a gate was not met"
        outcome = "published" if content["published"] else "held back"
        return content | {"verdict": {"outcome": outcome, "reason": f"Judged before verdicts gave reasons: {met}."}}

    @property
    def called(self) -> list[str]:
        """What readers call the classes, in the order of `classes`."""
        return [self.class_names.get(name, name) for name in self.classes]
