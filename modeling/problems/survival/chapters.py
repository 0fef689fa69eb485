"""What the reports of survival show: curves by predicted risk, and probabilities of the event over time.

Does not belong here: estimators (`modeling.learners.censoring`), or which metrics are scored
(`modeling.problems.survival.task`).
"""

import numpy as np

from modeling.core.intervals import Range, estimated, independent, scored
from modeling.core.record import Chapter, Estimates, Interval, Line, LineChart, Listing
from modeling.core.task import EvaluatedChampion, Metric, by_name
from modeling.learners.censoring import AtRisk, Steps, times
from modeling.problems.survival.metrics import integrated_brier

QUARTERS = ("lowest risk", "second quarter", "third quarter", "highest risk")
RESAMPLES = 200
"""Of the chapters' intervals, which score whole curves."""
_POINTS = 200
_GRID = 50


def chapters(evaluated: EvaluatedChampion, horizon: float) -> list[Chapter]:
    """The chapters, in their order; risks are shown until `horizon`, in the target's unit."""
    return [_by_quarter(evaluated, horizon), _probabilities(evaluated, horizon)]


def _by_quarter(evaluated: EvaluatedChampion, horizon: float) -> Chapter:
    """Kaplan-Meier curves of the test rows by predicted risk, and how many are behind each point."""
    quarters = _quarters(evaluated)
    moments = np.linspace(0, horizon, 5)
    at_risk = {
        name: (times(evaluated.units.truth[rows])[:, None] >= moments).sum(axis=0).tolist()
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
                x_title=evaluated.use_case.target,
                y_title="share without the event",
                lines={
                    name: _line(AtRisk(evaluated.units.truth[rows]).survival(), horizon)
                    for name, rows in quarters.items()
                },
                steps=True,
            ),
            Listing(
                title="Rows still observed",
                columns={evaluated.use_case.target: moments.tolist()} | at_risk,
            ),
        ],
    )


def _quarters(evaluated: EvaluatedChampion) -> dict[str, np.ndarray]:
    """The test rows of each quarter of the champion's risk; without those that no row falls in."""
    risk = evaluated.answers[evaluated.champion]
    quarter = np.searchsorted(np.quantile(risk, [0.25, 0.5, 0.75]), risk)
    parts = {name: np.flatnonzero(quarter == number) for number, name in enumerate(QUARTERS)}
    return {name: rows for name, rows in parts.items() if len(rows)}


def _line(curve: Steps, horizon: float) -> Line:
    moments = np.linspace(0, horizon, _POINTS)
    return Line(x=moments.tolist(), y=curve.at(moments).tolist())


def _probabilities(evaluated: EvaluatedChampion, horizon: float) -> Chapter:
    """How well risks, made probabilities on validation rows, meet what happened on the test."""
    return Chapter(
        title="Probabilities over time",
        reading="The model's risk can be read as a chance to fail by a given time. The first figure compares that "
        "chance with what happened; the second scores it over the whole time, lower being better.",
        term="Survival is exp(-H(t) exp(risk)); the cumulative hazard H is Breslow's estimate on validation rows, "
        "which no learner was fitted on. Integrated Brier score with inverse probability of censoring weights (Graf et "
        "al. 1999). Intervals: bootstrap of whole groups, 95 %.",
        exhibits=[
            Estimates(
                title=f"Event by {horizon:g}, predicted and observed",
                caption="Quarters of the predicted risk; observed is one minus the Kaplan-Meier estimate.",
                x_title=f"share with the event by {horizon:g}",
                estimates=_calibration(evaluated, horizon),
            ),
            Estimates(
                title="Integrated Brier score",
                caption=f"Until {horizon:g}, on the sealed test.",
                x_title="integrated Brier score",
                estimates=_brier_scores(evaluated, horizon),
            ),
        ],
    )


def _calibration(evaluated: EvaluatedChampion, horizon: float) -> dict[str, Interval]:
    predicted = (
        1 - _survival(evaluated, evaluated.validation, evaluated.answers[evaluated.champion], np.array([horizon]))[:, 0]
    )
    estimates = {}
    for name, rows in _quarters(evaluated).items():
        at_risk = AtRisk(evaluated.units.truth[rows])

        def observed(weight: np.ndarray, at_risk: AtRisk = at_risk) -> float:
            return 1 - float(at_risk.survival(weight).at(horizon)) if weight.any() else np.nan

        group = None if evaluated.units.group is None else evaluated.units.group[rows]
        share = Range(0.0, 1.0, independent([np.ones(len(rows), dtype=bool)], group))
        estimates[f"{name}: predicted"] = Interval(value=float(predicted[rows].mean()))
        estimates[f"{name}: observed"] = estimated(observed, len(rows), group, share, RESAMPLES)
    return estimates


def _brier_scores(evaluated: EvaluatedChampion, horizon: float) -> dict[str, Interval]:
    moments = np.linspace(0, horizon, _GRID + 1)[1:]
    survival = {
        name: _survival(evaluated, evaluated.on_validation(name), risk, moments)
        for name, risk in evaluated.answers.items()
    }
    metrics = by_name(Metric("integrated_brier", "integrated Brier score", False, integrated_brier(moments)))
    scores = scored(metrics, evaluated.units.truth, survival, evaluated.units.group, RESAMPLES)
    return {name: found for name in survival if (found := scores.intervals(name).get("integrated_brier"))}


def _survival(
    evaluated: EvaluatedChampion, of_validation: np.ndarray, risk: np.ndarray, moments: np.ndarray
) -> np.ndarray:
    """The chance ``[n, moments]`` to be without the event, the hazard being that of the validation rows."""
    hazard = AtRisk(evaluated.valid.table.target).cumulative_hazard(of_validation)
    return np.exp(-np.exp(risk)[:, None] * hazard.at(moments))
