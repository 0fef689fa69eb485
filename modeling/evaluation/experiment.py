"""What is judged: a use case, its rows, and the learners fitted to them.

Belongs here: the values that travel through an evaluation, and what follows from them alone. Does not belong here: any
choice or measurement (the other modules here).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from catalogue.definition import UseCase
from modeling.core.candidate import Candidate
from modeling.core.feature_set import FeatureSet
from modeling.core.features import Derive
from modeling.core.learner import Learner, Outcome
from modeling.core.model import Model
from modeling.core.record import Provenance
from modeling.core.table import Rows
from modeling.core.task import Metric, Task, Units
from modeling.core.validated_data import ValidatedData


class EvaluationError(ValueError):
    """The candidates can't be judged on these rows; the message says which rows and why."""


@dataclass(frozen=True)
class Experiment:
    """A use case with everything that was made for it before the sealed test is opened.

    Attributes
    ----------
    task: with the use case's settings. data: the validated rows that `features` are made of.
    candidates: the fitted learners, the trivial one among them.
    """

    use_case: UseCase
    task: Task
    data: ValidatedData
    features: FeatureSet
    candidates: Sequence[Candidate]

    @cached_property
    def metrics(self) -> dict[str, Metric]:
        """Every metric reported, the task's default first."""
        return self.task.metrics(self.features.classes)

    @property
    def metric(self) -> Metric:
        """The metric that the use case is judged by.

        Raises
        ------
        EvaluationError: the use case names one that is none of the task's.
        """
        name = self.use_case.metric or next(iter(self.metrics))
        if name not in self.metrics:
            known = ", ".join(self.metrics)
            raise EvaluationError(f"metric {name!r} is none of {self.task.name}'s: write one of {known}")
        return self.metrics[name]

    @property
    def outcome(self) -> Outcome | None:
        """What the task's answers are, where they are predictions of rows."""
        return self.task.outcome(self.features.classes) if self.task.by_row else None

    @cached_property
    def learners(self) -> dict[str, Learner]:
        """The fitted learners by name."""
        return {candidate.name: candidate.learner for candidate in self.candidates}

    @property
    def simple(self) -> str | None:
        """The simple learner that others are compared with: the first one named; None where that is no candidate."""
        first = (self.use_case.learners or self.task.learners)[0]
        return first if first in self.learners else None


@dataclass(frozen=True)
class Serving:
    """The model that serves now.

    Attributes
    ----------
    same_features: whether it was judged on the very features that the champion is judged on.
    derive: the use case's own `features`, which its raw rows pass through.
    same_code: whether that is the code it was judged with.
    best: the best model published so far; None where this is it, or that one can't be read.
    held: bool ``[n]``: the validated rows that were there when it was judged; None where that is not known.
    """

    version: str
    model: Model
    same_features: bool
    derive: Derive | None
    same_code: bool = True
    best: "Serving | None" = None
    held: np.ndarray | None = None


@dataclass(frozen=True)
class UnreadableServing:
    """The version that serves now, where its model can't be read, and why."""

    version: str
    reason: str


@dataclass(frozen=True)
class EvaluationRun:
    """The circumstances of one evaluation.

    Attributes
    ----------
    record_access: notes that the sealed test is opened; returns how often it has been, this time included.
    progress: called with a line for people.
    serving: the model that serves now; None where none does.
    """

    provenance: Provenance
    record_access: Callable[[], int]
    progress: Callable[[str], None]
    serving: Serving | UnreadableServing | None = None


@dataclass(frozen=True)
class OpenedTest:
    """The sealed test once it is open.

    Attributes
    ----------
    units: what is scored among the `rows`.
    champion: the name of the chosen candidate.
    answers: candidate -> its answers to the units ``[u, …]``: the champion, the trivial and the simple learner.
    """

    rows: Rows
    units: Units
    champion: str
    answers: Mapping[str, np.ndarray]

    @property
    def of_champion(self) -> np.ndarray:
        """The champion's answers ``[u, …]``."""
        return self.answers[self.champion]
