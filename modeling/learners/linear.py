"""What the two linear learners share: the path of penalties.

Belongs here: choosing a penalty on tuning rows. Does not belong here: the estimators (`logistic`, `ridge`) or the
encoding (`modeling.learners.encoding`).
"""

import warnings
from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.pipeline import Pipeline, make_pipeline

from modeling.core.learner import Fitting
from modeling.core.table import Table
from modeling.learners.encoding import encoder
from modeling.learners.progress import throttled
from modeling.learners.work import TimeLimit


@dataclass(frozen=True)
class BestPenalty:
    """The pipeline `inputs(table)` -> prediction whose penalty did best on tuning rows, that penalty, what a reader
    must know, and what the time limit cut."""

    pipeline: Pipeline
    strength: float
    notes: list[str] = field(default_factory=list)
    cut: str = ""


def choose(
    make: Callable[[int], Any],
    hyperparameter: str,
    strengths: Sequence[float],
    loss: Callable[[Any, Any], float],
    train: Table,
    valid: Table,
    fitting: Fitting,
) -> BestPenalty:
    """Fit an estimator with each of `strengths`, strongest penalty first, and keep the best on `valid`.

    `make(width)` is the estimator for that many columns, `loss(fitted estimator, encoded valid rows)` is better when
    lower. With a single strength `valid` is not read.
    """
    limit, say = TimeLimit(fitting), throttled(fitting.progress)
    columns = encoder(train, seed=0)
    rows: Any = columns.transform(inputs(train))
    estimator = make(rows.shape[1])
    if len(strengths) == 1:
        notes = _fit(estimator.set_params(**{hyperparameter: strengths[0]}), rows, train)
        return BestPenalty(make_pipeline(columns, estimator), strengths[0], notes)

    encoded_valid = columns.transform(inputs(valid))
    best, lowest, notes = None, float("inf"), []
    for done, strength in enumerate(strengths):
        if done and limit.stops(f"{done} of {len(strengths)} values of {hyperparameter}"):
            break
        notes += _fit(estimator.set_params(**{hyperparameter: strength}), rows, train)
        score = loss(estimator, encoded_valid)
        say(f"{hyperparameter} {strength:g}: validation loss {score:.4f}")
        if best is None or score < lowest:
            best, lowest = BestPenalty(make_pipeline(columns, deepcopy(estimator)), strength), score
    assert best is not None, "strengths is empty"
    return BestPenalty(best.pipeline, best.strength, notes, limit.cut)


def _fit(estimator: Any, rows: Any, train: Table) -> list[str]:
    """Fit in place; what a reader must know about it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", ConvergenceWarning)
        estimator.fit(rows, train.target)
    early = any(issubclass(warning.category, ConvergenceWarning) for warning in caught)
    return ["a linear fit stopped before it converged"] if early else []


def inputs(table: Table) -> np.ndarray:
    """float64 ``[n, p + q]``: what the pipeline takes. In float32 the solvers stall before they converge."""
    return table.matrix.astype(np.float64)
