"""What every learner refuses to learn from.

Belongs here: checks of training rows that hold for all learners alike. Does not belong here: checks of raw data (the
contract), of the encoded target (a task), or of hyperparameters (`modeling.core.learner.Hyperparameters`).
"""

import numpy as np

from modeling.core.learner import Fitting, Learner, LearnerError
from modeling.core.table import Table


def check_target(learner: Learner, train: Table, valid: Table, fitting: Fitting) -> None:
    """Refuse targets that can't be learned. `valid` is not read when the choice is already `fixed`.

    Raises
    ------
    LearnerError: the learner does not predict this outcome; no rows; a missing target; a class without rows.
    """
    if fitting.outcome not in learner.outcomes:
        raise LearnerError(f"this learner predicts {' or '.join(learner.outcomes)}, not {fitting.outcome}")
    roles = {"training": train} if fitting.fixed else {"training": train, "tuning": valid}
    for role, table in roles.items():
        _check_present(role, table)
    if fitting.classes:
        _check_classes(train.target, fitting.classes)


def check(learner: Learner, train: Table, valid: Table, fitting: Fitting) -> None:
    """`check_target`, and that there is something to learn from.

    Raises
    ------
    LearnerError: as `check_target`; or no feature varies over the training rows.
    """
    check_target(learner, train, valid, fitting)
    if not any(varies(column) for column in train.matrix.T):
        raise LearnerError(
            f"none of the {len(train.names)} features has two different values in the {len(train):,} training rows: "
            "check which columns the use case drops, and the split"
        )


def varies(column: np.ndarray) -> bool:
    """Whether a column ``[n]`` holds two different values that are not missing."""
    present = column[~np.isnan(column)]
    return present.size > 0 and bool((present != present[0]).any())


def _check_present(role: str, table: Table) -> None:
    if len(table) == 0:
        raise LearnerError(f"there are no {role} rows: check the split's shares and the quarantine")
    if table.target.size == 0:
        raise LearnerError(f"the {len(table):,} {role} rows have no target")
    missing = int(np.isnan(table.target).sum())
    if missing:
        raise LearnerError(f"the target is missing in {missing:,} of {len(table):,} {role} rows: quarantine them")


def _check_classes(target: np.ndarray, classes: int) -> None:
    counts = np.bincount(target.astype(np.int64), minlength=classes)
    present = np.flatnonzero(counts)
    if len(present) == 1:
        raise LearnerError(
            f"all {len(target):,} training rows are of class {present[0]}: a model needs at least two classes. "
            "Check the target's definition, or stratify the split"
        )
    if len(present) < classes:
        absent = ", ".join(map(str, np.flatnonzero(counts == 0)))
        raise LearnerError(
            f"class {absent} of {classes} has no row among the {len(target):,} training rows: stratify the split, "
            "or merge rare classes"
        )
