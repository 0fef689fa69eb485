"""The judgement on a use case: choose on validation rows, then open the sealed test once.

Belongs here: the order in which things may be known. Does not belong here: what is decided before the test is opened
(`selection`, which sees no test row), what is measured after (`judgement`, which fits nothing), or storing the record
(`assets`).
"""

import time
from dataclasses import dataclass

import polars as pl

from modeling.core.blend import Blend
from modeling.core.compute import one_blas_thread
from modeling.core.digits import number
from modeling.core.record import Evaluation
from modeling.evaluation.experiment import EvaluationRun, Experiment
from modeling.evaluation.gates import gates
from modeling.evaluation.judgement import judge
from modeling.evaluation.limits import limits
from modeling.evaluation.selection import select
from modeling.evaluation.suspicion import suspicion
from modeling.evaluation.verdict import verdict


@dataclass(frozen=True)
class Judgement:
    """The record, the champion to publish, and the answers to the test's units (`unit_answers`)."""

    evaluation: Evaluation
    champion: Blend
    answers: pl.DataFrame


@one_blas_thread
def evaluate(experiment: Experiment, run: EvaluationRun) -> Judgement:
    """Choose a champion and judge it. The test is opened once, and the access recorded, when the champion, its weights,
    its threshold and its ranking of features are settled; nothing is fitted afterwards.

    Raises
    ------
    EvaluationError: no trivial candidate, an unknown metric, answers that are no numbers, or rows on which the metric
        is undefined.
    """
    started = time.perf_counter()
    selection = select(experiment, run.progress)
    run.progress("opening the sealed test")
    accesses = run.record_access()
    evaluation, answers = judge(experiment, selection, experiment.features.open_test(), run, accesses)
    evaluation.seconds = sum(one.cost.seconds for one in experiment.candidates) + time.perf_counter() - started
    evaluation.leakage = [*evaluation.leakage, suspicion(experiment.use_case, evaluation)]
    title = experiment.metric.title
    evaluation.gates = [*gates(experiment.use_case.gates, evaluation, title), *evaluation.gates]
    evaluation.verdict = verdict(evaluation, title)
    evaluation.published = evaluation.verdict.outcome != "held back"
    evaluation.limits = limits(experiment.use_case, evaluation)
    score = evaluation.champion.test[evaluation.metric].value
    run.progress(f"{selection.choice.champion}: {title} {number(score)} on the test")
    return Judgement(evaluation, selection.champion, answers)
