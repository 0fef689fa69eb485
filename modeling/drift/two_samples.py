"""The delivery as a whole: can a classifier separate it from the reference?

Belongs here: the classifier two-sample test. Does not belong here: single columns (`columns`).

Source: Lopez-Paz & Oquab, Revisiting classifier two-sample tests, ICLR 2017; the score is the area under the ROC curve,
which does not depend on how many rows each side has. It finds what no column shows: numbers that moved against each
other.
"""

import numpy as np

from modeling.core.intervals import clusters, scored
from modeling.core.metrics import roc_auc
from modeling.core.task import Metric
from modeling.drift.record import TwoSampleTest

ROWS, CLUSTERS = 5_000, 50
"""Rows of each side at most, and clusters (rows, where they stand alone) at least."""
FOLDS, ROUNDS, RESAMPLES = 5, 60, 200
_PARAMETERS = {
    "objective": "binary",
    "num_leaves": 8,
    "min_data_in_leaf": 10,
    "feature_fraction": 0.7,
    "learning_rate": 0.1,
    "seed": 0,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


def two_sample_test(
    before: np.ndarray, now: np.ndarray, cluster_before: np.ndarray, cluster_now: np.ndarray
) -> TwoSampleTest | str:
    """The cross-validated score of boosted trees on cells ``[n, columns]`` and ``[m, columns]``, or why there is none.

    Whole clusters are held out and drawn: a day of rows is else known by that day's weather.
    """
    before, cluster_before = _drawn(before, clusters(len(before), cluster_before))
    now, cluster_now = _drawn(now, clusters(len(now), cluster_now))
    least = min(len(np.unique(cluster)) for cluster in (cluster_before, cluster_now))
    if not before.shape[1]:
        return "no column but times is compared"
    if least < CLUSTERS:
        return f"there are only {least} rows or groups on one side; {CLUSTERS} are needed"
    cells = np.vstack([before, now]).astype(np.float32)
    is_new = np.repeat([0.0, 1.0], [len(before), len(now)])
    fold = np.concatenate([_folds(cluster_before), _folds(cluster_now)])
    cluster = np.concatenate([cluster_before, cluster_now + cluster_before.max() + 1])
    auc = Metric("auc", "AUC", True, roc_auc)
    probability = {"trees": _held_out(cells, is_new, fold)}
    return TwoSampleTest(
        auc=scored({"auc": auc}, is_new, probability, cluster, RESAMPLES).intervals("trees")["auc"], rows=len(now)
    )


def _drawn(rows: np.ndarray, cluster: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    kept = np.random.default_rng(1).permutation(len(rows))[:ROWS]
    return rows[kept], cluster[kept]


def _folds(cluster: np.ndarray) -> np.ndarray:
    """int64 ``[n]``: the fold in which a row's cluster is held out."""
    _, place = np.unique(cluster, return_inverse=True)
    return (np.random.default_rng(2).permutation(place.max() + 1) % FOLDS)[place]


def _held_out(cells: np.ndarray, is_new: np.ndarray, fold: np.ndarray) -> np.ndarray:
    """The probability ``[n]`` that a row is new, by trees that did not see its fold."""
    import lightgbm

    probability = np.empty(len(cells))
    for held_out in range(FOLDS):
        seen = fold != held_out
        data = lightgbm.Dataset(cells[seen], is_new[seen])
        trees = lightgbm.train(_PARAMETERS, data, ROUNDS)
        probability[~seen] = np.asarray(trees.predict(cells[~seen], num_threads=1))
    return probability
