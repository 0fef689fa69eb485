"""How long until it happens, where observation often ends first?

Belongs here: reading a time and an event as one target, and what is scored and shown of a risk. Does not belong here:
estimators of survival (`modeling.learners.censoring`), or the arithmetic of the metrics
(`modeling.problems.survival.metrics`).
"""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar, cast

import numpy as np
import polars as pl
from pydantic import Field

from catalogue.definition import UseCase
from modeling.core import splits
from modeling.core.features import Derive
from modeling.core.learner import Outcome
from modeling.core.row_task import RowTask
from modeling.core.task import Judged, Metric, Settings, TargetError, TargetHolds
from modeling.core.validated_data import ValidatedData
from modeling.learners.censoring import AtRisk, Steps, seen, signed, times
from modeling.problems.survival.metrics import harrell, integrated_brier, uno
from modeling.problems.tabular.multiclass_classification import by_name

if TYPE_CHECKING:
    from modeling.core.feature_set import FeatureSet
    from modeling.core.record import Chapter, Interval

QUARTERS = ("lowest risk", "second quarter", "third quarter", "highest risk")
RESAMPLES = 200
"""Of the chapters' intervals, which score whole curves."""
_POINTS = 200
_GRID = 50
_SHOWN = 5


class SurvivalSettings(Settings):
    event: str = Field(description="the column that is 1 or true where the target's time ended with the event")
    horizon: float = Field(gt=0, description="the time until which predictions are judged, in the target's unit")


@dataclass(frozen=True)
class Survival(RowTask):
    """The target is a time, the setting `event` says how it ended; predictions are risks ``[n]``, log hazard ratios.

    One array holds both, as `modeling.learners.censoring` describes it.
    """

    name: ClassVar[str] = "survival"
    settings_type: ClassVar[type[Settings]] = SurvivalSettings
    target_holds: ClassVar[TargetHolds] = "a number"
    learners: ClassVar[tuple[str, ...]] = ("cox", "lightgbm", "mlp")

    @property
    def asked(self) -> SurvivalSettings:
        """The settings, by their type."""
        return cast(SurvivalSettings, self.settings)

    def outcome(self, classes: list[str]) -> Outcome:
        return "survival"

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        return by_name(
            Metric("uno_concordance", "C-index (IPCW)", True, uno(self.asked.horizon)),
            Metric("harrell_concordance", "C-index (Harrell)", True, harrell),
        )

    def prepare(self, data: ValidatedData, use_case: UseCase, derive: Derive | None) -> "FeatureSet":
        """As every task of rows; the roles are made alike in their shares of events.

        Raises
        ------
        TargetError: no column of events, one that is not 0 or 1, no training row with the event, or times that are
        missing or not above zero.
        """
        event, time = self._event(data), _time(data, use_case.target)
        rest = data.frame.drop(self.asked.event)
        target = pl.Series(use_case.target, signed(time.to_numpy(), event.to_numpy()))
        features = super().prepare(replace(data, frame=rest.with_columns(target)), use_case, derive)
        if not seen(features.train.table.target).any():
            raise TargetError(
                f"column {self.asked.event!r}: none of the {len(features.train):,} training rows has the event: check "
                "the column, and the split"
            )
        summary = {"share with the event": event.mean(), "median time": time.median(), "longest time": time.max()}
        return replace(features, datasheet=features.datasheet.model_copy(update={"target_summary": summary}))

    def roles(self, frame: pl.DataFrame, use_case: UseCase) -> pl.Series:
        """As the split assigns them, made alike in their shares of events rather than in their times."""
        event = pl.Series(use_case.target, seen(frame[use_case.target].to_numpy()))
        return splits.assign(frame.with_columns(event), use_case)

    def classes(self, target: pl.Series, positive: Any) -> list[str]:
        """None: the target is only checked.

        Raises
        ------
        TargetError: no event at all, or `positive` given.
        """
        if positive is not None:
            raise TargetError(
                f"target {target.name!r}: `positive: {positive}` belongs to the task binary_classification; remove it"
            )
        if not seen(target.to_numpy()).any():
            raise TargetError(
                f"column {self.asked.event!r}: none of {len(target):,} rows has the event: nothing can be learned; "
                "deliver rows that have it, or name another column"
            )
        return []

    def encode(self, target: pl.Series, classes: list[str]) -> np.ndarray:
        """float64 ``[n]``: the time, negative where it was cut short."""
        return target.to_numpy()

    def chapters(self, judged: Judged) -> list["Chapter"]:
        horizon = self.asked.horizon
        return [_by_quarter(judged, horizon), _probabilities(judged, horizon)]

    def _event(self, data: ValidatedData) -> pl.Series:
        name = self.asked.event
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


