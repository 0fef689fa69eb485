"""Which of several classes does a row belong to?

Belongs here: reading a target as named classes, shared with the two-class task, and the metrics of several classes.
Does not belong here: the arithmetic of the metrics (`modeling.core.metrics`).
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl

from modeling.core.learner import Outcome
from modeling.core.metrics import accuracy, log_loss, macro_f1, roc_auc_one_vs_rest
from modeling.core.row_task import RowTask
from modeling.core.task import Metric, TargetError, TargetHolds

_SHOWN = 5


def by_name(*metrics: Metric) -> dict[str, Metric]:
    """Metrics by their names, the default one first."""
    return {metric.name: metric for metric in metrics}


def named(target: pl.Series) -> pl.Series:
    """The target as class names; NaN is null, and whole floats lose their fraction: `1.0` is the class `1`.

    Raises
    ------
    TargetError: fractions or infinite numbers, which name no class.
    """
    if not target.dtype.is_float():
        return target.cast(pl.String)
    target = target.fill_nan(None)
    fractions = target.filter(target.is_infinite() | (target != target.round()))
    if len(fractions):
        raise TargetError(
            f"target {target.name!r}: {len(fractions):,} of {len(target):,} values, such as {fractions[0]}, name no "
            "class: use the task regression, or derive classes from them"
        )
    return target.cast(pl.Int64).cast(pl.String)


def found(names: pl.Series) -> str:
    """The classes and their rows, for a message: `2 values with their rows: 'no' (7), 'yes' (3)`."""
    counts = names.drop_nulls().value_counts(sort=True).rows()
    shown = ", ".join(f"{name!r} ({count:,})" for name, count in counts[:_SHOWN])
    return f"{len(counts):,} values with their rows: {shown}{', …' if len(counts) > _SHOWN else ''}"


def at_least_two(target: pl.Series) -> pl.Series:
    """The distinct class names, numbers in their order and text in the alphabet's.

    Raises
    ------
    TargetError: all null, or one class only.
    """
    names = named(target)
    distinct = pl.DataFrame({"name": names, "value": target}).drop_nulls("name").unique("name").sort("value")["name"]
    if not len(distinct):
        raise TargetError(
            f"target {target.name!r}: all {len(target):,} values are null; name the column that holds the outcome"
        )
    if len(distinct) == 1:
        raise TargetError(
            f"target {target.name!r} holds one class only, {distinct[0]!r} in {names.count():,} rows: nothing can be "
            "learned; deliver rows of another class too, or name another column"
        )
    return distinct


def class_index(target: pl.Series, classes: list[str]) -> np.ndarray:
    """int64 ``[n]``: where each value stands in `classes`.

    Raises
    ------
    TargetError: a null, or a value that is none of the classes.
    """
    index = named(target).replace_strict(classes, range(len(classes)), default=None, return_dtype=pl.Int64)
    unknown = index.is_null()
    if unknown.any():
        values = target.filter(unknown).unique().head(_SHOWN).to_list()
        raise TargetError(
            f"target {target.name!r}: {unknown.sum():,} of {len(target):,} values are none of the classes {classes}: "
            f"{values}; quarantine those rows in the contract"
        )
    return index.to_numpy()


@dataclass(frozen=True)
class MulticlassClassification(RowTask):
    """Classes are the target's distinct values; predictions are probabilities ``[n, classes]``."""

    name: ClassVar[str] = "multiclass_classification"
    target_holds: ClassVar[TargetHolds] = "classes"
    learners: ClassVar[tuple[str, ...]] = ("logistic", "lightgbm", "mlp", "tabm")

    def outcome(self, classes: list[str]) -> Outcome:
        return "multiclass"

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        return by_name(
            Metric("macro_f1", "macro F1", True, macro_f1),
            Metric("accuracy", "accuracy", True, accuracy),
            Metric("log_loss", "log loss", False, log_loss),
            Metric("roc_auc", "ROC AUC, one against the rest", True, roc_auc_one_vs_rest),
        )

    def classes(self, target: pl.Series, positive: Any) -> list[str]:
        """Every distinct value. `positive` names an event of a two-class task and is refused.

        Raises
        ------
        TargetError: all null, one class only, fractions, or `positive` given.
        """
        if positive is not None:
            raise TargetError(
                f"target {target.name!r}: `positive: {positive}` belongs to the task binary_classification; remove it"
            )
        return at_least_two(target).to_list()

    def encode(self, target: pl.Series, classes: list[str]) -> np.ndarray:
        """int64 ``[n]``, the index of the class."""
        return class_index(target, classes)


TASK = MulticlassClassification
