"""The champion against the model that serves now.

Belongs here: the test rows that neither has learned from, what both answer to them, and which is better. Does not
belong here: what follows from it (`gates`, and `assets.published_model`).
"""

import numpy as np

from modeling.core.features import FeatureError
from modeling.core.intervals import scored
from modeling.core.record import Challenge
from modeling.core.row_digests import digests
from modeling.core.row_task import RowTask
from modeling.evaluation.experiment import Experiment, OpenedTest, Serving, UnreadableServing

MIN_UNITS = 30
CHAMPION, SERVING = "champion", "serving"


class NotComparable(ValueError):
    """The two models can't be held against each other; the message says why."""


def challenge(serving: Serving | UnreadableServing, experiment: Experiment, test: OpenedTest) -> Challenge:
    """Both models on the test units that neither has learned from.

    Where they can't be compared, there is no lift, and the message says why.
    """
    try:
        return _compared(serving, experiment, test)
    except (NotComparable, FeatureError) as error:
        return Challenge(serving=serving.version, units=0, lift=None, message=str(error))


def _compared(serving: Serving | UnreadableServing, experiment: Experiment, test: OpenedTest) -> Challenge:
    if isinstance(serving, UnreadableServing):
        raise NotComparable(f"the model that serves can't be read: {serving.reason}")
    _check_same_question(serving, experiment)
    fresh, theirs = _rival(serving, experiment, test)
    metric, unit, group = experiment.metric, experiment.task.unit, test.units.group
    both = {CHAMPION: test.of_champion[fresh], SERVING: theirs}
    scores = scored({metric.name: metric}, test.units.truth[fresh], both, None if group is None else group[fresh])
    lift = scores.lift(CHAMPION, SERVING, metric.name)
    if not np.isfinite(lift.value):
        raise NotComparable(f"{metric.title} is undefined on the {fresh.sum():,} {unit} neither learned from")
    unseen = f"{fresh.sum():,} test {unit} that neither model learned from"
    return Challenge(serving=serving.version, units=int(fresh.sum()), lift=lift, message=unseen)


def _check_same_question(serving: Serving, experiment: Experiment) -> None:
    card, use_case = serving.model.card, experiment.use_case
    question = {"task": use_case.task, "target": use_case.target, "classes": experiment.features.classes}
    changed = [name for name, value in question.items() if getattr(card, name) != value]
    if changed:
        raise NotComparable(f"the model that serves was made for another {', '.join(changed)}")


def _rival(serving: Serving, experiment: Experiment, test: OpenedTest) -> tuple[np.ndarray, np.ndarray]:
    """bool ``[u]``: the test units that the serving model has not learned from; and what it answers to those.

    Raises
    ------
    NotComparable: it is not known which units it learned from, or nearly all of them.
    """
    task, model, data = experiment.task, serving.model, experiment.data
    if serving.same_features:
        return np.ones(len(test.units), dtype=bool), task.answers(model.champion, test.rows)
    if not isinstance(task, RowTask):
        raise NotComparable(f"the data changed, and which {task.unit} the model that serves learned from is not known")
    raw = data.frame[np.searchsorted(data.numbers, test.rows.number)]
    fresh = ~np.isin(digests(raw, experiment.use_case), model.learned)
    if fresh.sum() < MIN_UNITS:
        raise NotComparable(f"only {fresh.sum():,} test {task.unit} are new to the model that serves")
    return fresh, model.predict(raw.filter(fresh).drop(experiment.use_case.target), serving.derive)
