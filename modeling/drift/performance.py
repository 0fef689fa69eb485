"""Does the model still predict as well as it did?

Belongs here: predictions of the model that serves against the labels of new rows, beside its score on record. Does not
belong here: loading the model (`modeling.artefacts`), or scores and intervals (`modeling.core`).
"""

import math

import polars as pl
import polars.selectors as cs

from catalogue.definition import UseCase
from modeling.core.features import Derive, FeatureError
from modeling.core.intervals import scored
from modeling.core.model import Model
from modeling.core.record import Evaluation, Interval
from modeling.core.row_digests import repeat
from modeling.core.row_task import RowTask
from modeling.core.task import TargetError
from modeling.drift.record import Performance
from modeling.drift.reference import clusters, has_labels, sample
from modeling.problems import tasks

CONTENT_ROWS = 1_000
"""Rows that are predicted at most where a model reads or sees."""
_MODEL = "the model that serves"


def performance(
    use_case: UseCase,
    snapshot: pl.DataFrame,
    rows: pl.DataFrame,
    derive: Derive | None,
    record: Evaluation,
    model: Model,
) -> Performance | str:
    """The metric that chose the champion, on the labelled ones of the new `rows` of a snapshot, or why not.

    Never on rows that the model learned from: it may serve longer, or have seen more, than the one whose rows these are
    new to.
    """
    task = tasks.task(use_case)
    if not (isinstance(task, RowTask) and task.by_row):
        return f"which rows the model learned from is not known in the task {use_case.task}, so that none is scored"
    metric = task.metrics(record.classes).get(record.metric)
    if metric is None:
        return f"the task {use_case.task} has no metric {record.metric!r} any more, by which the model was judged"
    labelled = _labelled(use_case, snapshot, rows, model)
    if isinstance(labelled, str):
        return labelled
    try:
        truth = task.encode(labelled[use_case.target], record.classes)
        predicted = model.predict(labelled.drop(cs.by_name(use_case.target)), derive)
    except (TargetError, FeatureError) as error:
        return str(error)
    group = None if use_case.columns.group is None else clusters(labelled, use_case)
    now = scored({record.metric: metric}, truth, {_MODEL: predicted}, group).intervals(_MODEL).get(record.metric)
    if now is None:
        return f"{metric.title} is not defined on these labels, for example because they are of one class"
    return Performance(
        metric=record.metric,
        on_record=record.champion.test[record.metric],
        now=now,
        lost=_lost(record, now),
        rows=len(truth),
    )


def _labelled(use_case: UseCase, snapshot: pl.DataFrame, rows: pl.DataFrame, model: Model) -> pl.DataFrame | str:
    """Of the new `rows` those with a label that the model has not learned from, of contents a sample; or why none."""
    if not has_labels(use_case):
        return f"labels of new rows are not scored in the task {use_case.task}"
    labelled = rows.filter(rows[use_case.target].is_not_null())
    if labelled.is_empty():
        return "no new row has a label yet"
    unseen = _unseen(labelled, snapshot, model, use_case)
    if isinstance(unseen, str) or not use_case.columns.content:
        return unseen
    return unseen[sample(unseen.height, CONTENT_ROWS)]


def _unseen(labelled: pl.DataFrame, snapshot: pl.DataFrame, model: Model, use_case: UseCase) -> pl.DataFrame | str:
    """The rows that the model has not learned from; or why there is none, or it can't be known."""
    identifier = use_case.columns.identifier
    try:
        by_chance = repeat(model.digests(snapshot, identifier))
        unseen = labelled.filter(~model.has_learned(labelled, identifier))
    except FeatureError as error:
        return str(error)
    if by_chance:
        return "rows hold the same values by chance, so that which ones the model learned from is not known"
    return "the model that serves learned from every new row" if unseen.is_empty() else unseen


def _lost(record: Evaluation, now: Interval) -> Interval:
    """The fall from the score on record, in lifts over the trivial baseline; without bounds where a score has none.

    The two samples are independent: variances add, each read off its 95 % interval.
    """
    before, lift = record.champion.test[record.metric], record.lift.value
    sign = 1 if record.greater_is_better else -1
    unit = lift if lift > 0 else math.inf
    value = sign * (before.value - now.value) / unit
    widths = [one.high - one.low for one in (before, now) if one.low is not None and one.high is not None]
    if len(widths) < 2:
        return Interval(value=value)
    half = math.hypot(*widths) / 2 / unit
    return Interval(value=value, low=value - half, high=value + half)
