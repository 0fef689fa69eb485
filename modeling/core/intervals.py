"""How sure a score is: bootstrap by cluster, paired between models, widened for few clusters.

Belongs here: resampling rows and turning scores of resamples into intervals. Does not belong here: the scores
(`metrics`), which models and rows are scored (`evaluate`, `slices`), or what training and splitting add to the interval
of one test (`spread`).

Source: Efron & Tibshirani 1993, chapter 13 (percentile interval); Davison & Hinkley 1997, 3.8 (whole clusters drawn);
Wilson 1927, with the effective sample size of Korn & Graubard 1998 (scores between 0 and 1); Clopper & Pearson 1934
(scores of exactly 0 or 1); Zou & Donner 2008 (differences of two estimates from their intervals).

Measured coverage: `docs/coverage.md`, by `python -m benchmarks.coverage`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf
from statistics import NormalDist

import numpy as np

from modeling.core.metrics import Prepared, Score, prepared
from modeling.core.record import Interval, Lift
from modeling.core.task import Metric

RESAMPLES = 1000
TAIL = 0.025
"""What lies beyond either end of an interval."""
FEWEST_CLUSTERS = 10
"""Nothing is decisive on fewer."""
DOMINANT = 0.5
"""A cluster with more than this share counts for more than all others."""
DEFINED = 0.9
"""An interval needs a defined score in this share of the resamples."""
_NORMAL = NormalDist().inv_cdf(1 - TAIL)


@dataclass(frozen=True)
class Sampling:
    """How many clusters a score rests on.

    Attributes
    ----------
    clusters: how many are drawn.
    effective: as many equal ones would carry as much: 1 / sum of squared shares of rows (Kish 1965).
    largest: the share of rows in the largest.
    """

    clusters: int
    effective: float
    largest: float

    @property
    def inflation(self) -> float:
        """What a bootstrap's standard deviation lacks: it divides by k where k - 1 are free."""
        return float(np.sqrt(self.effective / (self.effective - 1)))

    @property
    def note(self) -> str:
        """What a reader has to know of them; nothing where there are many alike."""
        if self.clusters < FEWEST_CLUSTERS:
            return f"{self.clusters} independent clusters: fewer than {FEWEST_CLUSTERS} are too few to decide"
        if self.largest > DOMINANT:
            return f"one of {self.clusters:,} clusters holds {self.largest:.0%} of what is scored"
        return ""

    @cached_property
    def quantile(self) -> float:
        """Of Student's t, for the end of an interval in standard errors.

        Its degrees of freedom lie halfway between those of all clusters and those of the effective ones: the first
        cover too little where one cluster dominates, the second too much (Carter, Schnepel & Steigerwald 2017).
        """
        from scipy.stats import t

        return float(t.ppf(1 - TAIL, (self.clusters + self.effective) / 2 - 1))

    @property
    def widening(self) -> float:
        """By which the sides of a percentile interval grow; 1 for many clusters."""
        return self.quantile / _NORMAL * self.inflation


def clusters(rows: int, group: np.ndarray | None) -> np.ndarray:
    """int64 ``[n]``: which cluster, from 0, a row is drawn with; its own where rows stand alone."""
    return np.arange(rows) if group is None else np.unique(group, return_inverse=True)[1]


def sampling(cluster: np.ndarray) -> Sampling:
    """Of the clusters ``[n]`` that rows belong to, as `clusters` counts them."""
    share = np.bincount(cluster) / len(cluster)
    return Sampling(int((share > 0).sum()), float(1 / np.sum(share**2)), float(share.max()))


def resampled(
    scores: Sequence[Prepared], group: np.ndarray | None, rows: int, resamples: int = RESAMPLES, seed: int = 0
) -> np.ndarray:
    """Scores ``[resamples, len(scores)]`` of the same resamples of `rows` rows, whole clusters drawn with replacement.

    Empty (``[0, len(scores)]``) where there is only one cluster to draw.
    """
    cluster = clusters(rows, group)
    count = int(cluster.max()) + 1
    if count < 2:
        return np.empty((0, len(scores)))
    rng = np.random.default_rng(seed)
    draws = np.empty((resamples, len(scores)))
    for draw in draws:
        times = np.bincount(rng.integers(count, size=count), minlength=count)
        weight = times[cluster].astype(np.float64)
        draw[:] = [score(weight) for score in scores]
    return draws


