"""Which candidate becomes champion, by validation rows alone.

Belongs here: scoring every candidate on validation rows, the ensemble among them, and the choice. Does not belong
here: how an ensemble's weights are found (`ensemble`), or anything about test rows (`judgement`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from modeling.core.blend import Weights, blended
from modeling.core.metrics import unweighted
from modeling.core.task import Metric, Units
from modeling.evaluation.ensemble import cross_fitted, greedy_weights
from modeling.evaluation.experiment import EvaluationError

ENSEMBLE = "ensemble"


@dataclass(frozen=True)
class ChampionChoice:
    """What validation rows settled.

    Attributes
    ----------
    champion: a candidate's name, or `ENSEMBLE`.
    validation: every candidate's defined metrics; the ensemble's are cross-fitted.
    weights: what each candidate, the ensemble among them, is made of.
    predicted: the champion's answers to the validation units.
    """

    champion: str
    validation: dict[str, dict[str, float]]
    weights: dict[str, Weights]
    predicted: np.ndarray

    @property
    def members(self) -> Weights:
        """The champion's learners and weights."""
        return self.weights[self.champion]


def choose(
    predicted: Mapping[str, np.ndarray],
    units: Units,
    metrics: Mapping[str, Metric],
    metric: Metric,
    *,
    trivial: str,
    blends: bool,
) -> ChampionChoice:
    """The candidate whose answers score best by `metric` on validation units; the trivial one only where it is alone.

    predicted: candidate -> its answers ``[u, …]``. blends: whether several candidates may answer as one.

    Raises
    ------
    EvaluationError: a candidate answers NaN or infinite, or the metric is undefined on these units.
    """
    target = units.truth
    for name, answers in predicted.items():
        _check_finite(name, answers)
    weights: dict[str, Weights] = {name: {name: 1.0} for name in predicted}
    contest = dict(predicted)
    serious = {name: of for name, of in predicted.items() if name != trivial}
    together = greedy_weights(serious, target, metric) if blends and len(serious) > 1 else {}
    fair = cross_fitted(serious, target, units.group, metric) if len(together) > 1 else None
    if fair is not None:
        weights[ENSEMBLE], contest[ENSEMBLE] = together, fair

    validation = {name: _defined(metrics, target, of) for name, of in contest.items()}
    if any(metric.name not in scores for scores in validation.values()):
        raise EvaluationError(
            f"{metric.title} is undefined on the {len(units):,} validation rows, which hold "
            f"{len(np.unique(target)):,} distinct target values; make their share larger, or stratify the split"
        )
    sign = 1 if metric.greater_is_better else -1
    eligible = [name for name in validation if name != trivial] or [trivial]
    champion = max(eligible, key=lambda name: sign * validation[name][metric.name])
    return ChampionChoice(champion, validation, weights, blended(predicted, weights[champion]))


def in_words(metric: Metric, champion: str, where: str) -> str:
    """How the champion was chosen, for the report."""
    best = "highest" if metric.greater_is_better else "lowest"
    fair = ", cross-fitted" if champion == ENSEMBLE else ""
    return f"{best} {metric.title} on {where}{fair}"


def _check_finite(name: str, answers: np.ndarray) -> None:
    unusable = len(answers) - np.isfinite(answers.reshape(len(answers), -1)).all(axis=1).sum()
    if unusable:
        raise EvaluationError(
            f"{name} predicts NaN or infinite for {unusable:,} of {len(answers):,} validation rows: its "
            "training diverged; change its parameters, or leave it out of `learners`"
        )


def _defined(metrics: Mapping[str, Metric], target: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    scores = {name: unweighted(metric, target, predicted) for name, metric in metrics.items()}
    return {name: score for name, score in scores.items() if np.isfinite(score)}
