"""How long until it happens, where observation often ends first?

Belongs here: reading a time and an event as one target, and which scores a risk gets. Does not belong here: estimators
of survival (`modeling.learners.censoring`), the arithmetic of the metrics (`modeling.problems.survival.metrics`), or
what reports show (`modeling.problems.survival.chapters`).
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import polars as pl
from pydantic import Field

from catalogue.definition import UseCase
from modeling.core.feature_set import FeatureSet
from modeling.core.features import Derive
from modeling.core.learner import Outcome
from modeling.core.record import Chapter, Described
from modeling.core.row_task import RowTask
from modeling.core.target_classes import refuse_event
from modeling.core.task import EvaluatedChampion, Metric, Settings, TargetError, TargetHolds, by_name
from modeling.core.validated_data import ValidatedData
from modeling.learners.censoring import seen, signed
from modeling.problems.survival.chapters import chapters
from modeling.problems.survival.metrics import harrell, uno

_SHOWN = 5


class SurvivalSettings(Settings):
    """What `settings` of a survival use case may hold."""

    event: str = Field(description="the column that is 1 or true where the target's time ended with the event")
    horizon: float = Field(gt=0, description="the time until which predictions are judged, in the target's unit")


@dataclass(frozen=True)
class Survival(RowTask[SurvivalSettings]):
    """The target is a time, the setting `event` says how it ended; predictions are risks ``[n]``, log hazard ratios.

    One array holds both, as `modeling.learners.censoring` describes it.
    """

    name: ClassVar[str] = "survival"
    settings_type: ClassVar[type[Settings]] = SurvivalSettings
    target_holds: ClassVar[TargetHolds] = "a number"
    learners: ClassVar[tuple[str, ...]] = ("cox", "lightgbm", "mlp")

    def outcome(self, classes: list[str]) -> Outcome:
        """Always `survival`."""
        return "survival"

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        """Of the predicted risks ``[n]`` until the horizon; Uno's concordance comes first."""
        return by_name(
            Metric("uno_concordance", "C-index (IPCW)", True, uno(self.settings.horizon)),
            Metric("harrell_concordance", "C-index (Harrell)", True, harrell),
        )

    def prepare(self, data: ValidatedData, use_case: UseCase, derive: Derive | None) -> FeatureSet:
        """As every task of rows.

        Raises
        ------
        TargetError: no column of events, one that is not 0 or 1, no training row with the event, or times that are
        missing or not above zero.
        """
        event, time = self._event(data), _time(data, use_case.target)
        rest = data.frame.drop(self.settings.event)
        target = pl.Series(use_case.target, signed(time.to_numpy(), event.to_numpy()))
        features = super().prepare(replace(data, frame=rest.with_columns(target)), use_case, derive)
        if not seen(features.train.table.target).any():
            raise TargetError(
                f"column {self.settings.event!r}: none of the {len(features.train):,} training rows has the event: "
                "check the column, and the split"
            )
        summary = {"share with the event": event.mean(), "median time": time.median(), "longest time": time.max()}
        return replace(features, datasheet=features.datasheet.model_copy(update={"target_summary": summary}))

    def classes(self, target: pl.Series, positive: Any) -> list[str]:
        """None: the target is only checked.

        Raises
        ------
        TargetError: no event at all, or `positive` given.
        """
        refuse_event(target, positive)
        if not seen(target.to_numpy()).any():
            raise TargetError(
                f"column {self.settings.event!r}: none of {len(target):,} rows has the event: nothing can be learned; "
                "deliver rows that have it, or name another column"
            )
        return []

    def encode(self, target: pl.Series, classes: list[str]) -> np.ndarray:
        """float64 ``[n]``: the time, negative where it was cut short."""
        return target.to_numpy()

    def chapters(self, evaluated: EvaluatedChampion) -> list[Chapter]:
        """Survival curves by quarter of the predicted risk, and predicted beside observed probabilities."""
        return chapters(evaluated, self.settings.horizon)

    def described(self, use_case: UseCase) -> Described:
        """A time that may be cut short."""
        event = self.settings.event
        return Described(
            target=f"{use_case.target} until {event}, cut short where observation ended first ({event} is 0); "
            f"judged until {self.settings.horizon:g}"
        )

    def _event(self, data: ValidatedData) -> pl.Series:
        name = self.settings.event
        if name not in data.frame.columns:
            raise TargetError(f"settings: event names {name!r}; the rows have {data.frame.columns}")
        event = data.frame[name].cast(pl.Int64, strict=False)
        _refuse(~event.is_in([0, 1]).fill_null(False), data, name, "are neither 0 nor 1")
        return event == 1


def _time(data: ValidatedData, target: str) -> pl.Series:
    time = data.frame[target].cast(pl.Float64)
    _refuse(~(time.is_finite() & (time > 0)).fill_null(False), data, target, "are no time above zero")
    return time


def _refuse(wrong: pl.Series, data: ValidatedData, column: str, why: str) -> None:
    if wrong.any():
        numbers = data.numbers[wrong.to_numpy()][:_SHOWN].tolist()
        raise TargetError(
            f"column {column!r}: {wrong.sum():,} of {len(wrong):,} values {why}, at rows {numbers}: "
            "quarantine those rows in the contract"
        )


TASK = Survival
