"""Which candidate becomes champion, by choosing units alone.

Belongs here: scoring every candidate on choosing units, the ensemble among them, and the choice. Does not belong
here: the rule (`parsimony`), how an ensemble's weights are found (`ensemble`), or anything about test rows
(`judgement`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from modeling.core.blend import Weights
from modeling.core.metrics import unweighted
from modeling.core.task import Metric, Units
from modeling.evaluation.ensemble import cross_fitted, greedy_weights
from modeling.evaluation.experiment import EvaluationError
from modeling.evaluation.parsimony import Contest, contest, in_words

ENSEMBLE = "ensemble"

Prefer = Literal["parsimony", "accuracy"]


@dataclass(frozen=True)
class ChoosingUnits:
    """What a choice rests on; no learner has learned from these units what it answers to them.

    Attributes
    ----------
    answers: candidate -> its answers ``[u, …]``, the cheapest candidate first.
    where: how many units of what they are, in words.
    """

    answers: Mapping[str, np.ndarray]
    units: Units
    where: str


@dataclass(frozen=True)
class ChampionChoice:
    """What choosing units settled.

    Attributes
    ----------
    champion: a candidate's name, or `ENSEMBLE`.
    validation: every candidate's defined metrics; the ensemble's are cross-fitted.
    weights: what each candidate, the ensemble among them, is made of.
    answers: the champion's answers to the choosing units ``[u, …]``, cross-fitted where it is the ensemble.
    contest: the candidates held against each other. chosen_by: the rule and what it found, in a sentence.
    """

    champion: str
    validation: dict[str, dict[str, float]]
    weights: dict[str, Weights]
    answers: np.ndarray
    contest: Contest
    chosen_by: str

    @property
    def members(self) -> Weights:
        """The champion's learners and weights."""
        return self.weights[self.champion]


def choose(
    choosing: ChoosingUnits,
    metrics: Mapping[str, Metric],
    metric: Metric,
    *,
    trivial: str,
    blends: bool,
    prefer: Prefer = "parsimony",
) -> ChampionChoice:
    """The cheapest candidate that the best by `metric` does not beat by more than one standard error; with `prefer:
    accuracy` the best. The ensemble of all but the trivial one takes part as the dearest, where it `blends` several.

    Raises
    ------
    EvaluationError: a candidate answers NaN or infinite, or the metric is undefined on these units.
    """
    units, contestants = choosing.units, dict(choosing.answers)
    for name, answers in contestants.items():
        _check_finite(name, answers, choosing.where)
    weights: dict[str, Weights] = {name: {name: 1.0} for name in contestants}
    serious = {name: of for name, of in contestants.items() if name != trivial}
    together = greedy_weights(serious, units.truth, metric) if blends and len(serious) > 1 else {}
    fair = cross_fitted(serious, units.truth, units.group, metric) if len(together) > 1 else None
    if fair is not None:
        weights[ENSEMBLE], contestants[ENSEMBLE] = together, fair

    validation = {name: _defined(metrics, units.truth, of) for name, of in contestants.items()}
    if any(metric.name not in scores for scores in validation.values()):
        raise EvaluationError(
            f"{metric.title} is undefined on the {choosing.where}, which hold "
            f"{len(np.unique(units.truth)):,} distinct target values; make their share larger, or stratify the split"
        )
    held = contest(contestants, units, metric)
    champion = held.best if prefer == "accuracy" else held.good_enough
    chosen_by = _in_words(held, metric, choosing.where, prefer)
    return ChampionChoice(champion, validation, weights, contestants[champion], held, chosen_by)


def _in_words(held: Contest, metric: Metric, where: str, prefer: Prefer) -> str:
    """The rule, true of whatever it chose, and how far every candidate is behind."""
    behind = "; ".join(f"{name} {in_words(ahead)}" for name, ahead in held.ahead.items() if name != held.best)
    fair = ", whose answers are cross-fitted" if ENSEMBLE in held.ahead else ""
    rule = (
        f"best expected {metric.title} of {len(held.ahead)} candidates on {where}, as `prefer: accuracy` asks"
        if prefer == "accuracy"
        else f"cheapest of {len(held.ahead)} candidates that the best expected {metric.title} on {where}, that of "
        f"{held.best}, does not beat by more than one standard error of the paired difference"
    )
    trailing = f"; behind {held.best} by (standard error in brackets): {behind}" if behind else ""
    return f"{rule}{fair}{trailing}"


def _check_finite(name: str, answers: np.ndarray, where: str) -> None:
    unusable = len(answers) - np.isfinite(answers.reshape(len(answers), -1)).all(axis=1).sum()
    if unusable:
        raise EvaluationError(
            f"{name} predicts NaN or infinite for {unusable:,} of {where}: its "
            "training diverged; change its parameters, or leave it out of `learners`"
        )


def _defined(metrics: Mapping[str, Metric], target: np.ndarray, predicted: np.ndarray) -> dict[str, float]:
    scores = {name: unweighted(metric, target, predicted) for name, metric in metrics.items()}
    return {name: score for name, score in scores.items() if np.isfinite(score)}
