"""What every learner refuses to learn from, and how its hyperparameters are read.

Belongs here: checks that hold for all learners alike. Does not belong here: checks of raw data
(the contract) or of the encoded target (`modeling.tasks`).
"""

from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from modeling.core.learner import Fitting, Learner, LearnerError
from modeling.core.table import Table


class Hyperparameters(BaseModel):
    """A learner's parameters: typed, frozen, with defaults. With `Fitting.fixed` they are a former choice."""

    model_config = ConfigDict(extra="forbid", frozen=True)


K = TypeVar("K", bound=Hyperparameters)


def read_hyperparameters(kind: type[K], parameters: dict[str, Any]) -> K:
    """The hyperparameters that `parameters` set, the others at their defaults.

    Raises
    ------
    LearnerError: an unknown name (the known ones are listed) or a value out of range.
    """
    try:
        return kind.model_validate(parameters)
    except ValidationError as error:
        faults = "; ".join(_fault(fault) for fault in error.errors())
        raise LearnerError(f"{faults}. Known hyperparameters: {', '.join(kind.model_fields)}") from error


def _fault(fault: Any) -> str:
    name = ".".join(map(str, fault["loc"])) or "parameters"
    if fault["type"] == "extra_forbidden":
        return f"unknown hyperparameter {name!r}"
    return f"hyperparameter {name!r}: {fault['msg']}, got {fault['input']!r}"


def check_target(learner: Learner, train: Table, valid: Table, fitting: Fitting) -> None:
    """Refuse targets that can't be learned. `valid` is not looked at when the choice is already `fixed`.

    Raises
    ------
    LearnerError: the learner does not predict this outcome; no rows; a missing target; a class without rows.
    """
    if fitting.outcome not in learner.outcomes:
        raise LearnerError(f"this learner predicts {' or '.join(learner.outcomes)}, not {fitting.outcome}")
    roles = {"training": train} if fitting.fixed else {"training": train, "validation": valid}
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
