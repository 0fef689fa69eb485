"""What a learner answers to rows of folds that it did not see.

Belongs here: when validation holds too few units to choose by, and the answers of nested cross-validation that choose
in their place. Does not belong here: dealing the folds (`modeling.core.resampling`), or the choice (`choice`).

Each fold's learner tunes and stops on rows of its own fold's rest, so its answers are as new to it as validation rows
are to a candidate. Source: Varma & Simon 2006, "Bias in error estimation when using cross-validation for model
selection".
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from catalogue.definition import UseCase
from modeling.core.candidate import Candidate
from modeling.core.compute import one_blas_thread
from modeling.core.feature_set import FeatureSet
from modeling.core.intervals import clusters
from modeling.core.resampling import Division, can_be_dealt, nested_folds
from modeling.core.task import Task, Units
from modeling.evaluation.experiment import EvaluationError

ENOUGH = 30
"""Independent units of validation, from which a standard error of a paired difference is worth believing."""


def folds(features: FeatureSet, use_case: UseCase, task: Task) -> list[Division]:
    """The nested folds that choose, of which a learner can be fitted to every one; none where validation holds `ENOUGH`
    independent units, rows can't be dealt, or fewer than two folds are left: then validation units choose."""
    units = task.units(features.valid)
    independent = int(clusters(len(units), units.group).max()) + 1
    if independent >= ENOUGH or not can_be_dealt(features):
        return []
    divisions = [one for one in nested_folds(features, use_case) if _can_be_learned(one, len(features.classes))]
    return divisions if len(divisions) > 1 else []


@one_blas_thread
def with_answers(candidate: Candidate, task: Task, divisions: Sequence[Division]) -> Candidate:
    """The candidate with what its kind of learner answers to the held-out units of every fold; as it is without folds.

    Raises
    ------
    LearnerError: the rows of a fold can't be learned from.
    """
    if not divisions:
        return candidate
    answers = [_answers(candidate, task, division) for division in divisions]
    return replace(candidate, out_of_fold=np.concatenate(answers))


def answered(candidate: Candidate) -> np.ndarray:
    """A candidate's answers to the held-out units ``[u, …]``.

    Raises
    ------
    EvaluationError: it was fitted without folds.
    """
    if candidate.out_of_fold is None:
        raise EvaluationError(f"{candidate.name} has no answers to nested folds: run the models again")
    return candidate.out_of_fold


def units(task: Task, divisions: Sequence[Division]) -> Units:
    """The held-out units of every fold, in the order of `Candidate.out_of_fold`."""
    each = [task.units(division.held_out) for division in divisions]
    groups = [one.group for one in each if one.group is not None]
    return Units(np.concatenate([one.truth for one in each]), np.concatenate(groups) if groups else None)


def _can_be_learned(division: Division, classes: int) -> bool:
    """Whether there are rows to train and to tune, and training rows of all `classes` (0: the target is no class)."""
    train = division.train
    present = len(np.unique(train.table.target)) if classes else 0
    return bool(len(train) and len(division.tune)) and present == classes


def _answers(candidate: Candidate, task: Task, division: Division) -> np.ndarray:
    learner = type(candidate.learner)()
    learner.fit(division.train.table, division.tune.table, replace(candidate.fitting, scratch=None))
    return task.answers(learner, division.held_out)
