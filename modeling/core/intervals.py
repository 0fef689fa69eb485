"""How sure a score is: percentile bootstrap, by cluster, paired between models.

Belongs here: resampling rows and turning scores of resamples into intervals. Does not belong here: the scores
(`metrics`), or which models and rows are scored (`evaluate`, `slices`).

Source: Efron & Tibshirani 1993, chapter 13 (percentile interval); Davison & Hinkley 1997, 3.8 (whole clusters drawn).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from modeling.core.metrics import Prepared, prepared
from modeling.core.record import Interval, Lift
from modeling.core.task import Metric

RESAMPLES = 1000
PERCENTILES = (2.5, 97.5)
_DEFINED = 0.9
"""An interval needs a defined score in this share of the resamples."""


def clusters(rows: int, group: np.ndarray | None) -> np.ndarray:
    """int64 ``[n]``: which cluster, from 0, a row is drawn with; its own where rows stand alone."""
    return np.arange(rows) if group is None else np.unique(group, return_inverse=True)[1]


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


def interval(value: float, draws: np.ndarray) -> Interval:
    """The value with the middle 95 % of its resampled scores ``[resamples]``; without, where too few are defined."""
    low, high = _middle(draws)
    return Interval(value=value, low=low, high=high)


def _middle(draws: np.ndarray) -> tuple[float, float] | tuple[None, None]:
    defined = draws[np.isfinite(draws)]
    if not defined.size or defined.size < _DEFINED * draws.size:
        return None, None
    low, high = np.percentile(defined, PERCENTILES)
    return float(low), float(high)


@dataclass(frozen=True)
class Scored:
    """Metrics of models on the same rows: `value[model, metric]`, and `draws[model, metric]` ``[resamples]``, in which
    a resample is the same rows for every model."""

    metrics: Mapping[str, Metric]
    value: Mapping[tuple[str, str], float]
    draws: Mapping[tuple[str, str], np.ndarray]

    def intervals(self, model: str) -> dict[str, Interval]:
        """Every metric that is defined for the model on these rows."""
        return {
            name: interval(self.value[model, name], self.draws[model, name])
            for name in self.metrics
            if np.isfinite(self.value[model, name])
        }

    def lift(self, model: str, over: str, metric: str) -> Lift:
        """The paired difference of two models, signed so that more is better."""
        sign = 1 if self.metrics[metric].greater_is_better else -1
        value = sign * (self.value[model, metric] - self.value[over, metric])
        low, high = _middle(sign * (self.draws[model, metric] - self.draws[over, metric]))
        decisive = low is not None and high is not None and (low > 0 or high < 0)
        return Lift(value=value, low=low, high=high, over=over, decisive=decisive)

    def standard_error(self, model: str, over: str, metric: str) -> float:
        """Of the paired difference of two models; NaN where too few resamples are defined."""
        differences = self.draws[model, metric] - self.draws[over, metric]
        defined = differences[np.isfinite(differences)]
        if defined.size < 2 or defined.size < _DEFINED * differences.size:
            return float("nan")
        return float(defined.std(ddof=1))


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
    )
