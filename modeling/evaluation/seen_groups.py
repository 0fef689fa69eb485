"""Is the champion as good for groups that it has not seen?

Belongs here: the scores of test rows whose group (a customer, a machine) returns, and of those whose group is new.
Does not belong here: whether groups may return (`modeling.core.leakage.crossing`).
"""

import numpy as np

from modeling.core.feature_set import FeatureSet
from modeling.core.record import Slice
from modeling.core.table import Rows
from modeling.core.task import Metric
from modeling.evaluation.slices import scored_part


def seen(features: FeatureSet, test: Rows) -> np.ndarray | None:
    """bool ``[n]``: whether a test row's group has rows before the test; None where rows stand alone."""
    if test.group is None:
        return None
    earlier = [rows.group for rows in (features.train, features.tune, features.valid) if rows.group is not None]
    return np.isin(test.group, np.concatenate(earlier)) if earlier else np.zeros(len(test), dtype=bool)


def seen_groups(
    features: FeatureSet, test: Rows, answers: np.ndarray, metric: Metric, column: str | None, *, binary: bool
) -> list[Slice]:
    """The metric on test rows of returning and of new groups of `column`; empty where no group returns.

    `answers` ``[n, …]`` are the champion's.
    """
    returning = seen(features, test)
    if column is None or returning is None or not returning.any():
        return []
    parts = {"seen before the test": returning, "new": ~returning}
    return [
        scored_part(column, level, test, member, answers, metric, binary)
        for level, member in parts.items()
        if member.any()
    ]
