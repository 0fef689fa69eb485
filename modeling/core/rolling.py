"""The feature set of a task whose rows are windows that roll through time.

Belongs here: what such tasks share: the counts and the audit of rows that are made of many raw rows, each role in its
own time. Does not belong here: the windows themselves (`modeling.problems`), or plain rows
(`modeling.core.row_task`).
"""

from collections.abc import Sequence
from datetime import date
from itertools import pairwise

import numpy as np

from catalogue.definition import UseCase
from modeling.core import leakage
from modeling.core.feature_set import Datasheet, FeatureSet, summary
from modeling.core.recipe import Recipe
from modeling.core.record import LeakageFinding
from modeling.core.splits import ROLES
from modeling.core.table import Rows
from modeling.core.validated_data import ValidatedData

Span = tuple[date, date]
"""First and last moment of a role's outcomes."""


def feature_set(
    data: ValidatedData,
    use_case: UseCase,
    recipe: Recipe,
    roles: Sequence[Rows],
    spans: Sequence[Span],
    outcomes: np.ndarray,
    changed: list[str],
) -> FeatureSet:
    """The rows of every role with what is known about them.

    `outcomes` are all known values of the target. `changed` are the features that differ once all raw rows after their
    moment are taken away: none, where nothing looks ahead.
    """
    train, tune, valid, test = roles
    counts = [len(rows) for rows in roles]
    found = [*_audit(roles, spans, changed), *leakage.of_the_past(data.frame, recipe.inputs, use_case)]
    datasheet = Datasheet.of(data, use_case, counts, summary(outcomes, []), found)
    return FeatureSet(recipe, datasheet, train, tune, valid, lambda: test)


def _audit(roles: Sequence[Rows], spans: Sequence[Span], changed: list[str]) -> list[LeakageFinding]:
    """The points of the leakage audit, as far as they apply to windows."""
    repeated = sum(np.intersect1d(one.number, other.number).size for one, other in pairwise(roles))
    ordered = all(earlier[1] < later[0] for earlier, later in pairwise(spans))
    periods = "; ".join(f"{role} {first} to {last}" for role, (first, last) in zip(ROLES, spans, strict=True))
    return [
        LeakageFinding(
            name="duplicates_across_roles",
            passed=not repeated,
            severity="error",
            message=f"{repeated:,} outcomes belong to two roles" if repeated else "no outcome belongs to two roles",
        ),
        LeakageFinding(
            name="near_duplicates_across_roles",
            passed=True,
            severity="warning",
            message="does not apply: that the past resembles the future is what is learned",
        ),
        LeakageFinding(
            name="groups_across_roles",
            passed=True,
            severity="warning",
            message="every series is in every role by design: the question is its own future",
        ),
        LeakageFinding(
            name="time_across_roles",
            passed=ordered,
            severity="error",
            message=f"{'each role ends before the next begins' if ordered else 'two roles overlap in time'}: {periods}",
        ),
        LeakageFinding(
            name="single_feature",
            passed=True,
            severity="error",
            message="does not apply: features are the past alone, which `row_wise_features` tests",
        ),
        LeakageFinding(
            name="row_wise_features",
            passed=not changed,
            severity="error",
            message="features change with what comes after their moment"
            if changed
            else "features stay the same when all that comes after their moment is taken away",
            examples=changed,
        ),
    ]
