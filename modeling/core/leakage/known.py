"""When is each feature known?

Belongs here: what the use case says about it (`columns.known_at`), and the finding. Does not belong here: guessing it
from values (`alone`, `formulas`), or what a champion leans on (`modeling.evaluation.suspicion`).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import polars as pl
import polars.selectors as cs

from catalogue.definition import UseCase
from modeling.core.features import Derive, derived
from modeling.core.record import LeakageFinding

EXAMPLES = 20
ASK = "known at the moment of prediction? Say `columns: {known_at: {…: before}}`, or leave it out with `columns.drop`"


@dataclass(frozen=True)
class Known:
    """What a use case says of the moments at which columns are known."""

    use_case: UseCase

    def in_time(self, features: Iterable[str]) -> bool:
        """Whether all of them are stated to be known before or at the moment of prediction."""
        said = self.use_case.columns.known_at
        return all(said.get(_column(feature, said)) in ("before", "at") for feature in features)

    def severity(self, features: Iterable[str]) -> Literal["error", "warning"]:
        """That of a suspicion about `features`: somebody has to say that they are known in time."""
        return "warning" if (asked := list(features)) and self.in_time(asked) else "error"

    def question(self, features: Iterable[str]) -> str:
        """What to ask about suspected features, or who has answered."""
        asked = list(features)
        named = ", ".join(map(repr, asked))
        return f"the use case states that {named} is known in time" if self.in_time(asked) else f"is {named} {ASK}"


def _column(feature: str, stated: Iterable[str]) -> str:
    """The column of a feature: a part of a moment, `sold.month`, is that of `sold`."""
    return feature if feature in set(stated) else feature.rpartition(".")[0] or feature


def known_at(frame: pl.DataFrame, derive: Derive | None, columns: list[str], use_case: UseCase) -> LeakageFinding:
    """No feature is, or is derived from, a column that is known only afterwards.

    `frame` are some rows before `derive`, without the target; `columns` are the features after it.
    """
    said = use_case.columns.known_at
    late = [name for name, moment in said.items() if moment == "after" and name in frame.columns]
    unknown = [name for name in said if name not in {*frame.columns, *columns}]
    used = [name for name in columns if said.get(name) == "after" or name in _hanging_on(frame, derive, columns, late)]
    unstated = [name for name in columns if name not in said]
    told = f"of {len(columns) - len(unstated):,} of {len(columns):,} features it is stated when they are known"
    if unknown:
        told = f"`columns.known_at` names columns that the rows do not have: {unknown}"
    elif used:
        told = "features known only after the moment of prediction: leave them out with `columns.drop`"
    return LeakageFinding(
        name="known_at",
        passed=not used and not unknown,
        severity="error",
        message=told,
        examples=(used or [f"not stated: {name}" for name in unstated])[:EXAMPLES],
    )


def _hanging_on(frame: pl.DataFrame, derive: Derive | None, columns: list[str], late: list[str]) -> list[str]:
    """The features that change when `late` columns are taken from other rows."""
    if derive is None or not late:
        return []
    moved = frame.with_columns(cs.by_name(*late).reverse())
    one, other = derived(frame, derive), derived(moved, derive)
    return [name for name in columns if not one[name].equals(other[name], null_equal=True)]
