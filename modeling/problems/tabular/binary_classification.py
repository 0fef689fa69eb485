"""Will the event happen?

Belongs here: the task's name, settings, learners and chapters. Does not belong here: reading the target or its metrics
(`modeling.core.classification`).
"""

from dataclasses import dataclass
from typing import ClassVar

from modeling.core.classification import BinaryClassificationTask
from modeling.core.record import Chapter
from modeling.core.task import EvaluatedChampion, Settings
from modeling.problems.tabular.settings import SegmentSettings


@dataclass(frozen=True)
class BinaryClassification(BinaryClassificationTask[SegmentSettings]):
    """Rows of numbers and levels, of two classes."""

    name: ClassVar[str] = "binary_classification"
    settings_type: ClassVar[type[Settings]] = SegmentSettings
    learners: ClassVar[tuple[str, ...]] = ("logistic", "lightgbm", "mlp", "tabm")

    def chapters(self, evaluated: EvaluatedChampion) -> list[Chapter]:
        """Segments of like rows, where the use case names a number of them."""
        from modeling.problems.tabular.chapters import segment_chapters

        return segment_chapters(evaluated, self.settings, self.metrics(evaluated.classes))


TASK = BinaryClassification
