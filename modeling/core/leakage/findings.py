"""All points of the leakage audit of plain rows.

Belongs here: what the audit reads, the order of its points, and whether features are made row by row. Does not belong
here: any other point (a module each in this folder), or the audit of windows (`modeling.core.rolling`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
import polars.selectors as cs

from catalogue.definition import UseCase
from modeling.core.features import Derive, derived, feature_columns
from modeling.core.leakage import crossing, duplicates
from modeling.core.leakage.alone import single_feature
from modeling.core.leakage.formulas import NAME, formula
from modeling.core.leakage.known import Known, known_at
from modeling.core.leakage.likeness import Likeness
from modeling.core.record import LeakageFinding, TwinRows
from modeling.core.splits import distinguishing
from modeling.core.table import Table

TRIED_ROWS = 200
EXAMPLES = 5


@dataclass(frozen=True)
class Audited:
    """What the audit reads: ``n`` rows each.

    Attributes
    ----------
    validated: the rows as the contract let them pass; `derive` turns them into `derived`.
    derived: the same rows with the use case's own columns; the recipe was fitted on its training rows.
    numbers: ``[n]`` row numbers in the raw snapshot. roles: ``[n]``.
    tables: the features of each role. classes: the target's, empty for regression.
    likeness: by what rows could be near duplicates, where the task knows better than their features.
    """

    validated: pl.DataFrame
    derived: pl.DataFrame
    derive: Derive | None
    numbers: np.ndarray
    roles: pl.Series
    tables: Mapping[str, Table]
    classes: list[str]
    likeness: Likeness | None


@dataclass(frozen=True)
class Audit:
    """Every finding, passed or not, and by role the rows that have a twin in an earlier one."""

    findings: list[LeakageFinding]
    twins: dict[str, TwinRows]


def audit(rows: Audited, use_case: UseCase) -> Audit:
    """Look for everything through which a test can know too much."""
    columns, known = feature_columns(rows.derived.columns, use_case), Known(use_case)
    content = rows.validated.select(pl.struct(cs.by_name(*_content(rows, use_case))).hash()).to_series()
    near, twins = duplicates.near(rows.likeness, rows.tables, rows.roles, rows.numbers)
    before = rows.validated.head(TRIED_ROWS).drop(cs.by_name(use_case.target))
    training = rows.derived.filter(rows.roles == "train")
    findings = [
        duplicates.exact(content, rows.roles, rows.numbers),
        near,
        crossing.groups(rows.derived, rows.roles, use_case),
        crossing.moments(rows.derived, rows.roles, use_case),
        single_feature(rows.tables, rows.classes, known),
        formula(training, columns, use_case.target, rows.classes, known),
        known_at(before, rows.derive, [*columns, *use_case.columns.content], use_case),
        _row_wise(before, rows.derive, columns),
    ]
    return Audit(findings, twins)


def of_the_past(frame: pl.DataFrame, inputs: Sequence[str], use_case: UseCase) -> list[LeakageFinding]:
    """The points about columns, where the past of a series or a history is learned from, not the columns of a row."""
    other = [name for name in inputs if name != use_case.target]
    without = LeakageFinding(
        name=NAME, passed=True, severity="error", message="does not apply: the past alone is learned from"
    )
    return [without, known_at(frame.clear(), None, other, use_case)]


def _content(rows: Audited, use_case: UseCase) -> list[str]:
    return [*distinguishing(rows.validated.columns, use_case), use_case.target]


def _row_wise(sample: pl.DataFrame, derive: Derive | None, columns: list[str]) -> LeakageFinding:
    """Derived columns of half of a few rows must equal those computed among all of them."""
    half = sample.height // 2
    alone, among = derived(sample.tail(half), derive), derived(sample, derive).tail(half)
    changed = [name for name in columns if not alone[name].equals(among[name], null_equal=True)]
    return LeakageFinding(
        name="row_wise_features",
        passed=not changed,
        severity="error",
        message="`features` looks across rows: a row's features change with the rows around it"
        if changed
        else "a row's features depend on that row alone",
        examples=changed[:EXAMPLES],
    )
