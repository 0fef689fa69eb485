"""Curves and tables of a champion on test rows, thinned for a picture.

Belongs here: ROC, precision and recall, net benefit, residuals, confusion. Does not belong here: drawing them, or
single numbers (`metrics`).
"""

import numpy as np
from sklearn.metrics import precision_recall_curve, roc_curve

from modeling.core.record import Curve

POINTS = 200
BANDS = {"residual_p10": 0.1, "residual_p50": 0.5, "residual_p90": 0.9}
"""Curve -> the quantile of target minus prediction it shows by predicted value."""
_BINS = 20
_ROWS_IN_BIN = 20


def event_curves(target: np.ndarray, predicted: np.ndarray) -> dict[str, Curve]:
    """`roc` (x false, y true positive rate), `precision_recall` (x recall, y precision), and the decision curve, x
    threshold probability, y net benefit per row: `net_benefit` of the model, `net_benefit_all` of acting always.

    Source: Vickers & Elkin 2006: true positives - false positives * t / (1 - t), over rows.
    """
    false_rate, true_rate, _ = roc_curve(target, predicted)
    precision, recall, _ = precision_recall_curve(target, predicted)
    threshold = np.linspace(0.01, 0.99, 99)
    odds = threshold / (1 - threshold)
    event = target == 1
    prevalence = event.mean()
    acted_rightly = _share_from(predicted[event], threshold) * prevalence
    acted_wrongly = _share_from(predicted[~event], threshold) * (1 - prevalence)
    return {
        "roc": _thinned(false_rate, true_rate, along=false_rate + true_rate),
        "precision_recall": _thinned(recall[::-1], precision[::-1], along=recall[::-1]),
        "net_benefit": Curve(x=threshold.tolist(), y=(acted_rightly - acted_wrongly * odds).tolist()),
        "net_benefit_all": Curve(x=threshold.tolist(), y=(prevalence - (1 - prevalence) * odds).tolist()),
    }


def residual_curves(target: np.ndarray, predicted: np.ndarray) -> dict[str, Curve]:
    """The residual, target minus prediction: `residual_quantiles` over all rows (x share of the rows, y residual), and
    `BANDS` by predicted value (x mean prediction in a bin of equal count, y quantile of its residuals)."""
    residual = target - predicted
    share = np.linspace(0, 1, POINTS)
    bins = np.array_split(np.argsort(predicted, kind="stable"), np.clip(len(target) // _ROWS_IN_BIN, 1, _BINS))
    means = [float(predicted[rows].mean()) for rows in bins]
    return {"residual_quantiles": Curve(x=share.tolist(), y=np.quantile(residual, share).tolist())} | {
        name: Curve(x=means, y=[float(np.quantile(residual[rows], level)) for rows in bins])
        for name, level in BANDS.items()
    }


def _share_from(predicted: np.ndarray, threshold: np.ndarray) -> np.ndarray:
    """The share of predictions at or above each threshold."""
    return 1 - np.searchsorted(np.sort(predicted), threshold, side="left") / len(predicted)


def _thinned(x: np.ndarray, y: np.ndarray, along: np.ndarray) -> Curve:
    """At most `POINTS` points, evenly spaced by `along`, which rises with x."""
    kept = np.unique(np.searchsorted(along, np.linspace(along[0], along[-1], POINTS)))
    return Curve(x=x[kept].tolist(), y=y[kept].tolist())
