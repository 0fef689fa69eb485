"""Do predicted probabilities mean what they say?

Belongs here: the calibration curve and its error. Does not belong here: mending a model's probabilities.
"""

import numpy as np

from modeling.core.record import Calibration

BINS = 10


def calibration(target: np.ndarray, predicted: np.ndarray) -> Calibration:
    """Predicted against observed frequency in bins of equal counts; equal predictions share a bin.

    `predicted` is ``[n]``, the event's probability, or ``[n, classes]``: then the probability of the most probable
    class, against how often it is the true one (Guo et al. 2017).
    """
    if predicted.ndim == 2:
        target, predicted = (predicted.argmax(axis=1) == target).astype(float), predicted.max(axis=1)
    edges = np.unique(np.quantile(predicted, np.linspace(0, 1, BINS + 1)[1:-1]))
    _, bins, count = np.unique(np.searchsorted(edges, predicted), return_inverse=True, return_counts=True)
    confidence = np.bincount(bins, predicted) / count
    frequency = np.bincount(bins, target) / count
    return Calibration(
        error=float(np.average(np.abs(confidence - frequency), weights=count)),
        predicted=confidence.tolist(),
        observed=frequency.tolist(),
        count=count.tolist(),
    )
