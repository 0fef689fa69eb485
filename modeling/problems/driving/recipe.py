"""The recipe of demonstrations: from what the simulator showed to what a driver perceives.

Does not belong here: perception itself (`modeling.problems.driving.highway`).
"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import polars as pl

from catalogue.definition import UseCase
from modeling.core.features import FeatureError, FeatureRecipe, feature_columns
from modeling.core.table import Table
from modeling.problems.driving import highway
from modeling.problems.driving.settings import DrivingSettings


@dataclass(frozen=True)
class DrivingRecipe(FeatureRecipe):
    """What a driver perceives (`highway.PERCEIVED`) in what the simulator showed; and the episode's seed.

    `numeric` are the raw columns, `x_0`, `y_0`, `vx_0`, `x_1`, …; nothing is learned.
    """

    lanes: int = 0

    @classmethod
    def fit(cls, train: pl.DataFrame, use_case: UseCase) -> Self:
        """Find the columns that the simulator shows; only the names of `train` are read.

        Raises
        ------
        FeatureError: a column of what the simulator shows is missing.
        """
        road = DrivingSettings.model_validate(use_case.settings).road()
        positions = [name for name in highway.columns(road) if name.split("_")[0] in ("x", "y", "vx")]
        missing = [name for name in positions if name not in train.columns]
        if missing:
            raise FeatureError(f"{use_case.key}: the simulator shows {missing}, which are no columns: see `settings`")
        other = [name for name in feature_columns(train.columns, use_case) if name not in positions]
        return cls(
            positions,
            left_out=dict.fromkeys(other, "drivers perceive positions and speeds"),
            content=[str(use_case.columns.group)],
            lanes=road.config["lanes_count"],
        )

    def transform(self, frame: pl.DataFrame) -> Table:
        """The table, with its numbers in place of the positions and speeds of other cars as a driver perceives them."""
        shown = super().transform(frame)

        def of_each(what: str) -> np.ndarray:
            return shown.numeric[:, [name.split("_")[0] == what for name in self.numeric]]

        numeric = highway.perceived(of_each("x"), of_each("y"), of_each("vx"), self.lanes)
        return replace(shown, numeric=numeric, numeric_names=highway.PERCEIVED)
