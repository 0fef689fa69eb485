"""How rows are divided into training, validation and test.

Belongs here: a class a way to split. Does not belong here: splitting any rows (`modeling.core.splits`).
"""

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from catalogue.definition.strict import Strict

Share = Annotated[float, Field(gt=0, lt=1)]


class RandomSplit(Strict):
    """Rows at random; exact duplicates stay together."""

    by: Literal["random"] = "random"
    stratify: Literal["target"] | None = None
    valid: Share = 0.15
    test: Share = 0.25
    seed: int = 0


class GroupSplit(Strict):
    """Whole groups (`columns.group`) at random."""

    by: Literal["group"]
    valid: Share = 0.15
    test: Share = 0.25
    seed: int = 0


class ScaffoldSplit(Strict):
    """Molecules (`columns.molecule`) with one ring system at random, all together."""

    by: Literal["scaffold"]
    valid: Share = 0.15
    test: Share = 0.25
    seed: int = 0


class TimeSplit(Strict):
    """Past, nearer past, most recent (`columns.time`): by shares of the rows, or from stated moments."""

    by: Literal["time"]
    valid: Share = 0.15
    test: Share = 0.25
    valid_from: date | datetime | float | None = None
    test_from: date | datetime | float | None = None

    @model_validator(mode="after")
    def _both_moments(self) -> "TimeSplit":
        if (self.valid_from is None) != (self.test_from is None):
            raise ValueError("give both valid_from and test_from, or neither")
        return self


class ColumnSplit(Strict):
    """A column of the data that says `train`, `valid` or `test`."""

    by: Literal["column"]
    column: str


AnySplit = RandomSplit | GroupSplit | ScaffoldSplit | TimeSplit | ColumnSplit


def _leaves_training_rows(split: AnySplit) -> AnySplit:
    if not isinstance(split, ColumnSplit) and split.valid + split.test >= 1:
        raise ValueError(f"valid {split.valid} and test {split.test} leave no row to train: their sum must be below 1")
    return split


Split = Annotated[AnySplit, Field(discriminator="by"), AfterValidator(_leaves_training_rows)]
