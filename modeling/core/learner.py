"""What every learner is: the protocol, the circumstances of a fit and its summary.

Belongs here: the types between the assets and the learners. Does not belong here: any learner (`modeling.learners`,
`modeling.problems`), finding them by name (`modeling.problems.learners`), or what all of them refuse to learn from
(`modeling.learners.checks`).
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, ClassVar, Literal, Protocol, Self

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from modeling.core.compute import Compute
from modeling.core.table import Table

Outcome = Literal["binary", "multiclass", "regression", "survival", "ranking"]
"""What is predicted: the probability of an event, of each class, a number, a risk, the items in order."""

STORED = "knobs"
"""The key of the hyperparameters in the JSON of saved learners, which must stay readable."""


class LearnerError(ValueError):
    """The rows can't be learned from; the message says why and what to do."""


class Hyperparameters(BaseModel):
    """A learner's hyperparameters, with its defaults. Learners call those of one fit `chosen`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def read(cls, parameters: dict[str, Any]) -> Self:
        """Those that `parameters` set, the others at their defaults.

        Raises
        ------
        LearnerError: an unknown name (the known ones are listed) or a value out of range.
        """
        try:
            return cls.model_validate(parameters)
        except ValidationError as error:
            wrong = "; ".join(_described(detail) for detail in error.errors())
            raise LearnerError(f"{wrong}. Known hyperparameters: {', '.join(cls.model_fields)}") from error


def _described(error: ErrorDetails) -> str:
    name = ".".join(map(str, error["loc"])) or "parameters"
    if error["type"] == "extra_forbidden":
        return f"unknown hyperparameter {name!r}"
    return f"hyperparameter {name!r}: {error['msg']}, got {error['input']!r}"


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
    parameters: hyperparameters that replace the learner's defaults. With `fixed` they are the complete choice of an
        earlier fit (its `FitSummary.parameters`): the learner trains once with them and does not tune or search for the
        stopping point, and does not read the tuning rows.
    time_limit: seconds after which a fit stops at the best it has, and says so in `FitSummary.cut`. A safety net: how
        much work a fit does follows from its rows (`modeling.learners.work`), never from a clock. A `fixed` fit has
        none: its work is that of a fit which kept to it.
    scratch: an existing folder for resuming interrupted training; None: no resuming.
    weights: where the folder of pretrained weights of a packaged name lies, fetched on first use.
    progress: called with a line for people, at most every few seconds.
    """

    outcome: Outcome
    classes: int
    seed: int = 0
    compute: Compute = field(default_factory=Compute)
    parameters: dict[str, Any] = field(default_factory=dict)
    fixed: bool = False
    time_limit: float = 3600.0
    scratch: Path | None = None
    weights: Callable[[str], Path] = no_weights
    progress: Callable[[str], None] = lambda _: None


@dataclass(frozen=True)
class FitSummary:
    """What a fit reports about itself, for artefacts and reports. JSON types only.

    Attributes
    ----------
    parameters: everything needed to train again with `Fitting.fixed`: chosen hyperparameters, and when it stopped.
    curve: a row per epoch or boosting round shown: ``{"step": 1, "train": 0.5, "valid": 0.6}``; losses, lower is
        better. At most 200 rows.
    notes: what a reader must know, such as "trained on 20,000 of 60,000 rows: CPU".
    cut: what the time limit kept the fit from doing; "" if nothing. A cut fit depends on the machine.
    """

    parameters: dict[str, Any]
    curve: list[dict[str, float]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    cut: str = ""


class Learner(Protocol):
    """One way to fit a model to a `Table`.

    A learner is a class that inherits from this one, alone in the module `<family>/<name>.py`, which ends in
    ``LEARNER = <the class>``: the file's name is what people write in a use case, its folder (`baseline`, `boosting`,
    `deep`) the family.

    Attributes
    ----------
    outcomes: what it can predict.
    hyperparameters: the model of `Fitting.parameters`.
    extra: the project's extra whose packages it needs; None: none.
    reads: the kind of content it can't do without: text, image, molecule; or what one task alone shapes, by the task's
        name; None: numbers and codes.
    deterministic: whether equal rows and hyperparameters give the same model whatever the seed.
    """

    outcomes: ClassVar[tuple[Outcome, ...]]
    hyperparameters: ClassVar[type[Hyperparameters]] = Hyperparameters
    extra: ClassVar[str | None] = None
    reads: ClassVar[str | None] = None
    deterministic: ClassVar[bool] = False

    def fit(self, train: Table, valid: Table, fitting: Fitting) -> FitSummary:
        """Learn from `train`; `valid`, the tuning rows, may only choose hyperparameters and the stopping point.

        Raises
        ------
        LearnerError: a hyperparameter is unknown or out of range; no rows, or a target with one class only.
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