@dataclass(frozen=True)
class Range:
    """What a score can be, and the independent trials behind it where it lies between 0 and 1; else None."""

    lowest: float = -inf
    highest: float = inf
    trials: float | None = None

    @classmethod
    def of(cls, metric: Metric, target: np.ndarray, group: np.ndarray | None) -> "Range":
        """Of a metric of answers to `target` ``[n]``."""
        score = metric.score
        if not isinstance(score, Score):
            return cls()
        trials = None if score.trials is None else independent(score.trials(target), group)
        return cls(score.lowest, score.highest, trials)


ANYTHING = Range()


def independent(masks: Iterable[np.ndarray], group: np.ndarray | None) -> float:
    """Effective clusters among the rows of the mask (bool ``[n]``) that has the fewest; 0 where one has no rows."""
    counts = []
    for mask in masks:
        cluster = clusters(int(mask.sum()), None if group is None else group[mask])
        counts.append(sampling(cluster).effective if len(cluster) else 0.0)
    return min(counts)


def interval(value: float, draws: np.ndarray, of: Sampling, within: Range) -> Interval:
    """The value with a 95 % interval from its resampled scores ``[resamples]``; without, where too few are defined.

    Between 0 and 1: Wilson's, of as many trials as give the bootstrap's variance. At exactly 0 or 1: Clopper-Pearson's,
    of the trials behind the score. Else: the middle 95 %, its sides widened for few clusters. A score without a bound
    that no resample changes has no interval.
    """
    defined = _defined(draws)
    if defined is None:
        return Interval(value=value)
    constant = np.ptp(defined) <= _rounding(value)
    if within.trials is None:
        low, high = (None, None) if constant else _widened(value, defined, of)
    elif _at_an_end(value):
        low, high = _clopper_pearson(value, defined, of, within.trials)
    else:
        low, high = (value, value) if constant else _wilson(value, defined, of)
    if low is None or high is None:
        return Interval(value=value)
    return Interval(value=value, low=max(low, min(within.lowest, value)), high=min(high, max(within.highest, value)))


def estimated(
    score: Prepared, rows: int, group: np.ndarray | None, within: Range = ANYTHING, resamples: int = RESAMPLES
) -> Interval:
    """A single score of `rows` rows with its interval."""
    draws = resampled([score], group, rows, resamples)[:, 0]
    return interval(score(np.ones(rows)), draws, sampling(clusters(rows, group)), within)


def share(which: np.ndarray, among: np.ndarray, group: np.ndarray | None) -> Interval | None:
    """The share of rows `which` (bool ``[n]``) among others (bool ``[n]``); None where there are none of these."""
    if not among.any():
        return None
    within = Range(0.0, 1.0, independent([among], group))

    def score(weight: np.ndarray) -> float:
        whole = weight[among].sum()
        return float(weight[among & which].sum() / whole) if whole else np.nan

    return estimated(score, len(among), group, within)


def difference(one: Interval, other: Interval) -> Interval:
    """one - other, of independent samples, or of scores whose resamples say nothing of their difference."""
    value = one.value - other.value
    if one.low is None or one.high is None or other.low is None or other.high is None:
        return Interval(value=value)
    return Interval(
        value=value,
        low=value - float(np.hypot(one.value - one.low, other.high - other.value)),
        high=value + float(np.hypot(one.high - one.value, other.value - other.low)),
    )


def _defined(draws: np.ndarray) -> np.ndarray | None:
    """The finite ones, where they are nearly all."""
    finite = draws[np.isfinite(draws)]
    return finite if finite.size and finite.size >= DEFINED * draws.size else None


def _rounding(value: float) -> float:
    """How far equal scores may lie apart by their order of summation."""
    return 1e-12 * max(1.0, abs(value))


def _widened(value: float, draws: np.ndarray, of: Sampling) -> tuple[float, float]:
    low, high = np.percentile(draws, [100 * TAIL, 100 * (1 - TAIL)])
    return value - of.widening * max(value - low, 0.0), value + of.widening * max(high - value, 0.0)


def _wilson(value: float, draws: np.ndarray, of: Sampling) -> tuple[float, float]:
    variance = (np.std(draws) * of.inflation) ** 2
    per_trial = of.quantile**2 * variance / (value * (1 - value))
    centre = (value + per_trial / 2) / (1 + per_trial)
    half = np.sqrt(per_trial * value * (1 - value) + per_trial**2 / 4) / (1 + per_trial)
    return float(centre - half), float(centre + half)


