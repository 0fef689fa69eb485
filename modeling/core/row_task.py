"""What tasks share.

Belongs here: the defaults of every task, and the way from validated rows to a feature set where the target is one
column, read row by row. Does not belong here: a task (`modeling.problems`), reading targets of one kind
(`classification`, `regression`), or any single step of that way (`splits`, `features`, `leakage`).
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Generic, TypeVar, cast

import numpy as np
import polars as pl
import polars.selectors as cs

from catalogue.definition import UseCase
from modeling.core import leakage, row_digests, splits
from modeling.core.contradictions import contradictions
from modeling.core.feature_set import Datasheet, FeatureSet, summary
from modeling.core.features import Derive, FeatureRecipe, derived
from modeling.core.recipe import Recipe
from modeling.core.record import Chapter, Described, Gate
from modeling.core.table import Rows
from modeling.core.task import EvaluatedChampion, Occluder, Predictor, Settings, TargetHolds, Units
from modeling.core.validated_data import ValidatedData

S = TypeVar("S", bound=Settings)


@dataclass(frozen=True)
class BaseTask(Generic[S]):
    """The defaults: what is scored are rows, each prediction an answer. `S` is the type of its settings."""

    settings: S

    settings_type: ClassVar[type[Settings]] = Settings
    recipe_type: ClassVar[type[Recipe]] = FeatureRecipe
    target_holds: ClassVar[TargetHolds] = "anything"
    splits: ClassVar[tuple[str, ...]] = ("random", "group", "time", "column")
    unit: ClassVar[str] = "rows"
    fewest_groups: ClassVar[int] = 0
    trivial: ClassVar[str] = "trivial"
    extra: ClassVar[str | None] = None
    blends: ClassVar[bool] = True
    by_row: ClassVar[bool] = True

    def occluder(self, use_case: UseCase) -> Occluder | None:
        """None: there is no content to take apart."""
        return None

    def described(self, use_case: UseCase) -> Described | None:
        """None: the target column, from the columns read."""
        return None

    def units(self, rows: Rows) -> Units:
        """The rows themselves."""
        return Units(rows.table.target, rows.group)

    def answers(self, model: Predictor, rows: Rows) -> np.ndarray:
        """The predictions ``[n, …]``."""
        return model.predict(rows.table)

    def chapters(self, evaluated: EvaluatedChampion) -> list[Chapter]:
        """None beyond the scores."""
        return []

    def gates(self, evaluated: EvaluatedChampion) -> list[Gate]:
        """None beyond the use case's bounds."""
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

    def roles(self, frame: pl.DataFrame, use_case: UseCase) -> pl.Series:
        """The role of every row of `frame` ``[n]``, as the use case's split assigns it.

        Raises
        ------
        SplitError: a role would be empty.
        """
        return splits.assign(frame, use_case)

    def blocks(self, frame: pl.DataFrame, use_case: UseCase) -> np.ndarray | None:
        """int64 ``[n]``: rows that are never divided between roles (`splits.blocks`); None where an official split
        stands, and rows can't be dealt anew."""
        return None if use_case.split.by == "column" else splits.blocks(frame, use_case)

    def likeness(self, frame: pl.DataFrame, use_case: UseCase) -> leakage.Likeness | None:
        """By what rows could be near duplicates of each other; None: their features."""
        return None

    def prepare(self, data: ValidatedData, use_case: UseCase, derive: Derive | None) -> FeatureSet:
        """Give every row a role, derive columns, fit the recipe on training rows, shape each role, audit for leaks.

        `derive` is the use case's own `features` function; it never sees the target, which no row has in prediction.

        Raises
        ------
        SplitError: a role would be empty. FeatureError: no feature is left, or `derive` fails. TargetError: the target
        can't be used.
        """
        roles = self.roles(data.frame, use_case)
        target = data.frame[use_case.target]
        frame = derived(data.frame.drop(cs.by_name(use_case.target)), derive).with_columns(target)
        classes = self.classes(target, use_case.positive)
        recipe = cast(type[FeatureRecipe], self.recipe_type).fit(frame.filter(roles == "train"), use_case)
        block = self.blocks(data.frame, use_case)
        shaped = self._shaped(frame, roles, block, data.numbers, recipe, use_case, classes)
        train, tune, valid, test = shaped
        likeness = self.likeness(frame, use_case)
        audited = leakage.Audited(
            validated=data.frame,
            derived=frame,
            derive=derive,
            numbers=data.numbers,
            roles=roles,
            tables={role: part.table for role, part in zip(splits.ROLES, shaped, strict=True)},
            classes=classes,
            likeness=likeness,
        )
        of_target = summary(self.encode(target, classes), classes)
        counts, found = [len(part) for part in shaped], leakage.audit(audited, use_case)
        sheet = Datasheet.of(data, use_case, counts, of_target, found.findings, classes, found.twins)
        told = classes and self.by_row
        labelled = contradictions(_alike(data.frame, use_case, likeness), target, data.numbers) if told else ()
        return FeatureSet(
            recipe,
            sheet.model_copy(update={"remarks": list(labelled)}),
            train,
            tune,
            valid,
            lambda: test,
        )

    def _shaped(
        self,
        frame: pl.DataFrame,
        roles: pl.Series,
        block: np.ndarray | None,
        numbers: np.ndarray,
        recipe: FeatureRecipe,
        use_case: UseCase,
        classes: list[str],
    ) -> list[Rows]:
        """The rows of each role as learners and the evaluation see them."""
        group = use_case.columns.group
        codes = None if group is None else frame[group].rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
        sliced = list(dict.fromkeys([*use_case.columns.sensitive, *use_case.columns.slices]))

        def rows(role: str) -> Rows:
            mask = (roles == role).to_numpy()
            part = frame.filter(mask)
            table = replace(recipe.transform(part), target=self.encode(part[use_case.target], classes))
            group, blocks = (None if code is None else code[mask] for code in (codes, block))
            return Rows(table, numbers[mask], group, part.select(cs.by_name(*sliced)), blocks)

        return [rows(role) for role in splits.ROLES]


def _alike(frame: pl.DataFrame, use_case: UseCase, likeness: leakage.Likeness | None) -> leakage.Keys:
    """What rows share that a model takes for the same: what the task compares by, or else every column but identifiers,
    where rows do not repeat by chance."""
    if isinstance(likeness, leakage.Keys):
        return likeness
    content = row_digests.digests(frame, splits.distinguishing(frame.columns, use_case))
    keys = pl.Series(content) if not row_digests.repeat(content) else pl.Series([None] * frame.height, dtype=pl.UInt64)
    return leakage.Keys(keys, "all columns but identifiers")
