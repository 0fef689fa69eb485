"""Forecasts as ranges: from the errors of validation rows to quantiles, and how those are scored.

Belongs here: conformal quantiles by step, weighted quantile loss, coverage. Does not belong here: point forecasts and
their scores (`metrics`), or which steps there are (`modeling.problems.forecasting.task`).

Sources: split conformal prediction (Vovk et al. 2005; Lei et al. 2018); weighted quantile loss as in Gasthaus et al.
2019.
"""

import numpy as np

from modeling.core.metrics import ERROR, SHARE, Prepared

LEVELS = np.linspace(0.1, 0.9, 9)
COVERED = float(LEVELS[-1] - LEVELS[0])
"""The share of outcomes that should lie between the outermost quantiles."""


def conformal(error: np.ndarray, of: np.ndarray, point: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Quantiles ``[n, levels]`` of the forecasts `point` ``[n]``: each shifted by the quantiles of the errors (outcome
    less forecast) ``[m]`` that held-out forecasts of the same step made.

    `of` ``[m]`` and `steps` ``[n]`` are the steps ahead; every one of `steps` must be among `of`.
    """
    distinct, position = np.unique(steps, return_inverse=True)
    shift = np.stack([np.quantile(error[of == step], LEVELS) for step in distinct])
    return point[:, None] + shift[position]


@ERROR
def weighted_quantile_loss(truth: np.ndarray, predicted: np.ndarray) -> Prepared:
    """Twice the pinball loss of `predicted` ``[n, levels]``, averaged over the levels, over the sum of the absolute
    outcomes; undefined where that is zero."""
    error = truth[:, None] - predicted
    loss = 2 * np.maximum(LEVELS * error, (LEVELS - 1) * error).mean(axis=1)
    size = np.abs(truth)

    def score(weight: np.ndarray) -> float:
        total = weight @ size
        return float(weight @ loss / total) if total else np.nan

    return score


@SHARE
def coverage(truth: np.ndarray, predicted: np.ndarray) -> Prepared:
    """The share of outcomes between the outermost of the quantiles ``[n, levels]``."""
    inside = ((truth >= predicted[:, 0]) & (truth <= predicted[:, -1])).astype(float)

    def score(weight: np.ndarray) -> float:
        total = weight.sum()
        return float(weight @ inside / total) if total else np.nan

    return score
