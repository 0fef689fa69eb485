"""The champion against the model that serves, and against the best one published so far.

Belongs here: the test rows that neither has learned from, what both answer to them, and whether the champion is shown
to be not worse. Does not belong here: the other gates (`gates`), or what follows from one (`assets.published_model`).

The champion takes over only where it is *non-inferior*: where the unfavourable end of the 95 % interval of its paired
difference lies above a margin (Piaggio et al. 2012, CONSORT for non-inferiority trials), which is a share of what the
published model gains over the trivial learner. To be not decisively worse would be no evidence: few rows show nothing.
Of many champions that each lose a little less than the margin, every one would pass against the one before it. So it
must pass against the best model so far as well. Both must be met at the full level, so no correction is needed
(intersection-union test, Berger 1982).

A delivery whose values are wrong (amounts in cents that were in euros) spoils a model for the rows it knew, and among
the new test rows nobody sees it: they are as wrong, and the new model fits them better. So the champion must not be
decisively worse on the old rows alone, either.
"""

import numpy as np
import polars as pl
import polars.selectors as cs

from modeling.core.digits import number, with_interval
from modeling.core.features import FeatureError
from modeling.core.intervals import Scored, scored
from modeling.core.record import Challenge, Gate, Lift
from modeling.core.record.verdict import NOT_WORSE_THAN_SERVING
from modeling.core.row_task import RowTask
from modeling.evaluation.experiment import Experiment, OpenedTest, Serving, UnreadableServing
from modeling.evaluation.gain import is_worse

MIN_UNITS = 30
CHAMPION, SERVING, TRIVIAL = "champion", "serving", "trivial"


class NotComparable(ValueError):
    """The two models can't be held against each other; the message says why."""


def challenge(serving: Serving | UnreadableServing, experiment: Experiment, test: OpenedTest) -> Challenge:
    """The champion and each published model on the test units that neither has learned from.

    Where they can't be compared, there is no lift, and the message says why.
    """
    if isinstance(serving, UnreadableServing):
        why = f"the model that serves can't be read: {serving.reason}"
        return Challenge(serving=serving.version, readable=False, units=0, lift=None, message=why)
    found = _against(serving, experiment, test)
    found.best = _against(serving.best, experiment, test) if serving.best else None
    return found


def challenge_gate(found: Challenge, title: str) -> Gate:
    """Met where the champion is not worse than either model by the margin, or the one that serves can't be read and so
    answers nobody. `title` is the metric's name for people."""
    gates = [_gate(found, title, "the model that serves")]
    if found.best:
        gates.append(_gate(found.best, title, "the best model published so far"))
    return next((gate for gate in gates if not gate.passed), gates[0])


def _gate(found: Challenge, title: str, which: str) -> Gate:
    if found.lift is None or found.margin is None or found.lift.low is None:
        remedy = "" if not found.readable else "; a person may let it serve: `sectorforge models accept`"
        why = found.message if found.lift is None else "no interval could be made"
        message = f"not compared with {which}: {why}{remedy}"
        return Gate(name=NOT_WORSE_THAN_SERVING, bound=0, measured=None, passed=not found.readable, message=message)
    lift, low = found.lift, found.lift.low
    interval = with_interval(lift.value, low, lift.high, "+")
    asked = f"not more than {number(found.margin)} may be lost"
    message = f"{title} is better than that of {which} by {interval}, on {found.message}: {asked}"
    if low >= -found.margin and found.old_lift and is_worse(found.old_lift):
        return _spoilt(found, found.old_lift, title, which)
    return Gate(
        name=NOT_WORSE_THAN_SERVING,
        bound=-found.margin,
        measured=lift.value,
        low=low,
        high=lift.high,
        passed=low >= -found.margin,
        message=message,
    )


def _spoilt(found: Challenge, lift: Lift, title: str, which: str) -> Gate:
    """Not met: what came since makes the champion worse on what was there before."""
    lost = with_interval(-lift.value, -(lift.high or 0), -(lift.low or 0))
    message = (
        f"{title} is worse than that of {which} by {lost} on {found.old_units:,} of these that were there before the "
        "new rows, which may be wrong: see the report on drift, and correct the delivery; if they are right, a person "
        "may let the champion serve: `sectorforge models accept`"
    )
    ends = {"low": lift.low, "high": lift.high}
    return Gate(name=NOT_WORSE_THAN_SERVING, bound=0, measured=lift.value, passed=False, message=message, **ends)


def _against(published: Serving, experiment: Experiment, test: OpenedTest) -> Challenge:
    try:
        return _compared(published, experiment, test)
    except (NotComparable, FeatureError) as error:
        return Challenge(serving=published.version, units=0, lift=None, message=str(error))


