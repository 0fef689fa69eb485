"""Will the event happen?

Belongs here: which of two values is the event, and the metrics of a probability. Does not belong here: the
arithmetic of the metrics (`modeling.core.metrics`), or the threshold to act at (`modeling.evaluation.decision`).
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import polars as pl

from modeling.core.learner import Outcome
from modeling.core.metrics import accuracy, average_precision, brier, log_loss, roc_auc
from modeling.core.record import Chapter
from modeling.core.row_task import RowTask
from modeling.core.task import Judged, Metric, Settings, TargetError, TargetHolds
from modeling.problems.tabular.multiclass_classification import at_least_two, by_name, class_index, found, named
from modeling.problems.tabular.segments import SegmentSettings, segment_chapters

_EVENTS = ("1", "true")


@dataclass(frozen=True)
class BinaryClassification(RowTask):
    """Two classes, the event last; predictions are its probability ``[n]``."""

    settings: Settings = field(default_factory=SegmentSettings)

    name: ClassVar[str] = "binary_classification"
    settings_type: ClassVar[type[Settings]] = SegmentSettings
    target_holds: ClassVar[TargetHolds] = "two classes"
    learners: ClassVar[tuple[str, ...]] = ("logistic", "lightgbm", "mlp", "tabm")

    def outcome(self, classes: list[str]) -> Outcome:
        return "binary"

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
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
        TargetError: all null, one class only, more than two, or no telling which is the event.
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

    def chapters(self, judged: Judged) -> list[Chapter]:
        return segment_chapters(judged, self.settings, self.metrics(judged.classes))


TASK = BinaryClassification