def _by_quarter(judged: Judged, horizon: float) -> "Chapter":
    """Kaplan-Meier curves of the test rows by predicted risk, and how many are behind each point."""
    from modeling.core.record import Chapter, LineChart, Listing

    quarters = _quarters(judged)
    moments = np.linspace(0, horizon, 5)
    at_risk = {
        name: (times(judged.units.truth[rows])[:, None] >= moments).sum(axis=0).tolist()
        for name, rows in quarters.items()
    }
    return Chapter(
        title="Survival by predicted risk",
        reading="The test rows in four parts of equal size, by the risk the model gave them. Lines that lie apart and "
        "in order mean that the model tells early from late; the table says how many rows a point still rests on.",
        term="Kaplan-Meier estimates on the sealed test by quarter of the champion's risk; equal risks stay together.",
        exhibits=[
            LineChart(
                title="Share without the event",
                caption="By time since the start, on the sealed test.",
                x_title=judged.use_case.target,
                y_title="share without the event",
                lines={
                    name: _line(AtRisk(judged.units.truth[rows]).survival(), horizon) for name, rows in quarters.items()
                },
                steps=True,
            ),
            Listing(
                title="Rows still observed",
                columns={judged.use_case.target: moments.tolist()} | at_risk,
            ),
        ],
    )


def _quarters(judged: Judged) -> dict[str, np.ndarray]:
    """The test rows of each quarter of the champion's risk; without those that no row falls in."""
    risk = judged.answers[judged.champion]
    quarter = np.searchsorted(np.quantile(risk, [0.25, 0.5, 0.75]), risk)
    parts = {name: np.flatnonzero(quarter == number) for number, name in enumerate(QUARTERS)}
    return {name: rows for name, rows in parts.items() if len(rows)}


def _line(curve: Steps, horizon: float) -> Any:
    from modeling.core.record import Line

    moments = np.linspace(0, horizon, _POINTS)
    return Line(x=moments.tolist(), y=curve.at(moments).tolist())


def _probabilities(judged: Judged, horizon: float) -> "Chapter":
    """How well risks, made probabilities on validation rows, meet what happened on the test."""
    from modeling.core.record import Chapter, Estimates

    return Chapter(
        title="Probabilities over time",
        reading="The model's risk can be read as a chance to fail by a given time. The first figure compares that "
        "chance with what happened; the second scores it over the whole time, lower being better.",
        term="Survival is exp(-H(t) exp(risk)); the cumulative hazard H is Breslow's estimate on validation rows, "
        "which no learner was fitted on. Integrated Brier score with inverse probability of censoring weights (Graf et "
        "al. 1999). Intervals: percentile bootstrap of whole groups, 95 %.",
        exhibits=[
            Estimates(
                title=f"Event by {horizon:g}, predicted and observed",
                caption="Quarters of the predicted risk; observed is one minus the Kaplan-Meier estimate.",
                x_title=f"share with the event by {horizon:g}",
                estimates=_calibration(judged, horizon),
            ),
            Estimates(
                title="Integrated Brier score",
                caption=f"Until {horizon:g}, on the sealed test.",
                x_title="integrated Brier score",
                estimates=_brier_scores(judged, horizon),
            ),
        ],
    )


def _calibration(judged: Judged, horizon: float) -> dict[str, "Interval"]:
    from modeling.core.intervals import interval, resampled
    from modeling.core.record import Interval

    predicted = 1 - _survival(judged, judged.validation, judged.answers[judged.champion], np.array([horizon]))[:, 0]
    estimates = {}
    for name, rows in _quarters(judged).items():
        at_risk = AtRisk(judged.units.truth[rows])

        def observed(weight: np.ndarray, at_risk: AtRisk = at_risk) -> float:
            return 1 - float(at_risk.survival(weight).at(horizon)) if weight.any() else np.nan

        group = None if judged.units.group is None else judged.units.group[rows]
        draws = resampled([observed], group, len(rows), RESAMPLES)[:, 0]
        estimates[f"{name}: predicted"] = Interval(value=float(predicted[rows].mean()))
        estimates[f"{name}: observed"] = interval(observed(np.ones(len(rows))), draws)
    return estimates


def _brier_scores(judged: Judged, horizon: float) -> dict[str, "Interval"]:
    from modeling.core.intervals import scored

    moments = np.linspace(0, horizon, _GRID + 1)[1:]
    learners = {one.name: one.learner for one in judged.candidates} | {judged.champion: judged.model}
    survival = {
        name: _survival(judged, learners[name].predict(judged.valid.table), risk, moments)
        for name, risk in judged.answers.items()
    }
    metrics = by_name(Metric("integrated_brier", "integrated Brier score", False, integrated_brier(moments)))
    scores = scored(metrics, judged.units.truth, survival, judged.units.group, RESAMPLES)
    return {name: found for name in survival if (found := scores.intervals(name).get("integrated_brier"))}


def _survival(judged: Judged, of_validation: np.ndarray, risk: np.ndarray, moments: np.ndarray) -> np.ndarray:
    """The chance ``[n, moments]`` to be without the event, the hazard being that of the validation rows."""
    hazard = AtRisk(judged.valid.table.target).cumulative_hazard(of_validation)
    return np.exp(-np.exp(risk)[:, None] * hazard.at(moments))


TASK = Survival
