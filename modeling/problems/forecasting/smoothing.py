"""Seasonal exponential smoothing.

Belongs here: forecasts of a series by its level and season, and the weights that suit a series best. Does not belong
here: other features of a forecast (`modeling.problems.forecasting.series`).

Source: exponential smoothing in its error-correction form, ETS(A,N,A) (Hyndman et al. 2008, "Forecasting with
Exponential Smoothing", 2.5).
"""

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

import numpy as np

from modeling.problems.forecasting.grid import SeriesLayout

ALPHAS = (0.0, 0.01, 0.03, 0.1, 0.2, 0.4)
GAMMAS = (0.03, 0.1, 0.2, 0.35, 0.5)
"""Weights of the newest error on level and season: the pairs that are tried."""


class Smoothing(NamedTuple):
    """The weights of a series' level (alpha) and season (gamma), and the mean absolute error of its forecasts."""

    alpha: float
    gamma: float
    error: float


def smoothed(values: np.ndarray, alpha: np.ndarray, gamma: np.ndarray, layout: SeriesLayout) -> np.ndarray:
    """The forecasts ``[s, t, h]`` of every series at every origin; NaN before the first season has ended."""
    known = list(_smoothing(values, alpha, gamma, layout))
    unknown = [np.full_like(known[0], np.nan)] * (layout.season - 1)
    return np.stack([*unknown, *known], axis=1)


def _smoothing(values: np.ndarray, alpha: np.ndarray, gamma: np.ndarray, layout: SeriesLayout) -> Iterator[np.ndarray]:
    """Forecasts ``[…, s, h]`` at every origin from the last step of the first season on.

    The weights are ``[…, s]``. The first season starts the level and the seasonal deviations; where nothing of it is
    known, the first value starts the level. An unknown value teaches nothing.
    """
    season, ahead = layout.season, np.arange(1, layout.horizon + 1)
    start = values[:, :season]
    level = np.broadcast_to(known_mean(start), alpha.shape).copy()
    deviation = np.broadcast_to(np.nan_to_num(start - known_mean(start)[:, None]), (*alpha.shape, season)).copy()
    yield level[..., None] + deviation[..., (season - 1 + ahead) % season]
    for step in range(season, values.shape[1]):
        error = np.nan_to_num(values[:, step] - level - deviation[..., step % season])
        level = np.where(np.isnan(level), values[:, step], level + alpha * error)
        deviation[..., step % season] += gamma * error
        yield level[..., None] + deviation[..., (step + ahead) % season]


def best_smoothing(values: np.ndarray, layout: SeriesLayout) -> list[Smoothing]:
    """For every series the pair of weights whose forecasts, all steps ahead, had the least mean absolute error."""
    pairs = np.array(list(product(ALPHAS, GAMMAS)))
    alpha, gamma = np.broadcast_to(pairs.T[:, :, None], (2, len(pairs), len(values)))
    lost, known = np.zeros(alpha.shape), np.zeros(len(values))
    for origin, forecast in enumerate(_smoothing(values, alpha, gamma, layout), start=layout.season - 1):
        came = values[:, origin + 1 : origin + 1 + layout.horizon]
        lost += np.nansum(np.abs(forecast[..., : came.shape[1]] - came), axis=-1)
        known += np.isfinite(came).sum(axis=-1)
    best, error = pairs[lost.argmin(axis=0)], lost.min(axis=0) / known.clip(1)
    return [Smoothing(float(a), float(g), float(e) or 1.0) for (a, g), e in zip(best, error, strict=True)]


def known_mean(values: np.ndarray) -> np.ndarray:
    """The mean of what is known along the last axis; NaN where nothing is."""
    known = np.isfinite(values)
    total = np.where(known, values, 0).sum(axis=-1)
    return np.divide(total, known.sum(axis=-1), out=np.full(total.shape, np.nan), where=known.any(axis=-1))
