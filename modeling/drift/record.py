"""What a comparison says: the schema of the drift report's JSON.

Belongs here: the record that checks and reports read. Does not belong here: computing any of it. What was not measured
is absent, and `not_measured` says why.
"""

from typing import Literal

from pydantic import Field

from modeling.core.record import Gate, Interval, Record

CHECKS = {
    "columns_drifted": "no column differs from the rows the model learned from by more than its bound",
    "delivery_drifted": "the delivery as a whole can't be told from those rows too well",
    "labels_drifted": "the target is distributed as in those rows",
    "performance_fell": "the model predicts the delivery's labels about as well as it did on record",
}
"""Every check of a delivery, and what it means when it passes."""

NO_REFERENCE = "there is no model yet, or none that says which rows it learned from"
NEW_ROWS = "new rows"
"""The key of `not_measured` under which it says why all rows are taken for new."""


class Column(Record):
    """How far one column, or the label, lies from the reference.

    Attributes
    ----------
    effect: of the kind `Number`, `Category`, `Moment` or `Presence`; see `modeling.drift.cells`.
    chance: what the effect stays below where nothing changed, for as many rows.
    missing, missing_before: shares of the delivery and of the reference. unseen: share of the delivery that no
        reference value covers: out of range, or a new level.
    stability: population stability index (Siddiqi 2006) over the groups.
    groups: names of a few groups of values, what is missing first; `before` and `now` are their shares of all rows.
    """

    name: str
    kind: str
    effect: float
    chance: float
    drifted: bool
    missing: float
    missing_before: float
    unseen: float
    stability: float
    groups: list[str]
    before: list[float]
    now: list[float]


class TwoSampleTest(Record):
    """How well a classifier separates delivered rows from reference rows: AUC 0.5 is not at all, 1 always."""

    auc: Interval
    rows: int
    """Delivered rows that it classified."""


class Performance(Record):
    """How well the model that serves predicts the delivery.

    `lost` is the fall as a share of its lift over the trivial baseline on record: at 1 it is of no more use than that.
    """

    metric: str
    on_record: Interval
    now: Interval
    lost: Interval
    rows: int


class DriftComparison(Record):
    """A delivery beside the rows the model learned from.

    Attributes
    ----------
    delivery: whether rows came in addition, or in the place of all; or why there is nothing to compare.
    delivered, compared: new rows, and how many of them were drawn to be compared. learned: rows the model learned from.
    new_columns: columns that were not there before; nothing can be said of them.
    """

    schema_version: int = 1
    use_case: str
    title: str
    snapshot: str
    reference: str | None
    delivery: Literal["append", "replace", "nothing new", "no reference"]
    delivered: int = 0
    compared: int = 0
    learned: int = 0
    columns: list[Column] = Field(default=[])
    new_columns: list[str] = Field(default=[])
    label: Column | None = None
    told_apart: TwoSampleTest | None = None
    performance: Performance | None = None
    not_measured: dict[str, str] = Field(default={})
    checks: list[Gate]
    on_drift: Literal["warn", "retrain", "block"]

    @property
    def drifted(self) -> bool:
        """Whether a bound is passed."""
        return not all(check.passed for check in self.checks)
