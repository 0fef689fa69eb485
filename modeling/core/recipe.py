"""What every recipe is: the fitted way from raw rows to the table a learner sees.

Belongs here: the protocol. Does not belong here: a recipe (`features` has the one for plain rows; a task whose rows are
shaped otherwise keeps its own beside it).
"""

from pathlib import Path
from typing import Protocol, Self

import polars as pl

from modeling.core.table import Table


class Recipe(Protocol):
    """Learned from training rows, stored as JSON, applied to any rows of the same columns. A dataclass."""

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

    def save(self, path: Path) -> None:
        """Write JSON to the file `path`."""
        ...

    @classmethod
    def load(cls, path: Path) -> Self: ...
