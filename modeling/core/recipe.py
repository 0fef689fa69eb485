"""What every recipe is: the fitted way from raw rows to the table a learner sees.

Belongs here: the protocol, and what of the columns is not used. Does not belong here: a recipe (`features` has
the one for plain rows; a problem whose rows are shaped otherwise has its own), or the file it is kept in
(`modeling.artefacts.recipe`).
"""

from typing import Any, Protocol, Self

import polars as pl

from catalogue.definition import Columns
from modeling.core.table import Table


class Recipe(Protocol):
    """Fitted on training rows, applied to any rows of the same columns. A dataclass whose `asdict` is JSON."""

    @property
    def inputs(self) -> list[str]:
        """The raw columns `transform` reads."""
        ...

    @property
    def left_out(self) -> dict[str, str]:
        """Column -> why it is not used."""
        ...

    def transform(self, frame: pl.DataFrame) -> Table:
        """The rows a learner predicts for, without a target.

        Raises
        ------
        FeatureError: a column is missing, or holds something else than in training.
        """
        ...

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Self:
        """The recipe whose `asdict` is `content`, once read from JSON."""
        ...


def left_out(recipe: Recipe, columns: Columns) -> dict[str, str]:
    """Column -> why it is not used: those that the definition drops, and those that the recipe can't use."""
    why = columns.drop if isinstance(columns.drop, dict) else dict.fromkeys(columns.drop, "`columns.drop` names it")
    return {**why, **recipe.left_out}
