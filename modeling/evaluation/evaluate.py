"""The judgement on a use case: choose on validation rows, then open the sealed test once.

Belongs here: the order in which things may be known, and putting the record together. Does not belong here: any of the
measurements (a module each in this folder), the test rows themselves (`open_test` hands them over), or storing the
record (`assets`).

`_settle` decides everything that could be decided differently after a look at the test (champion, weights, threshold,
ranking of features) and trains everything that is trained; it never sees a test row. `_judge` only measures.

What is scored are a task's units: its rows, or what rows add up to (users, trips, episodes). What is known of
predictions in general is measured where the units are the rows (`Task.by_row`); what only one task shows are its
chapters.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sklearn.metrics import confusion_matrix

from catalogue.definition import UseCase
from modeling.core import record
from modeling.core.blend import Blend, blended
from modeling.core.candidate import Candidate
from modeling.core.intervals import Scored, clusters, scored
from modeling.core.learner import Learner, Outcome
from modeling.core.metrics import unweighted
from modeling.core.table import Rows
from modeling.core.task import EvaluatedChampion, Metric, Occluder, Task, Units
from modeling.evaluation import curves, occlusion
from modeling.evaluation.calibration import calibration
from modeling.evaluation.challenge import Serving, challenge
from modeling.evaluation.choice import ENSEMBLE, ChampionChoice, EvaluationError, choose, in_words
from modeling.evaluation.decision import cheapest_threshold, decision
from modeling.evaluation.explanation import Ranking, affordable_rows, deletion_test, rank
from modeling.evaluation.gates import gates
from modeling.evaluation.limits import limits
from modeling.evaluation.slices import slices

SEEDS = 3
CLASSIFIED: tuple[Outcome, ...] = ("binary", "multiclass")

Members = dict[str, tuple[Candidate, float]]
"""A champion's learners and their weights."""


@dataclass(frozen=True)
class Facts:
    """What the caller knows and the record repeats. `openings` is asked after the test was opened."""

    rows: record.RowCounts
    data_version: str
    target_summary: dict[str, float]
    features: list[str]
    split: dict[str, Any]
    leakage: list[record.LeakageFinding]
    contract: list[record.ContractResult]
    openings: Callable[[], int]
    provenance: record.Provenance


@dataclass(frozen=True)
class Judgement:
    """The record, and the champion to publish."""

    evaluation: record.Evaluation
    champion: Blend


@dataclass(frozen=True)
class _Settled:
    """What was fixed before the test was opened. `champions` holds one a seed, the champion itself first."""

    metric: Metric
    choice: ChampionChoice
    members: Members
    champions: dict[int, Blend]
    threshold: float | None
    ranking: Ranking | None
    explained_rows: int

    @property
    def champion(self) -> Blend:
        return next(iter(self.champions.values()))


@dataclass(frozen=True)
class _Compared:
    """The champion on the test beside the trivial learner and the simple one, where it is a candidate."""

    simple: str | None
    answers: dict[str, np.ndarray]
    scores: Scored
    on_test: dict[str, dict[str, record.Interval]]


def evaluate(
    use_case: UseCase,
    task: Task,
    classes: list[str],
    candidates: Sequence[Candidate],
    train: Rows,
    valid: Rows,
    open_test: Callable[[], Rows],
    *,
    facts: Facts,
    progress: Callable[[str], None],
    serving: Serving | None = None,
) -> Judgement:
    """Choose a champion and judge it. `candidates` holds the trivial one; `open_test` is called once, when the
    champion, its weights, its threshold and its ranking of features are settled; nothing is fitted afterwards.
    `serving`: the model that serves now, which the champion is then held against.

    Raises
    ------
    EvaluationError: no trivial candidate, an unknown metric, predictions that are no numbers, or rows on which the
        metric is undefined.
    """
    started = time.perf_counter()
    settled = _settle(use_case, task, classes, candidates, train, valid, progress)
    progress("opening the sealed test")
    test = open_test()
    evaluation = _judge(use_case, task, classes, candidates, settled, (train, valid, test), facts, serving)
    seconds = sum(candidate.cost.seconds for candidate in candidates) + time.perf_counter() - started
    title = settled.metric.title
    checked = gates(use_case.gates, evaluation, title)
    judged = {
        "seconds": seconds,
        "gates": checked,
        "published": all(gate.passed for gate in checked),
        "limits": limits(use_case, evaluation),
    }
    progress(
        f"{settled.choice.champion}: {title} {evaluation.champion.test[settled.metric.name].value:.4g} on the test"
    )
    return Judgement(evaluation.model_copy(update=judged), settled.champion)


