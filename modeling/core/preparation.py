"""From validated rows to a feature set.

Belongs here: the order of the steps, split first. Does not belong here: any step itself (`splits`, `features`,
`leakage`).
"""

from dataclasses import replace
from typing import Any, ClassVar, Protocol, cast

import numpy as np
import polars as pl

from catalogue.definition import UseCase
from modeling.core import leakage, splits
from modeling.core.feature_set import Background, FeatureSet, summary
from modeling.core.features import Derive, FeatureRecipe, derived
from modeling.core.recipe import Recipe
from modeling.core.table import Rows
from modeling.core.validated_data import ValidatedData


class TargetReader(Protocol):
    """What the steps need of a task: `modeling.core.row_task.RowTask` says what each returns."""

    recipe_type: ClassVar[type[Recipe]]

    def classes(self, target: pl.Series, positive: Any) -> list[str]: ...

    def encode(self, target: pl.Series, classes: list[str]) -> np.ndarray: ...

    def twin(self, frame: pl.DataFrame, use_case: UseCase) -> pl.Series | None: ...


def prepare(
    data: ValidatedData,
    use_case: UseCase,
    task: TargetReader,
    derive: Derive | None,
    roles: pl.Series | None = None,
) -> FeatureSet:
    """Give every row a role, derive columns, fit the recipe on training rows, shape each role, audit for leaks.

    `derive` is the use case's own `features` function; it never sees the target, which no row has in prediction.
    `roles` ``[n]``: where the task knows better than the target's levels how to make roles alike.

    Raises
    ------
    SplitError: a role would be empty. FeatureError: no feature is left, or `derive` fails. TargetError: the target
    can't be used.
    """
    roles = splits.assign(data.frame, use_case) if roles is None else roles
    target = data.frame[use_case.target]
    frame = derived(data.frame.drop(use_case.target), derive).with_columns(target)
    classes = task.classes(target, use_case.positive)
    recipe = cast(type[FeatureRecipe], task.recipe_type).fit(frame.filter(roles == "train"), use_case)
    group = use_case.columns.group
    codes = None if group is None else frame[group].rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    sliced = list(dict.fromkeys([*use_case.columns.sensitive, *use_case.columns.slices]))

    def rows(role: str) -> Rows:
        mask = (roles == role).to_numpy()
        part = frame.filter(mask)
        table = replace(recipe.transform(part), target=task.encode(part[use_case.target], classes))
        return Rows(table, data.numbers[mask], None if codes is None else codes[mask], part.select(sliced))

    train, valid, test = (rows(role) for role in splits.ROLES)
    audited = leakage.Audited(
        validated=data.frame,
        derived=frame,
        derive=derive,
        numbers=data.numbers,
        roles=roles,
        train=train.table,
        valid=valid.table,
        classes=classes,
        twin=task.twin(frame, use_case),
    )
    counts = [len(train), len(valid), len(test)]
    of_target = summary(task.encode(target, classes), classes)
    background = Background.of(data, use_case, counts, of_target, leakage.audit(audited, use_case), classes)
    return FeatureSet(recipe, background, train, valid, test)
