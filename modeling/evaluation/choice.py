"""Which candidate becomes champion, by validation rows alone.

Belongs here: scoring every candidate on validation rows, the ensemble among them, and the choice. Does not belong
here: how an ensemble's weights are found (`ensemble`), or anything about test rows (`evaluate`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from modeling.candidate import Candidate
from modeling.evaluation.ensemble import Weights, blended, cross_fitted, greedy_weights
from modeling.evaluation.metrics import unweighted
from modeling.learners.registry import TRIVIAL
from modeling.table import Rows
from modeling.tasks.protocol import Metric

ENSEMBLE = "ensemble"


class EvaluationError(ValueError):
    """The candidates can't be judged on these rows; the message says which rows and why."""


@dataclass(frozen=True)
class Choice:
    """What validation rows settled.

    Attributes
    ----------
    champion: a candidate's name, or `ENSEMBLE`.
    validation: every candidate's defined metrics; the ensemble's are cross-fitted.
    weights: what each candidate, the ensemble among them, is made of.
    predicted: the champion's predictions of the validation rows.
    """

    champion: str
    validation: dict[str, dict[str, float]]
    weights: dict[str, Weights]
    predicted: np.ndarray

    @property
    def members(self) -> Weights:
        """The champion's learners and weights."""
        return self.weights[self.champion]


def choose(candidates: Sequence[Candidate], valid: Rows, metrics: Mapping[str, Metric], metric: Metric) -> Choice:
    """The candidate that scores best by `metric` on validation rows; the trivial one only where it is alone.

    Raises
    ------
    EvaluationError: a candidate predicts NaN or infinite, or the metric is undefined on these rows.
    """
    target = valid.table.target
    predicted = {candidate.name: _predicted(candidate, valid) for candidate in candidates}
    weights: dict[str, Weights] = {name: {name: 1.0} for name in predicted}
    contest = dict(predicted)
    serious = {name: of for name, of in predicted.items() if name != TRIVIAL}
    together = greedy_weights(serious, target, metric) if len(serious) > 1 else {}
    fair = cross_fitted(serious, target, valid.group, metric) if len(together) > 1 else None
    if fair is not None:
        weights[ENSEMBLE], contest[ENSEMBLE] = together, fair

    validation = {name: _defined(metrics, target, of) for name, of in contest.items()}
    if any(metric.name not in scores for scores in validation.values()):
        raise EvaluationError(
            f"{metric.title} is undefined on the {len(valid):,} validation rows, which hold "
            f"{len(np.unique(target)):,} distinct target values; make their share larger, or stratify the split"
        )
    sign = 1 if metric.greater_is_better else -1
    eligible = [name for name in validation if name != TRIVIAL] or [TRIVIAL]
    champion = max(eligible, key=lambda name: sign * validation[name][metric.name])
    return Choice(champion, validation, weights, blended(predicted, weights[champion]))


def in_words(metric: Metric, champion: str, rows: int) -> str:
    """How the champion was chosen, for the report."""
    best = "highest" if metric.greater_is_better else "lowest"
    fair = ", cross-fitted" if champion == ENSEMBLE else ""
    return f"{best} {metric.title} on {rows:,} validation rows{fair}"


def _predicted(candidate: Candidate, valid: Rows) -> np.ndarray:
    predicted = candidate.learner.predict(valid.table)
    unusable = len(predicted) - np.isfinite(predicted.reshape(len(predicted), -1)).all(axis=1).sum()
    if unusable:
        raise EvaluationError(
            f"{candidate.name} predicts NaN or infinite for {unusable:,} of {len(valid):,} validation rows: its "
            "training diverged; change its parameters, or leave it out of `learners`"
        )
    return predicted


def _defined(metrics: Mapping[str, Metric], target: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    scores = {name: unweighted(metric, target, predicted) for name, metric in metrics.items()}
    return {name: score for name, score in scores.items() if np.isfinite(score)}