def _settle(
    use_case: UseCase,
    task: Task,
    classes: list[str],
    candidates: Sequence[Candidate],
    train: Rows,
    valid: Rows,
    progress: Callable[[str], None],
) -> _Settled:
    metrics = task.metrics(classes)
    metric = _metric(use_case, task, metrics)
    by_name = {candidate.name: candidate for candidate in candidates}
    if task.trivial not in by_name:
        raise EvaluationError(
            f"the candidates {list(by_name)} lack {task.trivial!r}, which every use case is compared with"
        )
    progress(f"choosing among {len(candidates)} candidates by {metric.title}")
    answers = {name: task.answers(candidate.learner, valid) for name, candidate in by_name.items()}
    units = task.units(valid)
    choice = choose(answers, units, metrics, metric, trivial=task.trivial, blends=task.blends)
    members = {name: (by_name[name], weight) for name, weight in choice.members.items()}
    champions = _champions(members, train, valid, progress)
    progress("ranking features")
    rows = affordable_rows(len(valid.table.names), len(champions), _speed(members))
    shuffled = task.by_row and len(valid.table.names) > 1 and not valid.table.content.width
    return _Settled(
        metric=metric,
        choice=choice,
        members=members,
        champions=champions,
        threshold=cheapest_threshold(units.truth, choice.predicted, use_case.costs)
        if _predicts(task, classes) == "binary"
        else None,
        ranking=rank(list(champions.values()), valid.table, metric, rows) if shuffled else None,
        explained_rows=rows,
    )


def _metric(use_case: UseCase, task: Task, metrics: dict[str, Metric]) -> Metric:
    name = use_case.metric or next(iter(metrics))
    if name not in metrics:
        raise EvaluationError(f"metric {name!r} is none of {task.name}'s: write one of {', '.join(metrics)}")
    return metrics[name]


def _predicts(task: Task, classes: list[str]) -> Outcome | None:
    """What the task's answers are, where they are predictions of rows."""
    return task.outcome(classes) if task.by_row else None


def _champions(members: Members, train: Rows, valid: Rows, progress: Callable[[str], None]) -> dict[int, Blend]:
    """The champion, and as it would be with other seeds: same parameters, same weights."""
    weights = {name: weight for name, (_, weight) in members.items()}
    first = next(iter(members.values()))[0].fitting.seed
    champions = {first: Blend({name: candidate.learner for name, (candidate, _) in members.items()}, weights)}
    for seed in range(first + 1, first + SEEDS):
        progress(f"training {', '.join(members)} again with seed {seed}")
        again = {name: _again(candidate, seed, train, valid) for name, (candidate, _) in members.items()}
        champions[seed] = Blend(again, weights)
    return champions


def _again(candidate: Candidate, seed: int, train: Rows, valid: Rows) -> Learner:
    learner = type(candidate.learner)()
    fitting = replace(candidate.fitting, seed=seed, parameters=candidate.summary.parameters, fixed=True, scratch=None)
    learner.fit(train.table, valid.table, fitting)
    return learner


def _speed(members: Members) -> float:
    """Predictions per second of all members, one after the other."""
    return 1 / sum(1 / candidate.cost.predictions_per_second for candidate, _ in members.values())


