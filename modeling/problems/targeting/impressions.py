"""From logged impressions, a row each, to features of context and action.

Belongs here: the recipe of impressions. Does not belong here: the feature set
(`modeling.problems.targeting.preparation`), policies and their value (`modeling.problems.targeting.policies`), or how a
column becomes numbers (`modeling.core.features`).
"""

from dataclasses import dataclass
from typing import Any, Self

import polars as pl
import polars.selectors as cs

from modeling.core.features import FeatureError, FeatureRecipe
from modeling.core.table import Table

WHICH = "which action"
"""The feature that names pool and action."""


@dataclass(frozen=True)
class ImpressionRecipe:
    """How an impression becomes numbers: the context's columns, and the action's in `per_action` and `WHICH`.

    Attributes
    ----------
    per_action: feature -> action -> the column with its value for that action.
    """

    action: str
    pool: str | None
    per_action: dict[str, dict[str, str]]
    context: FeatureRecipe

    @property
    def inputs(self) -> list[str]:
        """The columns read: pool, action, context, and the value of per-action features for each action."""
        made = {WHICH, *self.per_action}
        columns = [name for name in self.context.inputs if name not in made]
        wide = [column for columns in self.per_action.values() for column in columns.values()]
        return list(dict.fromkeys([*([self.pool] if self.pool else []), self.action, *columns, *wide]))

    @property
    def left_out(self) -> dict[str, str]:
        """Column -> why it is no feature."""
        return self.context.left_out

    def transform(self, frame: pl.DataFrame) -> Table:
        """The context with the action that each row of `frame` names: a model predicts the click if it is shown."""
        missing = [name for name in self.inputs if name not in frame.columns]
        if missing:
            raise FeatureError(f"the columns {missing} are missing; the rows have {frame.columns}")
        return self.context.transform(self.framed(frame))

    def framed(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`frame` with `WHICH` and the value of every `per_action` feature for the action its rows name."""
        action = cs.by_name(self.action).cast(pl.String)
        values = {
            name: pl.coalesce(
                pl.when(action == which).then(cs.by_name(column).as_expr()) for which, column in columns.items()
            )
            for name, columns in self.per_action.items()
        }
        wide = [column for columns in self.per_action.values() for column in columns.values()]
        return frame.with_columns(self.named().alias(WHICH), **values).drop(wide)

    def named(self) -> pl.Expr:
        """An expression for the name of the action shown: `pool/action`, or the action where there are no pools."""
        action = cs.by_name(self.action).cast(pl.String)
        return (
            action if self.pool is None else pl.concat_str(cs.by_name(self.pool).cast(pl.String), action, separator="/")
        )

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """The recipe whose `asdict` is `content`."""
        parts: dict[str, Any] = content | {"context": FeatureRecipe.from_json(content["context"])}
        return cls(**parts)
