"""The champion against the model that serves now.

Belongs here: the test rows that neither has learned from, what both answer to them, and which is better. Does not
belong here: what follows from it (`gates`, and `assets.published_model`).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl

from industries.definition import UseCase
from modeling.artefacts import Model
from modeling.evaluation.intervals import scored
from modeling.evaluation.record import Challenge
from modeling.features import Derive, FeatureError
from modeling.learned import digests
from modeling.table import Rows
from modeling.tasks.protocol import Metric, Task, Units
from modeling.tasks.rows import RowTask
from modeling.validated import ValidatedData

MIN_UNITS = 30
CHAMPION, SERVING = "champion", "serving"


class NotComparable(ValueError):
    """The two models can't be held against each other; the message says why."""


@dataclass(frozen=True)
class Serving:
    """The model that serves now.

    Attributes
    ----------
    same_features: whether it was judged on the very features that the champion is judged on.
    data: the validated rows that the test rows were taken from. derive: the use case's own `features`.
    """

    version: str
    model: Model
    same_features: bool
    data: ValidatedData
    derive: Derive | None


def challenge(
    serving: Serving,
    use_case: UseCase,
    task: Task,
    classes: list[str],
    metric: Metric,
    test: Rows,
    units: Units,
    answers: np.ndarray,
) -> Challenge:
    """Both models on the test units that neither has learned from; `answers` are the champion's to all `units`."""
    try:
        fresh = _fresh(serving, use_case, task, classes, test)
        theirs = _answers(serving, use_case, task, test.rows(fresh))
        truth = units.truth[fresh]
        group = None if units.group is None else units.group[fresh]
        both = {CHAMPION: answers[fresh], SERVING: theirs}
        lift = scored({metric.name: metric}, truth, both, group).lift(CHAMPION, SERVING, metric.name)
        if not np.isfinite(lift.value):
            raise NotComparable(f"{metric.title} is undefined on the {fresh.sum():,} {task.unit} neither learned from")
    except (NotComparable, FeatureError) as error:
        return Challenge(serving=serving.version, units=0, lift=None, message=str(error))
    unseen = f"{fresh.sum():,} test {task.unit} that neither model learned from"
    return Challenge(serving=serving.version, units=int(fresh.sum()), lift=lift, message=unseen)


def _fresh(serving: Serving, use_case: UseCase, task: Task, classes: list[str], test: Rows) -> np.ndarray:
    """bool ``[n]``: the test rows that the serving model has not learned from.

    Raises
    ------
    NotComparable: it answers another question, or its rows can't be told from the test's.
    """
    asked = {"task": task.name, "target": use_case.target, "classes": classes}
    changed = [name for name, value in asked.items() if serving.model.about[name] != value]
    if changed:
        raise NotComparable(f"the model that serves was made for another {', '.join(changed)}")
    if serving.same_features:
        return np.ones(len(test), dtype=bool)
    if not isinstance(task, RowTask):
        raise NotComparable(f"the data changed, and what {task.name} scores can't be told from what was learned from")
    fresh = ~np.isin(digests(_raw(serving, test), use_case), serving.model.learned)
    if fresh.sum() < MIN_UNITS:
        raise NotComparable(f"only {fresh.sum():,} test {task.unit} are new to the model that serves")
    return fresh


def _answers(serving: Serving, use_case: UseCase, task: Task, fresh: Rows) -> np.ndarray:
    """What the serving model, which has a recipe of its own, answers to the test rows."""
    if serving.same_features:
        return task.answers(serving.model.champion, fresh)
    return serving.model.predict(_raw(serving, fresh).drop(use_case.target), serving.derive)


def _raw(serving: Serving, rows: Rows) -> pl.DataFrame:
    return serving.data.frame[np.searchsorted(serving.data.numbers, rows.number)]
