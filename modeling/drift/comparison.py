"""A delivery beside the rows the model learned from.

Belongs here: bringing both sides into the same cells, and the order of the comparison. Does not belong here: any
measure (`columns`, `two_samples`, `performance`), its bounds (`bounds`), or when deliveries are compared (`assets`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from catalogue.definition import UseCase
from modeling.core.validated_data import ValidatedData
from modeling.drift.bounds import checks, unmeasured
from modeling.drift.columns import columns
from modeling.drift.delivery import delivered
from modeling.drift.properties import measured
from modeling.drift.record import NEW_ROWS, Column, DriftComparison, Performance, TwoSampleTest
from modeling.drift.reference import Reference, bounded, clusters, compared_columns, sample, stacked
from modeling.drift.two_samples import two_sample_test

NOTHING_NEW = "no row is new since the model learned"


def compare(
    data: ValidatedData,
    use_case: UseCase,
    reference: Reference | str,
    perform: Callable[[pl.DataFrame], Performance | str],
) -> DriftComparison:
    """What is new in `data`, compared with `reference`, or why there is none. `perform` measures how well the new rows
    are predicted."""
    drift = DriftComparison(
        use_case=use_case.key,
        title=use_case.title,
        snapshot=data.snapshot,
        reference=None if isinstance(reference, str) else reference.profile.snapshot,
        delivery="no reference",
        checks=unmeasured(use_case.drift, reference if isinstance(reference, str) else NOTHING_NEW),
        on_drift=use_case.drift.on_drift,
    )
    if isinstance(reference, str):
        return drift
    found = delivered(data.frame, reference)
    drift.learned = reference.profile.learned
    if not found.new.any():
        drift.delivery = "nothing new"
        return drift
    rows = data.frame.filter(found.new)
    drift.delivery, drift.delivered = found.kind, rows.height
    if found.unknown:
        drift.not_measured[NEW_ROWS] = found.unknown
    _measure(drift, _Sides.of(rows, use_case, reference), use_case)
    _keep(drift, "performance", found.unknown or perform(rows))
    drift.checks = checks(drift, use_case.drift)
    return drift


@dataclass(frozen=True)
class _Sides:
    """Reference and delivery in the same cells; `label` is the column among them that is the target, if one is."""

    reference: Reference
    codes: np.ndarray
    cluster: np.ndarray
    label: str | None
    new_columns: list[str]

    @classmethod
    def of(cls, rows: pl.DataFrame, use_case: UseCase, reference: Reference) -> "_Sides":
        """Columns that have another role by now are left out; one that is not delivered is missing in every row."""
        rows = bounded(rows, use_case)
        rows = rows[sample(rows.height)]
        values = measured(rows, use_case)
        known = list(reference.profile.cells)
        label = use_case.target if reference.profile.label == use_case.target else None
        features = [name for name in compared_columns(known, use_case) if name != reference.profile.label]
        reference = reference.select([*features, *([label] if label else [])])
        absent = pl.Series([None] * rows.height)
        cells = reference.profile.cells.items()
        codes = [of.code(values[name] if name in values.columns else absent) for name, of in cells]
        return cls(
            reference,
            stacked(codes, rows.height),
            clusters(rows, use_case),
            label,
            [name for name in compared_columns(values.columns, use_case) if name not in known],
        )


def _measure(drift: DriftComparison, sides: _Sides, use_case: UseCase) -> None:
    """Fill in what the rows alone say."""
    cells, bounds = sides.reference.profile.cells, use_case.drift
    found = {
        column.name: column
        for column in columns(
            sides.reference,
            sides.codes,
            sides.cluster,
            {name: bounds.max_label if name == sides.label else bounds.max_column for name in cells},
        )
    }
    drift.compared = len(sides.codes)
    drift.new_columns = sides.new_columns
    _keep(drift, "label", found.pop(sides.label or "", f"labels are not compared in the task {use_case.task}"))
    drift.columns = sorted(found.values(), key=lambda column: -column.effect)
    shared = [place for place, name in enumerate(cells) if name in found and cells[name].kind != "moment"]
    before, now = sides.reference.codes[:, shared], sides.codes[:, shared]
    _keep(drift, "told_apart", two_sample_test(before, now, sides.reference.cluster, sides.cluster))


def _keep(drift: DriftComparison, field: str, found: Column | TwoSampleTest | Performance | str) -> None:
    """Set a measure, or why there is none."""
    if isinstance(found, str):
        drift.not_measured[field] = found
    else:
        setattr(drift, field, found)
