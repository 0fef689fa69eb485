"""How much?

Belongs here: reading a target as a number, and the metrics of a number. Does not belong here: the arithmetic of the
metrics (`modeling.core.metrics`).
"""

from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
import polars as pl

from modeling.core.learner import Outcome
from modeling.core.metrics import mae, r2, rmse
from modeling.core.record import Chapter
from modeling.core.row_task import RowTask
from modeling.core.task import Judged, Metric, Settings, TargetError, TargetHolds
from modeling.problems.tabular.multiclass_classification import by_name
from modeling.problems.tabular.segments import SegmentSettings, segment_chapters


@dataclass(frozen=True)
class Regression(RowTask):
    """A number; predictions are its mean ``[n]``, in the target's unit."""

    settings: Settings = field(default_factory=SegmentSettings)

    name: ClassVar[str] = "regression"
    settings_type: ClassVar[type[Settings]] = SegmentSettings
    target_holds: ClassVar[TargetHolds] = "a number"
    learners: ClassVar[tuple[str, ...]] = ("ridge", "lightgbm", "mlp", "tabm")

    def outcome(self, classes: list[str]) -> Outcome:
        return "regression"

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
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
        if positive is not None:
            raise TargetError(
                f"target {target.name!r}: `positive: {positive}` belongs to the task binary_classification; remove it"
            )
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

    def chapters(self, judged: Judged) -> list[Chapter]:
        return segment_chapters(judged, self.settings, self.metrics(judged.classes))


TASK = Regression
