"""What every task is.

Belongs here: the protocol, the metric type, and what a task is given once its champion was evaluated. Does not belong
here: a task (`modeling.problems`), what most tasks share (`modeling.core.row_task`), or how intervals are made from a
metric (`modeling.core.intervals`).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

import numpy as np
from pydantic import BaseModel, ConfigDict

from catalogue.definition import UseCase
from modeling.core.candidate import Candidate
from modeling.core.feature_set import FeatureSet
from modeling.core.features import Derive
from modeling.core.learner import Outcome
from modeling.core.recipe import Recipe
from modeling.core.record import Chapter, Described, Gate
from modeling.core.table import Rows, Table
from modeling.core.validated_data import ValidatedData

TargetHolds = Literal["two classes", "classes", "a number", "anything"]


class TargetError(ValueError):
    """The target column can't be used; the message names column, what was found and what to do."""


class Settings(BaseModel):
    """What a task reads under `settings` in `use_case.yaml`: typed, frozen, nothing by default."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Metric:
    """A score of answers.

    `score(truth [u, …], answers [u, …], weight [u]) -> float`; weights are non-negative counts, so that a bootstrap
    resample is a weight vector. NaN where the score is undefined (one class left).
    """

    name: str
    title: str
    greater_is_better: bool
    score: Callable[[np.ndarray, np.ndarray, np.ndarray], float]


def by_name(*metrics: Metric) -> dict[str, Metric]:
    """Metrics by their names, in the order given."""
    return {metric.name: metric for metric in metrics}


class Predictor(Protocol):
    """Anything that predicts a table's rows: a learner, or several blended."""

    def predict(self, table: Table) -> np.ndarray:
        """As `Learner.predict`: ``[n]``, ``[n, classes]`` or ``[n, k]``."""
        ...


class Occluder(Protocol):
    """Takes one column of content apart, to see what the model's answer hangs on: words, patches, atoms."""

    @property
    def column(self) -> str:
        """The name of the column of content."""
        ...

    def parts(self, value: Any) -> list[str]:
        """The parts of one value, by the names a reader knows them by; empty where it has none."""
        ...

    def without(self, value: Any, dropped: Collection[int]) -> Any:
        """The value with the parts at these positions made uninformative."""
        ...


@dataclass(frozen=True)
class Units:
    """What is scored: rows, users, trips, episodes.

    Attributes
    ----------
    truth: ``[u, …]`` what an answer is compared with.
    group: ``[u]`` the cluster a unit is resampled with, or None where each stands alone.
    """

    truth: np.ndarray
    group: np.ndarray | None

    def __len__(self) -> int:
        return len(self.truth)


@dataclass(frozen=True)
class EvaluatedChampion:
    """A champion with its answers to the sealed test: what `Task.chapters` shows more of.

    Everything was fitted and chosen before the test rows were opened, and nothing may be fitted on them.

    Attributes
    ----------
    classes: what readers call them, in the order of their indices.
    champion: the name of the champion's learner, a key of `answers`; `model` predicts as it does.
    answers: learner -> its answers to the test units ``[u, …]``: the champion, the trivial and the simple learner.
    validation: the champion's answers to the validation units ``[v, …]``.
    threshold: the probability from which the event is decided; None where nothing is.
    """

    use_case: UseCase
    classes: list[str]
    train: Rows
    valid: Rows
    test: Rows
    units: Units
    candidates: Sequence[Candidate]
    champion: str
    model: Predictor
    answers: Mapping[str, np.ndarray]
    validation: np.ndarray
    threshold: float | None = None

    @property
    def models(self) -> dict[str, Predictor]:
        """Learner -> what predicts by its name: every candidate, and the champion, which may be a blend of several."""
        return {one.name: one.learner for one in self.candidates} | {self.champion: self.model}

    def on_validation(self, name: str) -> np.ndarray:
        """What the learner called `name` predicts of the validation rows ``[v, …]``, without having learned from them;
        the published champion may have."""
        return self.validation if name == self.champion else self.models[name].predict(self.valid.table)


class Task(Protocol):
    """A family of use cases, with one use case's settings.

    Attributes
    ----------
    settings_type: the model of `settings`; the task is built from an instance of it.
    recipe_type: reads back the recipes `prepare` makes.
    unit: what is scored, in the plural, for readers.
    trivial: the learner that any model must beat; it always runs.
    learners: default learners beside the trivial one; the first is the simple one that others are compared with.
    target_holds: what the contract requires of the target column.
    splits: the ways of splitting (`split.by`) that it knows.
    extra: the project's extra whose packages the task itself needs; None: none.
    blends: whether a mean of several learners' answers is an answer.
    fewest_groups: how many values `columns.group` must have, below which nothing can be judged; 0 asks for none.
    by_row: whether the units are the rows, and the answers the predictions: then what is known of predictions in
        general (curves, calibration, confusion, slices, importance) is measured too.
    """

    name: ClassVar[str]
    settings_type: ClassVar[type[Settings]]
    recipe_type: ClassVar[type[Recipe]]
    target_holds: ClassVar[TargetHolds]
    splits: ClassVar[tuple[str, ...]]
    unit: ClassVar[str]
    fewest_groups: ClassVar[int]
    trivial: ClassVar[str]
    learners: ClassVar[tuple[str, ...]]
    extra: ClassVar[str | None]
    blends: ClassVar[bool]
    by_row: ClassVar[bool]

    def occluder(self, use_case: UseCase) -> Occluder | None:
        """How its content is taken apart; None where there is none, or features to shuffle instead."""
        ...

    def described(self, use_case: UseCase) -> Described | None:
        """What is predicted from what, in words; None where it is the target column from the columns read."""
        ...

    def outcome(self, classes: list[str]) -> Outcome:
        """What learners predict."""
        ...

    def metrics(self, classes: list[str]) -> dict[str, Metric]:
        """Every metric reported, the default one first."""
        ...

    def prepare(self, data: ValidatedData, use_case: UseCase, derive: Derive | None) -> FeatureSet:
        """Split the rows, fit the recipe on training rows, shape each role, audit for leaks.

        Raises
        ------
        SplitError: a role would be empty. FeatureError: the rows can't be shaped. TargetError: the target can't be
        used.
        """
        ...

    def units(self, rows: Rows) -> Units:
        """What is scored among `rows`."""
        ...

    def answers(self, model: Predictor, rows: Rows) -> np.ndarray:
        """What `model` says or does about the units of `rows`: ``[u, …]``, as the metrics read it."""
        ...

    def chapters(self, evaluated: EvaluatedChampion) -> list[Chapter]:
        """What reports show of this task beyond the scores that every task has."""
        ...

    def gates(self, evaluated: EvaluatedChampion) -> list[Gate]:
        """What this task alone asks of a champion before it is published, beside the bounds of the use case."""
        ...
