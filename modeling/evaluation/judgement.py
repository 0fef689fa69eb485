"""The champion on the sealed test.

Belongs here: measuring, once everything is decided, and putting the record together. Nothing is fitted or chosen here.
Does not belong here: any single measurement (a module each in this folder), what is decided before (`selection`), or
the order of both (`evaluate`).

What is scored are a task's units: its rows, or what rows add up to (users, trips, episodes). What is known of
predictions in general is measured where the units are the rows (`Task.by_row`); what only one task shows are its
chapters.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from sklearn.metrics import confusion_matrix

from modeling.core import record
from modeling.core.intervals import clusters, scored
from modeling.core.learner import Outcome
from modeling.core.metrics import unweighted
from modeling.core.recipe import left_out
from modeling.core.row_task import RowTask
from modeling.core.table import Rows
from modeling.core.target_classes import called
from modeling.core.task import EvaluatedChampion
from modeling.evaluation import curves, occlusion
from modeling.evaluation.calibration import calibration
from modeling.evaluation.candidate_results import candidate_results
from modeling.evaluation.challenge import challenge
from modeling.evaluation.decision import Answered, decision
from modeling.evaluation.experiment import EvaluationError, EvaluationRun, Experiment, OpenedTest
from modeling.evaluation.explanation import deletion_test
from modeling.evaluation.seen_groups import seen_groups
from modeling.evaluation.selection import Selection, predictions_per_second
from modeling.evaluation.slices import largest_gap, slices, within_clusters
from modeling.evaluation.spreads import spreads
from modeling.evaluation.unit_answers import unit_answers
from modeling.evaluation.without_twins import without_twins

CLASSIFIED: tuple[Outcome, ...] = ("binary", "multiclass")


def judge(
    experiment: Experiment, selection: Selection, rows: Rows, run: EvaluationRun, test_accesses: int
) -> tuple[record.Evaluation, pl.DataFrame]:
    """The record of the selected champion, measured on the test `rows`, and the answers to its units. Of the
    gates only the task's own are in it; verdict, limits and seconds are still open.

    Raises
    ------
    EvaluationError: the metric is undefined on the test rows.
    """
    test = _opened(experiment, selection, rows)
    evaluated = _evaluated(experiment, selection, test)
    judged = record.Evaluation(
        **_described(experiment),
        **_scores(experiment, selection, test),
        **_behaviour(experiment, selection, test),
        **_parts_of_rows(experiment, test),
        chapters=experiment.task.chapters(evaluated),
        challenge=run.serving and challenge(run.serving, experiment, test),
        test_accesses=test_accesses,
        provenance=run.provenance,
        seconds=0,
        gates=experiment.task.gates(evaluated),
        published=False,
        seen_of_test=experiment.use_case.seen_of_test,
        limits=[],
    )
    return judged, unit_answers(experiment, test)


def _opened(experiment: Experiment, selection: Selection, rows: Rows) -> OpenedTest:
    """What the champion, the trivial and the simple learner answer to the test."""
    task, champion = experiment.task, selection.choice.champion
    models = {champion: selection.champion} | {n: model for n, model in selection.beside.items() if n != champion}
    answers = {name: task.answers(model, rows) for name, model in models.items()}
    return OpenedTest(rows, task.units(rows), champion, answers)


def _described(experiment: Experiment) -> dict[str, Any]:
    """What was known before the test was opened."""
    use_case, task, metric = experiment.use_case, experiment.task, experiment.metric
    features, sheet = experiment.features, experiment.features.datasheet
    return {
        "use_case": use_case.key,
        "industry": use_case.industry,
        "title": use_case.title,
        "question": use_case.question,
        "task": task.name,
        "metric": metric.name,
        "greater_is_better": metric.greater_is_better,
        "evidence": use_case.source.evidence,
        "licence": use_case.source.licence,
        "citation": use_case.source.citation,
        "data_version": sheet.snapshot,
        "target": use_case.target,
        "classes": features.classes,
        "class_names": use_case.classes,
        "target_summary": sheet.target_summary,
        "features": list(features.recipe.inputs),
        "described": task.described(use_case),
        "split": use_case.split.model_dump(mode="json"),
        "rows": sheet.rows,
        "unit": task.unit,
        "remarks": sheet.remarks,
        "left_out": left_out(features.recipe, use_case.columns),
        "leakage": sheet.leakage,
        "contract": sheet.contract,
    }


def _scores(experiment: Experiment, selection: Selection, test: OpenedTest) -> dict[str, Any]:
    """The champion, the learners it is compared with, and its lift over them."""
    units, metric, task, simple = test.units, experiment.metric, experiment.task, experiment.simple
    scores = scored(experiment.metrics, units.truth, test.answers, units.group)
    on_test = {name: scores.intervals(name) for name in test.answers}
    if metric.name not in on_test[test.champion]:
        raise EvaluationError(
            f"{metric.title} is undefined on the {len(units):,} test rows, which hold {len(np.unique(units.truth)):,} "
            "distinct target values; make their share larger, or stratify the split"
        )
    champion = _champion(experiment, selection, test, on_test[test.champion])
    baseline = record.Baseline(learner=task.trivial, test=on_test[task.trivial])
    beside = record.Baseline(learner=simple, test=on_test[simple]) if simple else None
    lifts = {"lift": (scores.lift(test.champion, task.trivial, metric.name), baseline)}
    if beside is not None:
        lifts["lift_over_simple"] = (scores.lift(test.champion, beside.learner, metric.name), beside)
    return {
        "units": len(units),
        "groups": None if units.group is None else int(clusters(len(units), units.group).max()) + 1,
        "champion": champion,
        "baseline": baseline,
        "simple": beside,
        "lift": lifts["lift"][0],
        "lift_over_simple": lifts["lift_over_simple"][0] if beside else None,
        "repeated": selection.repeated,
        "spreads": spreads(metric, champion, lifts, selection.repeated),
        "candidates": candidate_results(experiment, selection.choice, on_test),
    }


def _champion(
    experiment: Experiment, selection: Selection, test: OpenedTest, on_test: dict[str, record.Interval]
) -> record.Champion:
    choice = selection.choice
    return record.Champion(
        learner=choice.champion,
        members=choice.members,
        chosen_by=choice.chosen_by,
        best=choice.contest.best,
        steps=selection.steps,
        validation=choice.validation[choice.champion],
        test=on_test,
        seeds=_by_seed(experiment, selection, test),
        predictions_per_second=predictions_per_second(selection.members),
    )


def _by_seed(experiment: Experiment, selection: Selection, test: OpenedTest) -> dict[int, float]:
    """The test metric of each seed's champion."""
    (first, _), *others = selection.champions.items()
    answers = {first: test.of_champion}
    answers |= {seed: experiment.task.answers(blend, test.rows) for seed, blend in others}
    return {seed: unweighted(experiment.metric, test.units.truth, of) for seed, of in answers.items()}