def _judge(
    use_case: UseCase,
    task: Task,
    classes: list[str],
    candidates: Sequence[Candidate],
    settled: _Settled,
    roles: tuple[Rows, Rows, Rows],
    facts: Facts,
    serving: Serving | None,
) -> record.Evaluation:
    train, valid, test = roles
    units, metric, choice = task.units(test), settled.metric, settled.choice
    compared = _compared(use_case, task, classes, candidates, settled, test, units)
    champion, on_test, simple = compared.answers[choice.champion], compared.on_test, compared.simple
    threshold, outcome = settled.threshold, _predicts(task, classes)
    evaluated = EvaluatedChampion(
        use_case=use_case,
        classes=classes,
        train=train,
        valid=valid,
        test=test,
        units=units,
        candidates=candidates,
        champion=choice.champion,
        model=settled.champion,
        answers=compared.answers,
        validation=choice.predicted,
    )
    return record.Evaluation(
        use_case=use_case.key,
        industry=use_case.industry,
        title=use_case.title,
        question=use_case.question,
        task=task.name,
        metric=metric.name,
        greater_is_better=metric.greater_is_better,
        evidence=use_case.source.evidence,
        licence=use_case.source.licence,
        citation=use_case.source.citation,
        data_version=facts.data_version,
        target=use_case.target,
        classes=classes,
        target_summary=facts.target_summary,
        features=facts.features,
        split=facts.split,
        rows=facts.rows,
        groups=None if units.group is None else int(clusters(len(units), units.group).max()) + 1,
        units=len(units),
        unit=task.unit,
        seconds=0,
        champion=_champion(task, settled, on_test[choice.champion], champion, test, units),
        baseline=record.Baseline(learner=task.trivial, test=on_test[task.trivial]),
        simple=record.Baseline(learner=simple, test=on_test[simple]) if simple else None,
        lift=compared.scores.lift(choice.champion, task.trivial, metric.name),
        lift_over_simple=compared.scores.lift(choice.champion, simple, metric.name) if simple else None,
        candidates=[*(_candidate(one, choice, on_test) for one in candidates), *_ensemble(candidates, choice, on_test)],
        curves=_curves(outcome, units.truth, champion),
        calibration=calibration(units.truth, champion) if outcome in CLASSIFIED else None,
        decision=None if threshold is None else decision(units.truth, champion, threshold, use_case.costs, test.group),
        confusion=_confusion(outcome, units.truth, champion, threshold, len(classes)),
        slices=slices(test, champion, metric, binary=outcome == "binary") if task.by_row else [],
        explanation=_explanation(task.occluder(use_case), settled, test),
        chapters=task.chapters(evaluated),
        challenge=serving and challenge(serving, use_case, task, classes, metric, test, units, champion),
        leakage=facts.leakage,
        contract=facts.contract,
        gates=[],
        published=False,
        openings=facts.openings(),
        limits=[],
        provenance=facts.provenance,
    )


def _compared(
    use_case: UseCase,
    task: Task,
    classes: list[str],
    candidates: Sequence[Candidate],
    settled: _Settled,
    test: Rows,
    units: Units,
) -> _Compared:
    choice, metric = settled.choice, settled.metric
    learners = {candidate.name: candidate.learner for candidate in candidates}
    first = (use_case.learners or task.learners)[0]
    simple = first if first in learners else None
    answering = [name for name in dict.fromkeys((*choice.members, task.trivial, simple)) if name]
    answers = {name: task.answers(learners[name], test) for name in answering}
    answers[choice.champion] = blended(answers, choice.members)
    names = [name for name in dict.fromkeys((choice.champion, task.trivial, simple)) if name]
    answers = {name: answers[name] for name in names}
    scores = scored(task.metrics(classes), units.truth, answers, units.group)
    on_test = {name: scores.intervals(name) for name in names}
    if metric.name not in on_test[choice.champion]:
        raise EvaluationError(
            f"{metric.title} is undefined on the {len(units):,} test rows, which hold {len(np.unique(units.truth)):,} "
            "distinct target values; make their share larger, or stratify the split"
        )
    return _Compared(simple, answers, scores, on_test)


