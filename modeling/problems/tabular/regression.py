"""How much?

Belongs here: the task's name, settings, learners and chapters. Does not belong here: reading the target or its metrics
(`modeling.core.regression`).
"""

from dataclasses import dataclass
from typing import ClassVar

from modeling.core.record import Chapter
from modeling.core.regression import RegressionTask
from modeling.core.task import EvaluatedChampion, Settings
from modeling.problems.tabular.settings import SegmentSettings


@dataclass(frozen=True)
class Regression(RegressionTask[SegmentSettings]):
    """Rows of numbers and levels, each with a number."""

    name: ClassVar[str] = "regression"
    settings_type: ClassVar[type[Settings]] = SegmentSettings
    learners: ClassVar[tuple[str, ...]] = ("ridge", "lightgbm", "mlp", "tabm")

    def chapters(self, evaluated: EvaluatedChampion) -> list[Chapter]:
        """Segments of like rows, where the use case names a number of them."""
        from modeling.problems.tabular.chapters import segment_chapters

        return segment_chapters(evaluated, self.settings, self.metrics(evaluated.classes))


TASK = Regression
