"""Which of several classes does a row belong to?

Belongs here: the task's name and learners. Does not belong here: reading the target or its metrics
(`modeling.core.classification`).
"""

from dataclasses import dataclass
from typing import ClassVar

from modeling.core.classification import MulticlassClassificationTask
from modeling.core.task import Settings


@dataclass(frozen=True)
class MulticlassClassification(MulticlassClassificationTask[Settings]):
    """Rows of numbers and levels, of several classes."""

    name: ClassVar[str] = "multiclass_classification"
    learners: ClassVar[tuple[str, ...]] = ("logistic", "lightgbm", "mlp", "tabm")


TASK = MulticlassClassification