def _behaviour(experiment: Experiment, selection: Selection, test: OpenedTest) -> dict[str, Any]:
    """What is known of predictions in general, where the answers are predictions of rows."""
    outcome, truth, answers = experiment.outcome, test.units.truth, test.of_champion
    threshold = selection.threshold
    parts = slices(test.rows, answers, experiment.metric, binary=outcome == "binary") if experiment.task.by_row else []
    return {
        "curves": _curves(outcome, truth, answers),
        "calibration": calibration(truth, answers, test.units.group) if outcome in CLASSIFIED else None,
        "decision": None if threshold is None else _decision(experiment, selection, test, threshold),
        "confusion": _confusion(experiment, threshold, truth, answers) if outcome in CLASSIFIED else None,
        "slices": parts,
        "largest_slice_gap": largest_gap(test.rows, answers, experiment.metric, parts),
        "within_clusters": within_clusters(test.units, answers, experiment.metric, _cluster_names(experiment, test)),
        "explanation": _explanation(experiment, selection, test.rows),
    }


def _decision(
    experiment: Experiment, selection: Selection, test: OpenedTest, threshold: float
) -> record.OperatingPoint:
    answered = Answered(test.units.truth, test.of_champion, test.units.group)
    return decision(answered, selection.chosen_on, threshold, experiment.use_case.costs)


def _cluster_names(experiment: Experiment, test: OpenedTest) -> Sequence[str]:
    """Of each unit's cluster: as the raw rows name it, where the units are rows; else its number."""
    group, data = experiment.use_case.columns.group, experiment.data
    if group is None or not isinstance(experiment.task, RowTask):
        return [] if test.units.group is None else [str(code) for code in test.units.group]
    return (
        data.frame[group][np.searchsorted(data.numbers, test.rows.number)]
        .cast(pl.String)
        .fill_null("missing")
        .to_list()
    )


def _parts_of_rows(experiment: Experiment, test: OpenedTest) -> dict[str, Any]:
    """The metric on test rows that resemble nothing seen before, where what is scored are rows."""
    if not experiment.task.by_row:
        return {}
    features, metric, binary = experiment.features, experiment.metric, experiment.outcome == "binary"
    twins, group = features.datasheet.twins.get("test"), experiment.use_case.columns.group
    return {
        "without_twins": without_twins(test.rows, test.of_champion, metric, twins, binary=binary),
        "seen_groups": seen_groups(features, test.rows, test.of_champion, metric, group, binary=binary),
    }


def _curves(outcome: Outcome | None, target: np.ndarray, predicted: np.ndarray) -> dict[str, record.Curve]:
    if outcome == "binary":
        return curves.event_curves(target, predicted)
    return curves.residual_curves(target, predicted) if outcome == "regression" else {}


def _confusion(
    experiment: Experiment, threshold: float | None, target: np.ndarray, predicted: np.ndarray
) -> list[list[int]]:
    """Rows by true and predicted class: the most probable one, or the event from `threshold` on."""
    decided = predicted.argmax(axis=1) if threshold is None else predicted >= threshold
    return confusion_matrix(target, decided, labels=range(len(experiment.features.classes))).tolist()


def _explanation(experiment: Experiment, selection: Selection, rows: Rows) -> record.Explanation | None:
    """The ranking of features put to the test, or what deleting parts of the content does; None without either."""
    if selection.ranking is not None:
        explained = selection.explained_rows
        return deletion_test(selection.ranking, selection.champion, rows.table, experiment.metric, explained)
    occluder = experiment.task.occluder(experiment.use_case)
    if occluder is None:
        return None
    return occlusion.explain(occluder, list(selection.champions.values()), rows.table, experiment.metric)


def _evaluated(experiment: Experiment, selection: Selection, test: OpenedTest) -> EvaluatedChampion:
    features = experiment.features
    return EvaluatedChampion(
        use_case=experiment.use_case,
        classes=called(features.classes, experiment.use_case.classes, experiment.use_case.target),
        train=features.train,
        valid=features.valid,
        test=test.rows,
        units=test.units,
        candidates=experiment.candidates,
        champion=test.champion,
        model=selection.champion,
        answers=test.answers,
        validation=selection.validation,
        threshold=selection.threshold,
    )
