"""Everything that is decided before the sealed test is opened.

Belongs here: the champion with its weights, its calibrator, its copies of other seeds, its threshold and its ranking of
features, in the order in which they are settled. Whatever is trained is trained here, and no function here sees a test
row. Does not belong here: any single step (`choice`, `recalibration`, `refit`), or measuring on test rows
(`judgement`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from modeling.core.blend import Blend
from modeling.core.candidate import FAMILIES, Candidate
from modeling.core.metrics import unweighted
from modeling.core.record import Repeated, Step
from modeling.core.task import Predictor
from modeling.evaluation import out_of_fold
from modeling.evaluation.choice import ChampionChoice, ChoosingUnits, choose
from modeling.evaluation.decision import Answered, cheapest_threshold
from modeling.evaluation.experiment import EvaluationError, Experiment
from modeling.evaluation.explanation import Ranking, affordable_rows, rank
from modeling.evaluation.recalibration import recalibrate
from modeling.evaluation.refit import Members, Refit, again, refit
from modeling.evaluation.repeated_splits import repeated

SEEDS = 3


@dataclass(frozen=True)
class Selection:
    """What choosing units settled.

    Attributes
    ----------
    champions: seed -> the champion trained with it; the champion itself first, and alone where no seed changes it.
    beside: the trivial and the simple learner by name, trained on the rows that the champion is trained on.
    repeated: the champion on other divisions of the unsealed rows.
    steps: what was tried with the champion: a recalibration, a refit.
    chosen_on: the choosing units with the champion's answers, each recalibrated by what other units say.
    validation: the champion's answers to the validation units, by learners that did not see them.
    threshold: the probability from which acting costs least; None where nothing is decided.
    ranking: of the features; None where there are none to shuffle.
    explained_rows: how many rows an explanation may predict each time.
    """

    choice: ChampionChoice
    members: Members
    champions: dict[int, Blend]
    beside: Mapping[str, Predictor]
    repeated: Repeated
    steps: list[Step]
    chosen_on: Answered
    validation: np.ndarray
    threshold: float | None
    ranking: Ranking | None
    explained_rows: int

    @property
    def champion(self) -> Blend:
        """The champion itself."""
        return next(iter(self.champions.values()))


def select(experiment: Experiment, progress: Callable[[str], None]) -> Selection:
    """Choose the champion among the candidates on choosing units, and settle all that is measured of it later.

    Raises
    ------
    EvaluationError: no trivial candidate, an unknown metric, answers that are no numbers, or rows on which the metric
        is undefined.
    """
    choosing, choice = _choice(experiment, progress)
    members = _members(experiment, choice)
    recalibration = recalibrate(choice.answers, choosing.units, experiment.outcome, choosing.where)
    chosen_on = Answered(choosing.units.truth, recalibration.answers, choosing.units.group)
    chosen = Blend({name: one.learner for name, (one, _) in members.items()}, choice.members, recalibration.calibrator)
    validation = experiment.task.answers(chosen, experiment.features.valid)
    progress(f"training {', '.join(members)} on tuning rows too")
    refitted = refit(chosen, members, validation, experiment.task, experiment.metric, experiment.features)
    champions = _champions(chosen, members, refitted, experiment, progress)
    progress("ranking features")
    table = experiment.features.valid.table
    rows = affordable_rows(len(table.names), len(champions))
    unaware = [chosen, *([refitted.tried] if refitted.tried else [])] if refitted.taken else list(champions.values())
    return Selection(
        choice=choice,
        members=members,
        champions=champions,
        beside=_beside(experiment, refitted),
        repeated=repeated(experiment, members, recalibration.calibrator, progress, with_tuning=refitted.taken),
        steps=[recalibration.step, refitted.step],
        chosen_on=chosen_on,
        validation=validation,
        threshold=_threshold(experiment, chosen_on),
        ranking=rank(unaware, table, experiment.metric, rows) if _can_be_ranked(experiment, validation) else None,
        explained_rows=rows,
    )


def predictions_per_second(members: Members) -> float:
    """Of all members, one after the other."""
    return 1 / sum(1 / candidate.cost.predictions_per_second for candidate, _ in members.values())


def in_cost_order(experiment: Experiment) -> list[Candidate]:
    """Trivial, simple, then by family, and within one as the use case lists them: what a model costs to understand and
    to keep. Never measured seconds, which another machine would order differently."""
    first = [experiment.task.trivial, experiment.simple]

    def cost(candidate: Candidate) -> tuple[int, int]:
        if candidate.name in first:
            return -1, first.index(candidate.name)
        return FAMILIES.index(candidate.family), 0

    return sorted(experiment.candidates, key=cost)


def choosing_units(experiment: Experiment) -> ChoosingUnits:
    """What every candidate answers to the validation units, or, where those are few, to the units of nested folds."""
    task, valid = experiment.task, experiment.features.valid
    if divisions := out_of_fold.folds(experiment.features, experiment.use_case, task):
        answers = {one.name: out_of_fold.answered(one) for one in in_cost_order(experiment)}
        units = out_of_fold.units(task, divisions)
        return ChoosingUnits(answers, units, f"{len(units):,} {task.unit} of {len(divisions)} nested folds")
    answers = {one.name: task.answers(one.learner, valid) for one in in_cost_order(experiment)}
    units = task.units(valid)
    return ChoosingUnits(answers, units, f"{len(units):,} validation {task.unit}")


def _choice(experiment: Experiment, progress: Callable[[str], None]) -> tuple[ChoosingUnits, ChampionChoice]:
    task, learners, metric = experiment.task, experiment.learners, experiment.metric
    if task.trivial not in learners:
        raise EvaluationError(
            f"the candidates {list(learners)} lack {task.trivial!r}, which every use case is compared with"
        )
    progress(f"choosing among {len(learners)} candidates by {metric.title}")
    choosing = choosing_units(experiment)
    prefer = experiment.use_case.prefer
    choice = choose(choosing, experiment.metrics, metric, trivial=task.trivial, blends=task.blends, prefer=prefer)
    return choosing, choice


def _members(experiment: Experiment, choice: ChampionChoice) -> Members:
    by_name = {candidate.name: candidate for candidate in experiment.candidates}
    return {name: (by_name[name], weight) for name, weight in choice.members.items()}


def _can_be_ranked(experiment: Experiment, validation: np.ndarray) -> bool:
    """Whether there are features to shuffle, and a score of validation rows to lose."""
    table = experiment.features.valid.table
    if not experiment.task.by_row or len(table.names) < 2 or table.content.width:
        return False
    return bool(np.isfinite(unweighted(experiment.metric, table.target, validation)))


def _threshold(experiment: Experiment, chosen_on: Answered) -> float | None:
    if experiment.outcome != "binary":
        return None
    return cheapest_threshold(chosen_on.target, chosen_on.predicted, experiment.use_case.costs)


def _champions(
    chosen: Blend, members: Members, refitted: Refit, experiment: Experiment, progress: Callable[[str], None]
) -> dict[int, Blend]:
    """The champion, and as it would be with other seeds: same parameters, same weights, same calibrator."""
    first = next(iter(members.values()))[0].fitting.seed
    tune = experiment.features.tune
    itself = again(members, refitted.rows, tune) if refitted.taken else chosen
    champions = {first: itself}
    if not all(type(candidate.learner).deterministic for candidate, _ in members.values()):
        for seed in range(first + 1, first + SEEDS):
            progress(f"training {', '.join(members)} again with seed {seed}")
            champions[seed] = again(members, refitted.rows, tune, seed)
    return {seed: replace(blend, calibrator=chosen.calibrator) for seed, blend in champions.items()}


def _beside(experiment: Experiment, refitted: Refit) -> dict[str, Predictor]:
    """As fitted, or trained on as many rows as the champion, so that a lift is not one of more rows."""
    names = [name for name in (experiment.task.trivial, experiment.simple) if name]
    if not refitted.taken:
        return {name: experiment.learners[name] for name in names}
    by_name = {candidate.name: candidate for candidate in experiment.candidates}
    return {name: again({name: (by_name[name], 1.0)}, refitted.rows, experiment.features.tune) for name in names}
