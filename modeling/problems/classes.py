"""What classifiers of content share: two classes, of which one is the event, or more.

Belongs here: leaving the target to the task that reads as many classes. Does not belong here: a task, or reading a
target (`binary_classification`, `multiclass_classification`).
"""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
import polars as pl

from modeling.core.learner import Outcome
from modeling.core.row_task import RowTask
from modeling.core.task import Metric, TargetHolds
from modeling.problems.tabular.binary_classification import BinaryClassification
from modeling.problems.tabular.multiclass_classification import MulticlassClassification, at_least_two


@dataclass(frozen=True)
class ClassTask(RowTask):
    """Two classes are judged as `BinaryClassification`, more as `MulticlassClassification`."""

    target_holds: ClassVar[TargetHolds] = "classes"

    def outcome(self, classes: list[str]) -> Outcome:
        return _of(classes).outcome(classes)

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        return _of(classes).metrics(classes)

    def classes(self, target: pl.Series, positive: Any) -> list[str]:
        """Two values, the event last: `positive`, or by default 1 or true; or every distinct value of more than two.

        Raises
        ------
        TargetError: all null, one class only, fractions, or no telling which of two is the event.
        """
        return _of(at_least_two(target).to_list()).classes(target, positive)

    def encode(self, target: pl.Series, classes: list[str]) -> np.ndarray:
        """``[n]``: float64 0 or 1, the event, of two classes; else int64, the index of the class."""
        return _of(classes).encode(target, classes)


def _of(classes: list[str]) -> BinaryClassification | MulticlassClassification:
    return BinaryClassification() if len(classes) == 2 else MulticlassClassification()
