"""Forecasts as ranges: from the errors of earlier forecasts to quantiles, and how those are scored.

Belongs here: conformal quantiles by step that follow their own coverage, weighted quantile loss, coverage, width. Does
not belong here: point forecasts and their scores (`metrics`), or which steps there are
(`modeling.problems.forecasting.task`).

Sources: split conformal prediction (Vovk et al. 2005; Lei et al. 2018); adaptive conformal inference (Gibbs & Candès
2021, "Adaptive conformal inference under distribution shift"); weighted quantile loss as in Gasthaus et al. 2019.
"""

from collections import deque
from dataclasses import dataclass
from typing import Self

import numpy as np

from modeling.core.metrics import ERROR, SHARE, Prepared, mean

LEVELS = np.linspace(0.1, 0.9, 9)
COVERED = float(LEVELS[-1] - LEVELS[0])
"""The share of outcomes that should lie between the outermost quantiles."""
RATE = 0.005
"""How far one origin moves a level: what Gibbs & Candès use throughout."""


@dataclass(frozen=True)
class Errors:
    """Outcomes less forecasts, all ``[n]``: their `size`, the `step` ahead, and the position of their `origin`."""

    size: np.ndarray
    step: np.ndarray
    origin: np.ndarray

    def at(self, rows: np.ndarray) -> Self:
        """Those of some rows (a mask)."""
        return type(self)(self.size[rows], self.step[rows], self.origin[rows])


def adaptive(before: Errors, now: Errors) -> np.ndarray:
    """What to add to the forecasts of `now` ``[n]`` for their quantiles ``[n, levels]``.

    Each reads the errors of the same step whose outcomes were known at its own origin: at first those of `before`, then
    ever more of `now`, always as many origins as `before` has. A level whose quantile earlier outcomes exceeded too
    often moves outward (Gibbs & Candès 2021). Every step of `now` must be in `before`.
    """
    shift = np.empty((len(now.size), len(LEVELS)))
    for step in np.unique(now.step):
        rows = now.step == step
        shift[rows] = _of_step(before.at(before.step == step), now.at(rows), int(step))
    return shift


def _of_step(before: Errors, now: Errors, step: int) -> np.ndarray:
    size, origin = np.concatenate([before.size, now.size]), np.concatenate([before.origin, now.origin])
    every, window = np.unique(origin), len(np.unique(before.origin))
    shift, levels = np.empty((len(now.size), len(LEVELS))), LEVELS.copy()
    unknown: deque[tuple[int, np.ndarray]] = deque()
    for moment in np.unique(now.origin):
        while unknown and unknown[0][0] + step <= moment:
            levels += RATE * (LEVELS - unknown.popleft()[1])
        known = every[every + step <= moment][-window:]
        rows = now.origin == moment
        shift[rows] = conformal(size[(origin >= known[0]) & (origin <= known[-1])], levels)
        unknown.append((int(moment), (now.size[rows, None] <= shift[rows]).mean(axis=0)))
    return shift


def conformal(errors: np.ndarray, levels: np.ndarray = LEVELS) -> np.ndarray:
    """The order statistics of `errors` ``[m]`` that one more error, exchangeable with them, lies below with at most
    (lower half) or at least (upper half) the probability of each of `levels`: ranks of ``m + 1``, rounded outward.

    Fewer than nine errors can't hold the outermost levels: then their least and largest stand in.
    """
    rank = np.round((len(errors) + 1) * np.sort(levels), 9)
    outward = np.where(LEVELS < 0.5, np.floor(rank), np.ceil(rank)).astype(int)
    return np.sort(errors)[outward.clip(1, len(errors)) - 1]


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
    return mean(inside(truth, predicted).astype(float))


@ERROR
def width(truth: np.ndarray, predicted: np.ndarray) -> Prepared:
    """The mean distance between the outermost of the quantiles ``[n, levels]``, in the target's unit."""
    return mean(predicted[:, -1] - predicted[:, 0])


def inside(truth: np.ndarray, predicted: np.ndarray) -> np.ndarray:
    """bool ``[n]``: whether the outcome lies between the outermost of the quantiles ``[n, levels]``."""
    return (truth >= predicted[:, 0]) & (truth <= predicted[:, -1])
