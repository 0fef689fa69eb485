"""What every learner is: the protocol, the circumstances of a fit and its summary.

Belongs here: the types between the assets and the learners. Does not belong here: any learner
(`baseline/`, `boosting/`, `deep/`), or finding them by name (`registry`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self

import numpy as np

from modeling.core.compute import Compute
from modeling.core.table import Table

Outcome = Literal["binary", "multiclass", "regression", "survival", "ranking"]
"""What is predicted: the probability of an event, of each class, a number, a risk, the items in order."""


class LearnerError(ValueError):
    """The rows can't be learned from; the message says why and what to do."""


def no_weights(name: str) -> Path:
    """Where nothing hands over pretrained weights.

    Raises
    ------
    LearnerError: always.
    """
    raise LearnerError(f"there are no weights called {name!r} here: set `init: random`, or run through the pipeline")


@dataclass(frozen=True)
class Fitting:
    """The circumstances of one fit.

    Attributes
    ----------
    outcome: what is predicted. `classes` is 2 for binary, the number of classes for multiclass, else 0.
    seconds: time budget of the whole fit, tuning included; a learner stops at the best it has by then.
    parameters: hyperparameters that replace the learner's defaults. With `fixed` they are a finished choice (a former
        `FitSummary.parameters`): the learner trains once with them and does not tune or search for the stopping point.
    scratch: an existing folder for resuming interrupted training; None: no resuming.
    weights: where the folder of pretrained weights of a packaged name lies, fetched on first use.
    progress: called with a line for people, at most every few seconds.
    """

    outcome: Outcome
    classes: int
    seconds: float
    seed: int = 0
    compute: Compute = field(default_factory=Compute)
    parameters: dict[str, Any] = field(default_factory=dict)
    fixed: bool = False
    scratch: Path | None = None
    weights: Callable[[str], Path] = no_weights
    progress: Callable[[str], None] = lambda _: None


@dataclass(frozen=True)
class FitSummary:
    """What a fit says about itself, for artefacts and reports. JSON types only.

    Attributes
    ----------
    parameters: everything needed to train again with `Fitting.fixed`: chosen hyperparameters, and when it stopped.
    curve: a row per epoch or boosting round shown: ``{"step": 1, "train": 0.5, "valid": 0.6}``; losses, lower is
        better. At most 200 rows.
    notes: what a reader must know, such as "trained on 20,000 of 60,000 rows: CPU".
    """

    parameters: dict[str, Any]
    curve: list[dict[str, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


class Learner(Protocol):
    """One way to fit a model to a `Table`. A module under a family folder defines exactly one, named `Model`.

    `extra` is the project's extra whose packages it needs; None: none. `reads` is the kind of content it can't do
    without: text, images, molecules; or what one task alone shapes, by the task's name; None: numbers and codes.
    """

    outcomes: ClassVar[tuple[Outcome, ...]]
    default_seconds: ClassVar[float]
    extra: ClassVar[str | None]
    reads: ClassVar[str | None]

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Learn from `train`; `valid` may only choose hyperparameters and the stopping point.

        Raises
        ------
        LearnerError: no rows, or a target with one class only.
        """
        ...

    def predict(self, table: Table) -> np.ndarray:
        """float64: ``[n]`` probability of the event (binary), ``[n, classes]`` (multiclass), ``[n]`` (regression; the
        risk, for survival); int64 ``[n, k]`` codes of the best items, best first (ranking)."""
        ...

    def save(self, folder: Path) -> None:
        """Write native weights and JSON into an existing, empty `folder`. No pickle."""
        ...

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The learner `save` wrote: identical predictions, on any machine."""
        ...