def _at_an_end(value: float) -> bool:
    return abs(value - round(value)) <= _rounding(value)


def _clopper_pearson(value: float, draws: np.ndarray, of: Sampling, trials: float) -> tuple[float, float]:
    """Of a value of 0 or 1, which is one end; the other is the bootstrap's, where that is farther."""
    low, high = _widened(value, draws, of)
    exact = TAIL ** (1 / trials) if trials else 0.0
    return (min(low, exact), 1.0) if round(value) else (0.0, max(high, 1 - exact))


@dataclass(frozen=True)
class Scored:
    """Metrics of models on the same rows: `value[model, metric]`, and `draws[model, metric]` ``[resamples]``, in which
    a resample is the same rows for every model."""

    metrics: Mapping[str, Metric]
    value: Mapping[tuple[str, str], float]
    draws: Mapping[tuple[str, str], np.ndarray]
    sampling: Sampling
    ranges: Mapping[str, Range]

    def intervals(self, model: str) -> dict[str, Interval]:
        """Every metric that is defined for the model on these rows."""
        return {name: self._interval(model, name) for name in self.metrics if np.isfinite(self.value[model, name])}

    def lift(self, model: str, over: str, metric: str) -> Lift:
        """The paired difference of two models, signed so that more is better.

        Decisive only on ten clusters or more: below, 95 % is a promise about the shape of a distribution of which too
        little is seen.
        """
        between = self._between(model, over, metric)
        low, high = between.low, between.high
        excludes_zero = low is not None and high is not None and (low > 0 or high < 0)
        return Lift(
            **between.model_dump(),
            over=over,
            decisive=excludes_zero and self.sampling.clusters >= FEWEST_CLUSTERS,
            clusters=self.sampling.clusters,
            note=self.sampling.note,
        )

    def standard_error(self, model: str, over: str, metric: str) -> float | None:
        """Of the paired difference of two models; None where too few resamples are defined."""
        defined = _defined(self.draws[model, metric] - self.draws[over, metric])
        return None if defined is None else float(np.std(defined) * self.sampling.inflation)

    def _interval(self, model: str, metric: str) -> Interval:
        return interval(self.value[model, metric], self.draws[model, metric], self.sampling, self.ranges[metric])

    def _between(self, model: str, over: str, metric: str) -> Interval:
        """Signed so that more is better. Where no resample changes it, because a score is exactly 0 or 1 in all of
        them, it is as sure as the two scores."""
        plus, minus = (model, over) if self.metrics[metric].greater_is_better else (over, model)
        value = self.value[plus, metric] - self.value[minus, metric]
        defined = _defined(self.draws[plus, metric] - self.draws[minus, metric])
        if defined is None:
            return Interval(value=value)
        if np.ptp(defined) > _rounding(value):
            low, high = _widened(value, defined, self.sampling)
            return Interval(value=value, low=low, high=high)
        if model == over or not self._one_at_an_end(model, over, metric):
            return Interval(value=value, low=value, high=value)
        return difference(self._interval(plus, metric), self._interval(minus, metric))

    def _one_at_an_end(self, model: str, over: str, metric: str) -> bool:
        bounded = self.ranges[metric].trials is not None
        return bounded and any(_at_an_end(self.value[one, metric]) for one in (model, over))


def scored(
    metrics: Mapping[str, Metric],
    target: np.ndarray,
    predicted: Mapping[str, np.ndarray],
    group: np.ndarray | None,
    resamples: int = RESAMPLES,
) -> Scored:
    """Every metric of every model's predictions (``[n]`` or ``[n, classes]``) for the same `target` ``[n]``."""
    scores = {
        (model, name): prepared(metric, target, of_model)
        for model, of_model in predicted.items()
        for name, metric in metrics.items()
    }
    draws = resampled(list(scores.values()), group, len(target), resamples)
    once = np.ones(len(target))
    return Scored(
        metrics=metrics,
        value={key: score(once) for key, score in scores.items()},
        draws=dict(zip(scores, draws.T, strict=True)),
        sampling=sampling(clusters(len(target), group)),
        ranges={name: Range.of(metric, target, group) for name, metric in metrics.items()},
    )
