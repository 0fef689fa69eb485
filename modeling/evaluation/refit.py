"""Would the champion be better for more rows?

Belongs here: training learners again as they were chosen, and trying whether tuning rows added to the training rows
help on validation rows. Does not belong here: which learners those are (`choice`), or what is done with the answer
(`selection`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from modeling.core.blend import Blend, Weights
from modeling.core.candidate import Candidate
from modeling.core.feature_set import FeatureSet
from modeling.core.learner import Learner, LearnerError
from modeling.core.record import Step
from modeling.core.resampling import unsealed
from modeling.core.table import Rows, Table
from modeling.core.task import Metric, Task
from modeling.evaluation.parsimony import advantage, in_words

Members = Mapping[str, tuple[Candidate, float]]
"""Learners that answer as one, and their weights."""


@dataclass(frozen=True)
class Refit:
    """What became of it.

    Attributes
    ----------
    rows: what the champion learns from: the training rows, or every row but the sealed ones where that was shown to
        help.
    tried: the champion trained on training and tuning rows; None where it was not tried.
    """

    step: Step
    rows: Rows
    tried: Blend | None

    @property
    def taken(self) -> bool:
        """Whether more rows help."""
        return self.step.taken


def refit(
    champion: Blend, members: Members, answers: np.ndarray, task: Task, metric: Metric, features: FeatureSet
) -> Refit:
    """Hold the champion, whose `answers` ``[v, …]`` to the validation units are known, against itself trained on tuning
    rows too."""
    why_not = cannot_be_stacked([features.train, features.tune, features.valid])
    if why_not:
        return _not_tried(why_not, features.train)
    try:
        tried = again(members, Rows.stacked([features.train, features.tune]), features.tune)
    except LearnerError as error:
        return _not_tried(str(error), features.train)
    valid, units = features.valid, task.units(features.valid)
    tried = replace(tried, calibrator=champion.calibrator)
    gain = advantage(task.answers(tried, valid), answers, units, metric)
    if not np.isfinite(gain.value):
        return _not_tried(f"{metric.title} is undefined on {len(units):,} validation {task.unit}", features.train)
    rows = unsealed(features) if gain.shown else features.train
    result = f"trained on all {len(rows):,} rows but the sealed ones" if gain.shown else "not refitted"
    message = (
        f"{metric.title} on {len(units):,} validation {task.unit} gains {in_words(gain)} where tuning rows are learned "
        f"from too; more than one standard error (in brackets) is asked: {result}"
    )
    return Refit(Step(name="refit", taken=gain.shown, advantage=gain, message=message), rows, tried)


def again(members: Members, rows: Rows, tune: Rows, seed: int | None = None) -> Blend:
    """The same learners with the parameters they were chosen with, trained on `rows`; `seed`: another than before.

    Raises
    ------
    LearnerError: the rows can't be learned from.
    """
    learners = {name: _trained(candidate, rows, tune, seed) for name, (candidate, _) in members.items()}
    weights: Weights = {name: weight for name, (_, weight) in members.items()}
    return Blend(learners, weights)


def cannot_be_stacked(parts: list[Rows]) -> str:
    """Why the rows of several roles are no rows of one table; empty where they are."""
    first, *others = (part.table for part in parts)
    if any(other.target.shape[1:] != first.target.shape[1:] for other in others):
        return "the targets of each role have a shape of their own"
    if any(other.content.schema != first.content.schema for other in others):
        return "the content of each role has columns of its own"
    return "" if all(_share(first, other) for other in others) else "rows of each role refer to tables of their own"


def _share(one: Table, other: Table) -> bool:
    """Whether the rows of both refer to the same tables."""
    same = one.shared.keys() == other.shared.keys()
    return same and all(frame.equals(other.shared[name]) for name, frame in one.shared.items())


def _trained(candidate: Candidate, rows: Rows, tune: Rows, seed: int | None) -> Learner:
    learner, before = type(candidate.learner)(), candidate.fitting
    parameters = candidate.summary.parameters
    seed = before.seed if seed is None else seed
    learner.fit(rows.table, tune.table, replace(before, seed=seed, parameters=parameters, fixed=True, scratch=None))
    return learner


def _not_tried(why: str, train: Rows) -> Refit:
    return Refit(Step(name="refit", taken=False, message=f"not refitted: {why}"), train, None)
