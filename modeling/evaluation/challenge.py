"""The champion against the model that serves now.

Belongs here: the test rows that neither has learned from, what both answer to them, and which is better. Does not
belong here: what follows from it (`gates`, and `assets.published_model`).
"""

from dataclasses import dataclass

import numpy as np

from catalogue.definition import UseCase
from modeling.artefacts.model import Model
from modeling.core.features import Derive, FeatureError
from modeling.core.intervals import scored
from modeling.core.record import Challenge
from modeling.core.row_digests import digests
from modeling.core.row_task import RowTask
from modeling.core.table import Rows
from modeling.core.task import Metric, Task, Units
from modeling.core.validated_data import ValidatedData

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
        fresh, theirs = _rival(serving, use_case, task, classes, test, len(units))
        group = None if units.group is None else units.group[fresh]
        both = {CHAMPION: answers[fresh], SERVING: theirs}
        lift = scored({metric.name: metric}, units.truth[fresh], both, group).lift(CHAMPION, SERVING, metric.name)
        if not np.isfinite(lift.value):
            raise NotComparable(f"{metric.title} is undefined on the {fresh.sum():,} {task.unit} neither learned from")
    except (NotComparable, FeatureError) as error:
        return Challenge(serving=serving.version, units=0, lift=None, message=str(error))
    unseen = f"{fresh.sum():,} test {task.unit} that neither model learned from"
    return Challenge(serving=serving.version, units=int(fresh.sum()), lift=lift, message=unseen)


def _rival(
    serving: Serving, use_case: UseCase, task: Task, classes: list[str], test: Rows, units: int
) -> tuple[np.ndarray, np.ndarray]:
    """bool ``[u]``: the test units that the serving model has not learned from; and what it answers to those.

    Raises
    ------
    NotComparable: it answers another question, or what it learned from can't be told.
    """
    asked = {"task": task.name, "target": use_case.target, "classes": classes}
    changed = [name for name, value in asked.items() if serving.model.about[name] != value]
    if changed:
        raise NotComparable(f"the model that serves was made for another {', '.join(changed)}")
    if serving.same_features:
        return np.ones(units, dtype=bool), task.answers(serving.model.champion, test)
    if not isinstance(task, RowTask):
        raise NotComparable(f"the data changed, and which {task.unit} the model that serves learned from can't be told")
    raw = serving.data.frame[np.searchsorted(serving.data.numbers, test.number)]
    fresh = ~np.isin(digests(raw, use_case), serving.model.learned)
    if fresh.sum() < MIN_UNITS:
        raise NotComparable(f"only {fresh.sum():,} test {task.unit} are new to the model that serves")
    return fresh, serving.model.predict(raw.filter(fresh).drop(use_case.target), serving.derive)