def _champion(
    task: Task,
    settled: _Settled,
    on_test: dict[str, record.Interval],
    answers: np.ndarray,
    test: Rows,
    units: Units,
) -> record.Champion:
    choice = settled.choice
    where = f"{len(choice.predicted):,} validation {task.unit}"
    return record.Champion(
        learner=choice.champion,
        members=choice.members,
        chosen_by=in_words(settled.metric, choice.champion, where),
        validation=choice.validation[choice.champion],
        test=on_test,
        seeds=_by_seed(task, settled, answers, test, units),
        predictions_per_second=_speed(settled.members),
    )


def _by_seed(task: Task, settled: _Settled, champion: np.ndarray, test: Rows, units: Units) -> dict[int, float]:
    """The test metric of each seed's champion; `champion` are the first one's answers."""
    (first, _), *others = settled.champions.items()
    answers = {first: champion} | {seed: task.answers(blend, test) for seed, blend in others}
    return {seed: unweighted(settled.metric, units.truth, of) for seed, of in answers.items()}


def _explanation(occluder: Occluder | None, settled: _Settled, test: Rows) -> record.Explanation | None:
    """The ranking of features put to the test, or what deleting parts of the content does; None without either."""
    if settled.ranking is not None:
        return deletion_test(settled.ranking, settled.champion, test.table, settled.metric, settled.explained_rows)
    if occluder is None:
        return None
    models = list(settled.champions.values())
    return occlusion.explain(occluder, models, test.table, settled.metric, _speed(settled.members))


def _candidate(
    one: Candidate, choice: ChampionChoice, on_test: dict[str, dict[str, record.Interval]]
) -> record.CandidateResult:
    return record.CandidateResult(
        learner=one.name,
        family=one.family,
        champion=one.name == choice.champion,
        validation=choice.validation[one.name],
        test=on_test.get(one.name),
        seconds=one.cost.seconds,
        peak_memory_mb=one.cost.peak_memory_mb,
        predictions_per_second=one.cost.predictions_per_second,
        device=one.compute.device,
        precision=one.compute.precision,
        device_reason=one.compute.reason,
        parameters=one.summary.parameters,
        curve=[{name: value for name, value in point.items() if np.isfinite(value)} for point in one.summary.curve],
        notes=one.summary.notes,
    )


def _ensemble(
    candidates: Sequence[Candidate], choice: ChampionChoice, on_test: dict[str, dict[str, record.Interval]]
) -> list[record.CandidateResult]:
    """The ensemble as a candidate, which costs what its members cost; none where there is none."""
    if ENSEMBLE not in choice.weights:
        return []
    weights = choice.weights[ENSEMBLE]
    members = [candidate for candidate in candidates if candidate.name in weights]
    compute = max(members, key=lambda member: weights[member.name]).compute
    together = record.CandidateResult(
        learner=ENSEMBLE,
        family=ENSEMBLE,
        champion=choice.champion == ENSEMBLE,
        validation=choice.validation[ENSEMBLE],
        test=on_test.get(ENSEMBLE),
        seconds=sum(member.cost.seconds for member in members),
        peak_memory_mb=max(member.cost.peak_memory_mb for member in members),
        predictions_per_second=_speed({member.name: (member, weights[member.name]) for member in members}),
        device=compute.device,
        precision=compute.precision,
        device_reason=compute.reason,
        parameters=dict(weights),
        notes=["weights found on validation rows; the validation score is cross-fitted"],
    )
    return [together]


def _curves(outcome: Outcome | None, target: np.ndarray, predicted: np.ndarray) -> dict[str, record.Curve]:
    if outcome == "binary":
        return curves.event_curves(target, predicted)
    return curves.residual_curves(target, predicted) if outcome == "regression" else {}


def _confusion(
    outcome: Outcome | None, target: np.ndarray, predicted: np.ndarray, threshold: float | None, classes: int
) -> list[list[int]] | None:
    """Rows by true and predicted class: the most probable one, or the event from `threshold` on."""
    if outcome not in CLASSIFIED:
        return None
    decided = predicted.argmax(axis=1) if threshold is None else predicted >= threshold
    return confusion_matrix(target, decided, labels=range(classes)).tolist()
