"""Should the champion's probabilities be mended?

Belongs here: fitting calibrators to choosing units, holding them against doing without by the log loss of units they
were not fitted to, and taking one by the rule of one standard error. Does not belong here: applying one
(`modeling.core.calibrator`), or measuring calibration on test rows (`calibration`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize, minimize_scalar
from sklearn.isotonic import IsotonicRegression
from sklearn.model_selection import GroupKFold

from modeling.core.calibrator import Calibrator, Isotonic, Platt, Temperature, log_odds
from modeling.core.intervals import clusters
from modeling.core.learner import Outcome
from modeling.core.metrics import log_loss, unweighted
from modeling.core.record import Step
from modeling.core.task import Metric, Units
from modeling.evaluation.parsimony import advantage, contest, in_words

FOLDS = 5
ENOUGH_FOR_ISOTONIC = 1000
"""An isotonic calibrator is tried from so many units on (Niculescu-Mizil & Caruana 2005: with fewer it overfits)."""
WIDEST_LOG = 4.0
"""Slopes and temperatures are sought between exp(-4) and exp(4)."""
LOG_LOSS = Metric("log_loss", "log loss", False, log_loss)
NONE = "none"

Fit = Callable[[np.ndarray, np.ndarray], Calibrator]
"""(truth ``[u]``, predicted ``[u, …]``) -> the calibrator."""


@dataclass(frozen=True)
class Recalibration:
    """What became of it.

    Attributes
    ----------
    calibrator: fitted to all choosing units; None where none is worth it.
    answers: the champion's answers to the choosing units ``[u, …]``, each recalibrated by what other units say.
    """

    calibrator: Calibrator | None
    answers: np.ndarray
    step: Step


def recalibrate(answers: np.ndarray, units: Units, outcome: Outcome | None, where: str) -> Recalibration:
    """Try the calibrators that suit the `outcome` on the champion's answers to choosing units."""
    kinds = _kinds(outcome, len(units))
    why_not = _why_not(kinds, answers, units)
    if why_not:
        return Recalibration(None, answers, Step(name="recalibration", taken=False, message=f"not tried: {why_not}"))
    fair = {NONE: answers} | {name: _cross_fitted(fit, answers, units) for name, fit in kinds.items()}
    held = contest(fair, units, LOG_LOSS)
    chosen = held.good_enough
    taken = chosen != NONE
    shown = chosen if taken else min(kinds, key=lambda name: held.ahead[name].value)
    gain = advantage(fair[shown], answers, units, LOG_LOSS)
    message = (
        f"{shown} lowers the log loss of {where} by {in_words(gain)}, fitted to other units than it is scored on; more "
        f"than one standard error (in brackets) is asked: {'taken' if taken else 'not taken'}"
    )
    step = Step(name="recalibration", taken=taken, advantage=gain, message=message)
    return Recalibration(kinds[chosen](units.truth, answers) if taken else None, fair[chosen], step)


def platt(truth: np.ndarray, predicted: np.ndarray) -> Platt:
    """Slope and intercept of the highest likelihood, the truth drawn in by Platt's one pseudo-count of each class."""
    event, odds = truth == 1, log_odds(predicted)
    soft = np.where(event, (event.sum() + 1) / (event.sum() + 2), 1 / ((~event).sum() + 2))

    def loss(unknown: np.ndarray) -> float:
        score = np.exp(unknown[0]) * odds + unknown[1]
        return float(np.mean(np.logaddexp(0, score) - soft * score))

    found = minimize(loss, np.zeros(2), method="L-BFGS-B", bounds=[(-WIDEST_LOG, WIDEST_LOG), (None, None)])
    return Platt(slope=float(np.exp(found.x[0])), intercept=float(found.x[1]))


def isotonic(truth: np.ndarray, predicted: np.ndarray) -> Isotonic:
    """The rising steps of least squares; none nearer to 0 or 1 than one pseudo-count of each class allows."""
    edge = 1 / (len(truth) + 2)
    fitted = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip").fit(predicted, truth)
    return Isotonic(predicted=fitted.X_thresholds_.tolist(), observed=fitted.y_thresholds_.tolist())


def temperature(truth: np.ndarray, predicted: np.ndarray) -> Temperature:
    """The temperature of the highest likelihood."""

    def loss(logarithm: float) -> float:
        answers = Temperature(temperature=float(np.exp(logarithm))).applied(predicted)
        return unweighted(LOG_LOSS, truth, answers)

    found = minimize_scalar(loss, bounds=(-WIDEST_LOG, WIDEST_LOG), method="bounded")
    return Temperature(temperature=float(np.exp(found.x)))


def _kinds(outcome: Outcome | None, units: int) -> dict[str, Fit]:
    """The calibrators that suit, the cheapest first."""
    if outcome == "multiclass":
        return {"temperature scaling": temperature}
    kinds: dict[str, Fit] = {"Platt scaling": platt} if outcome == "binary" else {}
    if outcome == "binary" and units >= ENOUGH_FOR_ISOTONIC:
        kinds["isotonic regression"] = isotonic
    return kinds


def _why_not(kinds: Mapping[str, Fit], answers: np.ndarray, units: Units) -> str:
    if not kinds:
        return "the answers are no probabilities of classes"
    if np.ptp(answers, axis=0).max() == 0:
        return "the champion answers alike to all units"
    if clusters(len(units), units.group).max() == 0:
        return "all units are of one group, so none is left to score on"
    return ""


def _cross_fitted(fit: Fit, answers: np.ndarray, units: Units) -> np.ndarray:
    """The answers ``[u, …]``, each recalibrated by what the units of other groups say."""
    cluster = clusters(len(units), units.group)
    folds = GroupKFold(min(FOLDS, int(cluster.max()) + 1), shuffle=True, random_state=0)
    mended = np.empty_like(answers, dtype=np.float64)
    for rest, held_out in folds.split(answers, groups=cluster):
        mended[held_out] = fit(units.truth[rest], answers[rest]).applied(answers[held_out])
    return mended