def _compared(published: Serving, experiment: Experiment, test: OpenedTest) -> Challenge:
    _check_same_question(published, experiment)
    fresh, theirs = _rival(published, experiment, test)
    metric, unit = experiment.metric, experiment.task.unit
    scores = _scores(fresh, theirs, experiment, test)
    lift = scores.lift(CHAMPION, SERVING, metric.name)
    if not np.isfinite(lift.value):
        raise NotComparable(f"{metric.title} is undefined on the {fresh.sum():,} {unit} neither learned from")
    unseen = f"{fresh.sum():,} test {unit} that neither model learned from"
    share = experiment.use_case.gates.max_loss_to_serving
    margin = share * _gain(scores, metric.name)
    units = int(fresh.sum())
    found = Challenge(serving=published.version, units=units, lift=lift, margin=margin, message=unseen)
    return found.model_copy(update=_on_old_rows(published, fresh, theirs, experiment, test))


def _scores(units: np.ndarray, theirs: np.ndarray, experiment: Experiment, test: OpenedTest) -> Scored:
    """Of both models and the trivial one on some `units`, bool ``[u]``, of which `theirs` are the published model's
    answers."""
    metric, group = experiment.metric, test.units.group
    trivial = test.answers[experiment.task.trivial][units]
    answers = {CHAMPION: test.of_champion[units], SERVING: theirs, TRIVIAL: trivial}
    return scored({metric.name: metric}, test.units.truth[units], answers, None if group is None else group[units])


def _on_old_rows(
    published: Serving, fresh: np.ndarray, theirs: np.ndarray, experiment: Experiment, test: OpenedTest
) -> dict[str, int | Lift]:
    """The lift on those of the `fresh` test rows that were there when the published model was judged; nothing where no
    other are among them, or too few of them."""
    if published.held is None or published.same_features:
        return {}
    old = fresh & published.held[np.searchsorted(experiment.data.numbers, test.rows.number)]
    if old.sum() < MIN_UNITS or old.sum() == fresh.sum():
        return {}
    lift = _scores(old, theirs[old[fresh]], experiment, test).lift(CHAMPION, SERVING, experiment.metric.name)
    return {"old_units": int(old.sum()), "old_lift": lift} if np.isfinite(lift.value) else {}


def _gain(scores: Scored, metric: str) -> float:
    """What a model is worth: the lift over the trivial learner of the better one; 0 where neither has any."""
    return max(0.0, *(scores.lift(model, TRIVIAL, metric).value for model in (CHAMPION, SERVING)))


def _check_same_question(published: Serving, experiment: Experiment) -> None:
    card, use_case = published.model.card, experiment.use_case
    question = {"task": use_case.task, "target": use_case.target, "classes": experiment.features.classes}
    changed = [name for name, value in question.items() if getattr(card, name) != value]
    if changed:
        raise NotComparable(f"it was made for another {', '.join(changed)}")


def _rival(published: Serving, experiment: Experiment, test: OpenedTest) -> tuple[np.ndarray, np.ndarray]:
    """bool ``[u]``: the test units that the published model has not learned from; and what it answers to those.

    Raises
    ------
    NotComparable: it is not known which units it learned from, or nearly all of them, or it does not read such rows.
    """
    task, model, data = experiment.task, published.model, experiment.data
    if published.same_features:
        return np.ones(len(test.units), dtype=bool), task.answers(model.champion, test.rows)
    if not (isinstance(task, RowTask) and task.by_row):
        raise NotComparable(f"the data changed, and which {task.unit} it learned from is not known")
    if not published.same_code:
        raise NotComparable("it predicts only with the features.py it was judged with, which was changed since")
    raw = data.frame[np.searchsorted(data.numbers, test.rows.number)]
    _check_same_columns(published, experiment)
    fresh = ~model.has_learned(raw, experiment.use_case.columns.identifier)
    if fresh.sum() < MIN_UNITS:
        raise NotComparable(f"only {fresh.sum():,} test {task.unit} are new to it; {MIN_UNITS} are needed")
    return fresh, model.predict(raw.filter(fresh).drop(cs.by_name(experiment.use_case.target)), published.derive)


def _check_same_columns(published: Serving, experiment: Experiment) -> None:
    """Raises
    ------
    NotComparable: a column that the model reads holds values of another kind than when it was trained.
    """
    before, now = published.model.columns, experiment.data.frame.schema
    read = published.model.card.digested or published.model.card.inputs
    other = [name for name in read if name in before and name in now and _kind(before[name]) != _kind(now[name])]
    if other:
        kinds = ", ".join(f"{name} ({before[name]}, now {now[name]})" for name in other)
        raise NotComparable(f"columns that it reads changed their type: {kinds}")


def _kind(dtype: pl.DataType) -> pl.DataType | str:
    """Numbers of any width are alike: a gap alone makes floats of integers."""
    return "number" if dtype.is_numeric() else dtype
