"""Tasks whose target is a number.

Belongs here: reading a target as a number, and the metrics of a number; every task of one number a row extends this.
Does not belong here: the arithmetic of the metrics (`modeling.core.metrics`), or a task with a name
(`modeling.problems`).
"""

from typing import Any, ClassVar

import numpy as np
import polars as pl

from modeling.core.learner import Outcome
from modeling.core.metrics import mae, r2, rmse
from modeling.core.row_task import RowTask, S
from modeling.core.target_classes import refuse_event
from modeling.core.task import Metric, TargetError, TargetHolds, by_name


class RegressionTask(RowTask[S]):
    """A number; predictions are its mean ``[n]``, in the target's unit."""

    target_holds: ClassVar[TargetHolds] = "a number"

    def outcome(self, classes: list[str]) -> Outcome:
        """Always `regression`."""
        return "regression"

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        """Of the predicted numbers ``[n]``, in the target's unit but for R²; RMSE comes first."""
        return by_name(
            Metric("rmse", "RMSE", False, rmse),
            Metric("mae", "mean absolute error", False, mae),
            Metric("r2", "R²", True, r2),
        )

    def classes(self, target: pl.Series, positive: Any) -> list[str]:
        """None: the target is only checked.

        Raises
        ------
        TargetError: not numbers, all null, infinite, one value only, or `positive` given.
        """
        refuse_event(target, positive)
        if not target.dtype.is_numeric() and target.dtype != pl.Null:
            raise TargetError(
                f"target {target.name!r} is {target.dtype}, not a number: use a classification task, or derive a number"
            )
        known = target.cast(pl.Float64).fill_nan(None).drop_nulls()
        if known.is_empty():
            raise TargetError(
                f"target {target.name!r}: all {len(target):,} values are null; name the column that holds the outcome"
            )
        self.encode(known, [])
        if known.n_unique() == 1:
            raise TargetError(
                f"target {target.name!r} is {known[0]} in all {len(known):,} rows: nothing can be learned; "
                "deliver rows with other values, or name another column"
            )
        return []

    def encode(self, target: pl.Series, classes: list[str]) -> np.ndarray:
        """float64 ``[n]``.

        Raises
        ------
        TargetError: a null, NaN or infinite value.
        """
        values = target.cast(pl.Float64).fill_null(np.nan).to_numpy()
        unusable = ~np.isfinite(values)
        if unusable.any():
            raise TargetError(
                f"target {target.name!r}: {unusable.sum():,} of {len(target):,} values are null or infinite; "
                "quarantine those rows in the contract"
            )
        return values
