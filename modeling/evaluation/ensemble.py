"""How learners share an answer.

Belongs here: finding the weights of an ensemble, and scoring them fairly. Does not belong here: predicting with them
(`modeling.core.blend`), or choosing between the ensemble and its members (`choice`).

Source: Caruana et al. 2004, "Ensemble selection from libraries of models": greedy forward selection with replacement.
"""

from collections.abc import Mapping

import numpy as np
from sklearn.model_selection import GroupKFold

from modeling.core.blend import Weights, blended
from modeling.core.intervals import clusters
from modeling.core.metrics import unweighted
from modeling.core.task import Metric

STEPS = 20
FOLDS = 5


def greedy_weights(predicted: Mapping[str, np.ndarray], target: np.ndarray, metric: Metric) -> Weights:
    """Shares of the models that together score best: at every step the model that helps most joins once more, and the
    best of the mixtures met on the way is taken, the smallest where several are equal. Empty where the metric is
    undefined on these rows."""
    sign = 1 if metric.greater_is_better else -1
    chosen: list[str] = []
    total = np.zeros_like(next(iter(predicted.values())))
    best, taken = -np.inf, 0
    for step in range(1, STEPS + 1):
        gains = {name: sign * unweighted(metric, target, (total + of) / step) for name, of in predicted.items()}
        joins = max(gains, key=gains.__getitem__)
        chosen.append(joins)
        total = total + predicted[joins]
        if gains[joins] > best:
            best, taken = gains[joins], step
    members = chosen[:taken]
    return {name: members.count(name) / taken for name in predicted if name in members}


def cross_fitted(
    predicted: Mapping[str, np.ndarray], target: np.ndarray, group: np.ndarray | None, metric: Metric
) -> np.ndarray | None:
    """Predictions of rows by ensembles whose weights were found on other rows, so that scoring them flatters no one.

    Whole groups are held out. None where there are fewer than two groups, or the metric is undefined on what is left
    without some of them: weights can't be found there.
    """
    cluster = clusters(len(target), group)
    folds = min(FOLDS, int(cluster.max()) + 1)
    if folds < 2:
        return None
    together = np.empty_like(next(iter(predicted.values())))
    for rest, held_out in GroupKFold(folds).split(target, groups=cluster):
        weights = greedy_weights({name: of[rest] for name, of in predicted.items()}, target[rest], metric)
        if not weights:
            return None
        together[held_out] = blended({name: of[held_out] for name, of in predicted.items()}, weights)
    return together
