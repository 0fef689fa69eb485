"""What bounds make of a comparison.

Belongs here: the checks of a delivery, each passed unless a measure is beyond its bound and beyond chance. Does not
belong here: the measures (`columns`, `two_samples`, `performance`), or what follows a failed check (`assets.drift`).
"""

from catalogue.definition import DriftBounds
from modeling.core.digits import number, with_interval
from modeling.core.record import Gate, Interval
from modeling.drift.record import CHECKS, Column, DriftComparison

_SHOWN = 5
"""Columns that a message names."""


def unmeasured(bounds: DriftBounds, why: str) -> list[Gate]:
    """The checks where there is nothing to compare."""
    each = (bounds.max_column, bounds.max_auc, bounds.max_label, bounds.max_fall)
    return [_passed(name, bound, why) for name, bound in zip(CHECKS, each, strict=True)]


def checks(drift: DriftComparison, bounds: DriftBounds) -> list[Gate]:
    """The checks of a delivery that was measured."""
    return [
        _columns_check(drift, bounds.max_column),
        _apart_check(drift, bounds.max_auc),
        _label_check(drift, bounds.max_label),
        _performance_check(drift, bounds.max_fall),
    ]


def _columns_check(drift: DriftComparison, bound: float) -> Gate:
    drifted = [column for column in drift.columns if column.drifted]
    largest = next((column.effect for column in (*drifted, *drift.columns)), None)
    named = ", ".join(_effect(column) for column in drifted[:_SHOWN])
    more = f" and {len(drifted) - _SHOWN} more" if len(drifted) > _SHOWN else ""
    message = f"{len(drifted)} of {len(drift.columns)} columns drifted{f': {named}{more}' if drifted else ''}"
    return Gate(name="columns_drifted", bound=bound, measured=largest, passed=not drifted, message=message)


def _effect(column: Column) -> str:
    notes = [number(column.effect)]
    if column.missing != column.missing_before:
        notes.append(f"{column.missing:.1%} missing, were {column.missing_before:.1%}")
    if column.unseen:
        notes.append(f"{column.unseen:.1%} never seen before")
    return f"{column.name} ({', '.join(notes)})"


def _apart_check(drift: DriftComparison, bound: float) -> Gate:
    name, apart = "delivery_drifted", drift.told_apart
    if apart is None:
        return _passed(name, bound, drift.not_measured["told_apart"])
    over = apart.auc.value > bound and apart.auc.low is not None and apart.auc.low > 0.5
    message = f"new rows are told from the model's with an AUC of {_interval(apart.auc)}"
    return Gate(name=name, bound=bound, measured=apart.auc.value, passed=not over, message=message)


def _label_check(drift: DriftComparison, bound: float) -> Gate:
    name, label = "labels_drifted", drift.label
    if label is None:
        return _passed(name, bound, drift.not_measured["label"])
    message = f"{label.name} moved by {number(label.effect)}; chance alone stays below {number(label.chance)}"
    return Gate(name=name, bound=bound, measured=label.effect, passed=not label.drifted, message=message)


def _performance_check(drift: DriftComparison, bound: float) -> Gate:
    name, measured = "performance_fell", drift.performance
    if measured is None:
        return _passed(name, bound, drift.not_measured["performance"])
    lost = measured.lost
    over = lost.value > bound and lost.low is not None and lost.low > 0
    message = (
        f"{measured.metric} is {_interval(measured.now)}, on record {_interval(measured.on_record)}: "
        f"of its lift over the baseline {_interval(lost)} is lost"
    )
    return Gate(name=name, bound=bound, measured=lost.value, passed=not over, message=message)


def _passed(name: str, bound: float, why: str) -> Gate:
    """The check of what was not measured."""
    return Gate(name=name, bound=bound, measured=None, passed=True, message=why)


def _interval(measured: Interval) -> str:
    return with_interval(measured.value, measured.low, measured.high)
