"""What a record says of the data.

Belongs here: counts, what is predicted from what, contract, leakage audit. Does not belong here: anything measured of a
model (`scores`, `behaviour`).
"""

from typing import Literal

from pydantic import Field

from modeling.core.record.base import Record


class RowCounts(Record):
    """Rows of the snapshot, those set aside, and those of each role."""

    raw: int
    quarantined: int
    train: int
    tune: int = 0
    valid: int
    test: int


class Described(Record):
    """What is really predicted from what, in words, where it is not the target column from the columns read.

    `features` is empty where they are the columns as they stand.
    """

    target: str
    features: str = ""


class LeakageFinding(Record):
    """A point of the leakage audit."""

    name: str
    passed: bool
    severity: Literal["error", "warning"]
    message: str
    examples: list[str] = Field(default=[])


class TwinRows(Record):
    """Rows of one role that have a twin among rows of earlier roles, by their numbers in the snapshot."""

    with_twin: list[int]
    examined: list[int] | None = None
    """A sample; None: all rows of the role."""


class ContractResult(Record):
    """What one expectation found in the raw table."""

    expectation: str
    column: str | None
    rule: str
    on_failure: Literal["block", "quarantine"]
    passed: bool
    checked: int
    unexpected: int
    examples: list[str] = Field(default=[])
    """Bounded, as text."""
    message: str = ""
    derived: bool = False
    """Derived from the declared columns rather than written in the YAML."""
