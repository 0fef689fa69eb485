"""How far a score would move with other test rows, another training, another split.

Belongs here: adding up what each contributes. Does not belong here: the interval of one test (`intervals`), training
again or dealing rows again.

Source: a random effects model with moment estimators (Searle, Casella & McCulloch 1992, chapter 3); degrees of freedom
by Satterthwaite 1946. Repeated splits share training rows, so that what they show of another split is rather too little
(Nadeau & Bengio 2003).
"""

from collections.abc import Sequence
from math import inf

import numpy as np
from scipy.stats import norm, t

from modeling.core.intervals import TAIL
from modeling.core.record import Interval, Spread

_NORMAL = float(norm.ppf(1 - TAIL))


def spread(
    interval: Interval,
    seeds: Sequence[float],
    splits: Sequence[tuple[float, float]],
    lowest: float = -inf,
    highest: float = inf,
) -> Spread:
    """What rows, seeds and splits contribute to a score, and the interval that carries all of them.

    interval: of the score on one test. seeds: the score on the same rows, trained with each seed. splits: the score of
    each repeated split, and its variance due to the rows it was scored on. lowest, highest: what the score can be.

    Fewer than two seeds, or splits, say nothing of theirs. The sides of the interval keep their proportion.
    """
    of_seeds = _variance(seeds)
    together = _variance([score for score, _ in splits])
    of_splits = None if together is None else max(0.0, together - float(np.mean([within for _, within in splits])))
    components = {"seeds": _deviation(of_seeds), "splits": _deviation(of_splits)}
    if interval.low is None or interval.high is None:
        return Spread(rows=None, **components, low=None, high=None)
    rows = (interval.high - interval.low) / 2 / _NORMAL
    added = (of_seeds or 0.0) + (of_splits or 0.0)
    unsure = [(of_seeds, len(seeds))] + ([(together, len(splits))] if of_splits else [])
    quantile = _quantile(rows**2 + added, [(variance, count - 1) for variance, count in unsure if variance])
    below, above = interval.value - interval.low, interval.high - interval.value
    return Spread(
        rows=rows,
        **components,
        low=max(interval.value - quantile * float(np.hypot(below / _NORMAL, np.sqrt(added))), lowest),
        high=min(interval.value + quantile * float(np.hypot(above / _NORMAL, np.sqrt(added))), highest),
    )


def _quantile(total: float, estimated: Sequence[tuple[float, int]]) -> float:
    """Of Student's t for a `total` variance made of `estimated` ones, with their degrees of freedom, and sure ones.

    A sum is no less sure than its estimated parts alone. Satterthwaite's formula gives fewer degrees of freedom where,
    as between splits, one estimate is taken off another.
    """
    unsure = sum(variance**2 / degrees for variance, degrees in estimated)
    if not unsure:
        return _NORMAL
    parts = sum(variance for variance, _ in estimated)
    return float(t.ppf(1 - TAIL, max(total, parts) ** 2 / unsure))


def _variance(scores: Sequence[float]) -> float | None:
    return float(np.var(scores, ddof=1)) if len(scores) > 1 else None


def _deviation(variance: float | None) -> float | None:
    return None if variance is None else float(np.sqrt(variance))
