"""Tasks whose target names a class: two, of which one is the event, several, or either.

Belongs here: which of two values is the event, and the metrics of probabilities; every task of classes extends one of
these. Does not belong here: reading a column as named classes (`modeling.core.target_classes`), the arithmetic of the
metrics (`modeling.core.metrics`), the threshold to act at (`modeling.evaluation.decision`), or a task with a name
(`modeling.problems`).
"""

from typing import Any, ClassVar

import numpy as np
import polars as pl

from modeling.core.learner import Outcome
from modeling.core.metrics import accuracy, average_precision, brier, log_loss, macro_f1, roc_auc, roc_auc_one_vs_rest
from modeling.core.row_task import RowTask, S
from modeling.core.target_classes import at_least_two, class_index, found, named, refuse_event
from modeling.core.task import Metric, Settings, TargetError, TargetHolds, by_name

_EVENTS = ("1", "true")


class BinaryClassificationTask(RowTask[S]):
    """Two classes, the event last; predictions are its probability ``[n]``."""

    target_holds: ClassVar[TargetHolds] = "two classes"

    def outcome(self, classes: list[str]) -> Outcome:
        """Always `binary`."""
        return "binary"

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        """Of the probability of the event ``[n]``; ROC AUC comes first."""
        return by_name(
            Metric("roc_auc", "ROC AUC", True, roc_auc),
            Metric("average_precision", "average precision", True, average_precision),
            Metric("log_loss", "log loss", False, log_loss),
            Metric("brier", "Brier score", False, brier),
            Metric("accuracy", "accuracy", True, accuracy),
        )

    def classes(self, target: pl.Series, positive: Any) -> list[str]:
        """The two values, the event last: `positive`, or by default 1 or true.

        Raises
        ------
        TargetError: all null, one class only, more than two, or the event can't be identified.
        """
        classes = at_least_two(target).to_list()
        values = found(named(target))
        if len(classes) > 2:
            raise TargetError(
                f"target {target.name!r} holds {values}; a binary target holds two: use the task "
                "multiclass_classification, or derive a yes-or-no column"
            )
        if positive is None:
            events = [name for name in classes if name.lower() in _EVENTS]
        else:
            events = [name for name in classes if name == named(pl.Series([positive]))[0]]
        if not events:
            given = "neither is 1 or true" if positive is None else f"none is `positive: {positive}`"
            raise TargetError(
                f"target {target.name!r} holds {values}, and {given}: name the event in use_case.yaml, "
                f"for example `positive: {classes[1]!r}`"
            )
        return sorted(classes, key=lambda name: name == events[0])

    def encode(self, target: pl.Series, classes: list[str]) -> np.ndarray:
        """float64 ``[n]``: 1 where the event happened."""
        return class_index(target, classes).astype(np.float64)


class MulticlassClassificationTask(RowTask[S]):
    """Classes are the target's distinct values; predictions are probabilities ``[n, classes]``."""

    target_holds: ClassVar[TargetHolds] = "classes"

    def outcome(self, classes: list[str]) -> Outcome:
        """Always `multiclass`."""
        return "multiclass"

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        """Of the probability of each class ``[n, classes]``; macro F1 comes first."""
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
        refuse_event(target, positive)
        return at_least_two(target).to_list()

    def encode(self, target: pl.Series, classes: list[str]) -> np.ndarray:
        """int64 ``[n]``, the index of the class."""
        return class_index(target, classes)


class ClassificationTask(RowTask[S]):
    """Two classes are read and scored as `BinaryClassificationTask` does, more as `MulticlassClassificationTask`."""

    target_holds: ClassVar[TargetHolds] = "classes"

    def outcome(self, classes: list[str]) -> Outcome:
        """`binary` for two classes, `multiclass` for more."""
        return _of(classes).outcome(classes)

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        """Those of the binary task for two classes, those of the multiclass task for more."""
        return _of(classes).metrics(classes)

    def classes(self, target: pl.Series, positive: Any) -> list[str]:
        """Two values, the event last: `positive`, or by default 1 or true; or every distinct value of more than two.

        Raises
        ------
        TargetError: all null, one class only, fractions, or the event of two classes can't be identified.
        """
        return _of(at_least_two(target).to_list()).classes(target, positive)

    def encode(self, target: pl.Series, classes: list[str]) -> np.ndarray:
        """``[n]``: float64 0 or 1, the event, of two classes; else int64, the index of the class."""
        return _of(classes).encode(target, classes)


def _of(classes: list[str]) -> BinaryClassificationTask[Settings] | MulticlassClassificationTask[Settings]:
    """The task that reads as many classes."""
    return (BinaryClassificationTask if len(classes) == 2 else MulticlassClassificationTask)(Settings())
