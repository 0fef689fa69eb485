"""What tasks share.

Belongs here: the defaults of every task, and what a task owes whose target is one column, read row by row. Does not
belong here: a task (`modeling.problems`), reading targets of one kind (`modeling.core.classification`,
`modeling.core.regression`), or the steps from rows to a feature set (`modeling.core.preparation`).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import numpy as np
import polars as pl

from catalogue.definition import UseCase
from modeling.core.features import Derive, FeatureRecipe
from modeling.core.recipe import Recipe
from modeling.core.record import Chapter
from modeling.core.table import Rows
from modeling.core.task import EvaluatedChampion, Occluder, Predictor, Settings, TargetHolds, Units
from modeling.core.validated_data import ValidatedData

if TYPE_CHECKING:
    from modeling.core.feature_set import FeatureSet

S = TypeVar("S", bound=Settings)


@dataclass(frozen=True)
class BaseTask(Generic[S]):
    """The defaults: what is scored are rows, each prediction an answer. `S` is the type of its settings."""

    settings: S

    settings_type: ClassVar[type[Settings]] = Settings
    recipe_type: ClassVar[type[Recipe]] = FeatureRecipe
    target_holds: ClassVar[TargetHolds] = "anything"
    unit: ClassVar[str] = "rows"
    trivial: ClassVar[str] = "trivial"
    extra: ClassVar[str | None] = None
    blends: ClassVar[bool] = True
    by_row: ClassVar[bool] = True

    def occluder(self, use_case: UseCase) -> Occluder | None:
        return None

    def units(self, rows: Rows) -> Units:
        return Units(rows.table.target, rows.group)

    def answers(self, model: Predictor, rows: Rows) -> np.ndarray:
        return model.predict(rows.table)

    def chapters(self, evaluated: EvaluatedChampion) -> list[Chapter]:
        return []


class RowTask(BaseTask[S], ABC):
    """A task that reads its target from one column, a value a row."""

    @abstractmethod
    def classes(self, target: pl.Series, positive: Any) -> list[str]:
        """The classes in the order of their index (two: the event last); empty where the target is no class.

        Raises
        ------
        TargetError: all null, one class only, not binary…
        """

    @abstractmethod
    def encode(self, target: pl.Series, classes: list[str]) -> np.ndarray:
        """The target as `Table.target` holds it, ``[n]``."""

    def twin(self, frame: pl.DataFrame, use_case: UseCase) -> pl.Series | None:
        """A value ``[n]`` that nearly equal rows share; None: rows are nearly equal if their rounded features are."""
        return None

    def prepare(self, data: ValidatedData, use_case: UseCase, derive: Derive | None) -> "FeatureSet":
        from modeling.core.preparation import prepare

        return prepare(data, use_case, self, derive)
