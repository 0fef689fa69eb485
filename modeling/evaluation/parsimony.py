"""The cheapest that is good enough: a dearer step is taken only if its advantage exceeds one standard error.

Belongs here: the one rule by which candidates, the ensemble, a refit and a recalibration are chosen. Does not belong
here: what is compared (`choice`, `refit`, `recalibration`), or how a standard error is found
(`modeling.core.intervals`).

Source: Breiman, Friedman, Olshen & Stone 1984, "Classification and regression trees", 3.4.3: the one-standard-error
rule. The error is the paired difference's, as answers to the same units err together.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from modeling.core.digits import number
from modeling.core.intervals import scored
from modeling.core.record import Advantage
from modeling.core.task import Metric, Units

RESAMPLES = 500


@dataclass(frozen=True)
class Contest:
    """Several answers to the same units, held against each other.

    Attributes
    ----------
    best: whose expected score is best; the cheaper one of equals.
    good_enough: the cheapest that the best does not beat by more than one standard error.
    ahead: by how much the best is ahead of each, itself among them.
    """

    best: str
    good_enough: str
    ahead: dict[str, Advantage]


def contest(answers: Mapping[str, np.ndarray], units: Units, metric: Metric) -> Contest:
    """Hold `answers` ``[u, …]``, the cheapest first, against each other by `metric`, which is defined for all."""
    scores = scored({metric.name: metric}, units.truth, answers, units.group, RESAMPLES)
    sign = 1 if metric.greater_is_better else -1
    expected = {name: sign * scores.value[name, metric.name] for name in answers}
    best = max(expected, key=expected.__getitem__)
    errors = {name: scores.standard_error(best, name, metric.name) for name in answers}
    ahead = {
        name: Advantage(value=expected[best] - expected[name], standard_error=error) for name, error in errors.items()
    }
    return Contest(best, next(name for name in answers if not ahead[name].shown), ahead)


def advantage(answers: np.ndarray, over: np.ndarray, units: Units, metric: Metric) -> Advantage:
    """Of `answers` ``[u, …]`` over others to the same units."""
    new, old = "new", "old"
    scores = scored({metric.name: metric}, units.truth, {new: answers, old: over}, units.group, RESAMPLES)
    value = scores.lift(new, old, metric.name).value
    return Advantage(value=value, standard_error=scores.standard_error(new, old, metric.name))


def in_words(advantage: Advantage) -> str:
    """An advantage with its standard error in brackets."""
    error = advantage.standard_error
    return f"{number(advantage.value)} ({'unknown' if error is None else number(error)})"
