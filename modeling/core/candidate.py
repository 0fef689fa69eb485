"""A fitted learner and what fitting it cost.

Belongs here: the values that the model assets hand to the evaluation. Does not belong here: the learner's own weights
(`modeling.learners`), or the folders of candidates and models (`modeling.artefacts`).
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from modeling.core.compute import Compute
from modeling.core.learner import FitSummary, Fitting, Learner

Family = Literal["baseline", "boosting", "deep"]
FAMILIES: tuple[Family, ...] = get_args(Family)
"""Of learners, the cheapest to understand and to keep first."""


@dataclass(frozen=True)
class Cost:
    """What a fit took. `peak_memory_mb` is the process's highest resident memory during the fit (on a GPU: the
    device's), `predictions_per_second` was measured on validation rows."""

    seconds: float
    peak_memory_mb: float
    predictions_per_second: float


@dataclass(frozen=True)
class Candidate:
    """A fitted learner.

    Attributes
    ----------
    fitting: the circumstances, so that it can be trained again with another seed.
    out_of_fold: ``[u, …]`` what its kind of learner answers to units of nested folds; None where
        validation rows choose.
    """

    name: str
    family: str
    learner: Learner
    summary: FitSummary
    cost: Cost
    fitting: Fitting
    out_of_fold: np.ndarray | None = None

    @property
    def compute(self) -> Compute:
        """Where and how precisely it was fitted."""
        return self.fitting.compute


@dataclass(frozen=True)
class Candidates:
    """The fitted learners of one family, as they travel to the evaluation."""

    fitted: list[Candidate]
