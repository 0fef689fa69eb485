"""What every task is.

Belongs here: the protocol and the metric type. Does not belong here: a task (a file each), or how intervals are
made from a metric (`modeling.evaluation.intervals`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import polars as pl

from modeling.learners.protocol import Outcome


class TargetError(ValueError):
    """The target column can't be used; the message names column, what was found and what to do."""


@dataclass(frozen=True)
class Metric:
    """A score of predictions.

    `score(target [n], predicted [n] or [n, classes], weight [n]) -> float`; weights are non-negative counts, so that a
    bootstrap resample is a weight vector. NaN where the score is undefined (one class left).
    """

    name: str
    title: str
    greater_is_better: bool
    score: Callable[[np.ndarray, np.ndarray, np.ndarray], float]


class Task(Protocol):
    """A family of use cases. `metrics` holds every metric reported, the default one first."""

    name: str
    outcome: Outcome
    metrics: dict[str, Metric]
    learners: tuple[str, ...]
    """Default learners beside the trivial one; the first is the linear one."""

    def classes(self, target: pl.Series, positive: Any) -> list[str]:
        """The classes in the order of their index (binary: the event last); empty for regression.

        Raises
        ------
        TargetError: all null, one class only, not binary…
        """
        ...

    def encode(self, target: pl.Series, classes: list[str]) -> np.ndarray:
        """The target as `Table.target` holds it, ``[n]``."""
        ...
