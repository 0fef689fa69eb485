"""Which settings are best?

Belongs here: a regression of outcomes on settings. Does not belong here: the ways to search
(`modeling.problems.optimisation.search`), how fast the best settings are found
(`modeling.problems.optimisation.chapters`), or features of settings (the use case's `features`).

A row is an experiment. The model is scored as any regression; its searches are what reports show.
"""

from dataclasses import dataclass, replace
from typing import ClassVar

import polars as pl
import polars.selectors as cs

from catalogue.definition import UseCase
from modeling.core.feature_set import FeatureSet
from modeling.core.features import Derive, FeatureError, feature_columns
from modeling.core.record import Chapter
from modeling.core.regression import RegressionTask
from modeling.core.table import Rows
from modeling.core.task import EvaluatedChampion, Settings
from modeling.core.validated_data import ValidatedData
from modeling.problems.optimisation.settings import SETTINGS, OptimisationSettings


@dataclass(frozen=True)
class Optimisation(RegressionTask[OptimisationSettings]):
    """The outcome of an experiment; predictions are its mean ``[n]``, in the target's unit."""

    name: ClassVar[str] = "optimisation"
    learners: ClassVar[tuple[str, ...]] = ("ridge", "lightgbm", "mlp", "tabm")
    settings_type: ClassVar[type[Settings]] = OptimisationSettings

    def prepare(self, data: ValidatedData, use_case: UseCase, derive: Derive | None) -> FeatureSet:
        """As any rows, each role with its settings beside them.

        Raises
        ------
        FeatureError: a factor is no column, or has gaps.
        """
        factors = self.settings.factors or feature_columns(data.frame.columns, use_case)
        _check(data.frame, factors)
        made = super().prepare(data, use_case, derive)
        settings = pl.DataFrame({"number": data.numbers}).with_columns(data.frame.select(cs.by_name(*factors)))

        def with_settings(rows: Rows) -> Rows:
            known = pl.DataFrame({"number": rows.number}).join(settings, on="number", maintain_order="left")
            return replace(rows, table=replace(rows.table, shared={SETTINGS: known.select(cs.by_name(*factors))}))

        unsealed = {role: with_settings(getattr(made, role)) for role in ("train", "tune", "valid")}
        test = with_settings(made.open_test())
        return replace(made, **unsealed, open_test=lambda: test)

    def chapters(self, evaluated: EvaluatedChampion) -> list[Chapter]:
        """What searches find that the champion guides, beside searches without a model."""
        from modeling.problems.optimisation.chapters import chapters

        return chapters(evaluated, self.settings)


def _check(frame: pl.DataFrame, factors: list[str]) -> None:
    absent = [name for name in factors if name not in frame.columns]
    if absent:
        raise FeatureError(f"settings.factors: {absent} are no columns; the rows have {frame.columns}")
    gaps = {name: count for name in factors if (count := frame[name].null_count())}
    if gaps:
        raise FeatureError(f"settings.factors are empty in some rows ({gaps}): quarantine them in the contract")


TASK = Optimisation
