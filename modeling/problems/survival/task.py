"""How long until it happens, where observation often ends first?

Belongs here: reading a time and an event as one target, and which scores a risk gets. Does not belong here: estimators
of survival (`modeling.learners.censoring`), the arithmetic of the metrics (`modeling.problems.survival.metrics`), or
what reports show (`modeling.problems.survival.chapters`).
"""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import polars as pl
import polars.selectors as cs
from pydantic import Field

from catalogue.definition import UseCase
from modeling.core.feature_set import FeatureSet
from modeling.core.features import Derive
from modeling.core.learner import Outcome
from modeling.core.record import Chapter, Described
from modeling.core.row_task import RowTask
from modeling.core.target_classes import found, named, refuse_event
from modeling.core.task import EvaluatedChampion, Metric, Settings, TargetError, TargetHolds, by_name
from modeling.core.validated_data import ValidatedData
from modeling.learners.censoring import seen, signed
from modeling.problems.survival.chapters import chapters
from modeling.problems.survival.metrics import harrell, uno

_SHOWN = 5
_HAPPENED, _CUT_SHORT = ("1", "true", "yes"), ("0", "false", "no")
ZERO = 0.5
"""What a time of zero counts as, in units of the shortest time above it: only the order of times is learned from."""


class SurvivalSettings(Settings):
    """What `settings` of a survival use case may hold."""

    event: str = Field(description="the column that says whether the target's time ended with the event")
    happened: str | int | bool | None = Field(
        default=None, description="the value of `event` that says so; 1, true or yes where it is not given"
    )
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
        TargetError: no column of events, one that does not say which value is the event, no training row with the
        event, or times that are missing or below zero.
        """
        event, reported = self._event(data), _time(data, use_case.target)
        time = _above_zero(reported)
        rest = data.frame.drop(cs.by_name(self.settings.event))
        target = pl.Series(use_case.target, signed(time.to_numpy(), event.to_numpy()))
        features = super().prepare(replace(data, frame=rest.with_columns(target)), use_case, derive)
        if not seen(features.train.table.target).any():
            raise TargetError(
                f"column {self.settings.event!r}: none of the {len(features.train):,} training rows has the event: "
                "check the column, and the split"
            )
        summary = {
            "share with the event": event.mean(),
            "median time": reported.median(),
            "longest time": reported.max(),
        }
        if zero := int((reported == 0).sum()):
            summary[f"times of zero, read as {ZERO} of the shortest other"] = zero
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
        event, happened = self.settings.event, self.settings.happened
        otherwise = "is 0" if happened is None else f"is not {happened}"
        return Described(
            target=f"{use_case.target} until {event}, cut short where observation ended first ({event} {otherwise}); "
            f"judged until {self.settings.horizon:g}"
        )

    def _event(self, data: ValidatedData) -> pl.Series:
        name = self.settings.event
        if name not in data.frame.columns:
            raise TargetError(f"settings: event names {name!r}; the rows have {data.frame.columns}")
        values = named(data.frame[name]).str.strip_chars()
        _refuse(values.is_null(), data, name, "are missing", "quarantine those rows in the contract")
        if (wanted := self.settings.happened) is None:
            return _usual(values)
        wanted = named(pl.Series([wanted]))[0]
        if wanted not in values:
            raise TargetError(f"settings: `happened` is {wanted!r}, but column {name!r} holds {found(values)}")
        return values == wanted


def _usual(values: pl.Series) -> pl.Series:
    """Where the event happened, by the usual words for it."""
    words = values.str.to_lowercase()
    if not words.is_in([*_HAPPENED, *_CUT_SHORT]).all():
        raise TargetError(
            f"column {values.name!r} holds {found(values)}: write under `settings` which of them says that the event "
            f"happened, such as `happened: {values.unique().sort()[-1]!r}`; every other value counts as cut short"
        )
    return words.is_in(_HAPPENED)


def _time(data: ValidatedData, target: str) -> pl.Series:
    time = data.frame[target].cast(pl.Float64)
    known = time.is_finite().fill_null(False)
    _refuse(~known, data, target, "are no time", "quarantine those rows in the contract")
    _refuse(time < 0, data, target, "are below zero", "the event lies before the start: correct the two dates")
    return time


def _above_zero(time: pl.Series) -> pl.Series:
    """What happened at once happened before all else."""
    shortest = time.filter(time > 0).min()
    if shortest is None:
        raise TargetError(f"column {time.name!r}: every time is zero, so nothing came earlier than anything else")
    return pl.select(pl.when(time > 0).then(time).otherwise(ZERO * pl.lit(shortest))).to_series()


def _refuse(wrong: pl.Series, data: ValidatedData, column: str, why: str, advice: str) -> None:
    if wrong.any():
        numbers = data.numbers[wrong.to_numpy()][:_SHOWN].tolist()
        raise TargetError(
            f"column {column!r}: {wrong.sum():,} of {len(wrong):,} values {why}, at rows {numbers}: {advice}"
        )


TASK = Survival
