"""Everything that is decided before the sealed test is opened.

Belongs here: the champion with its weights, its copies of other seeds, its threshold and its ranking of features.
Whatever is trained is trained here, and no function here sees a test row. Does not belong here: how candidates are
scored and one is chosen (`choice`), or measuring on test rows (`judgement`).
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from modeling.core.blend import Blend
from modeling.core.candidate import Candidate
from modeling.core.learner import Learner
from modeling.core.table import Rows
from modeling.evaluation.choice import ChampionChoice, choose
from modeling.evaluation.decision import cheapest_threshold
from modeling.evaluation.experiment import EvaluationError, Experiment
from modeling.evaluation.explanation import Ranking, affordable_rows, rank

SEEDS = 3

Members = dict[str, tuple[Candidate, float]]
"""Learners that answer as one, and their weights."""


@dataclass(frozen=True)
class Selection:
    """What validation rows settled.

    Attributes
    ----------
    champions: seed -> the champion trained with it; the champion itself first.
    threshold: the probability from which acting costs least; None where nothing is decided.
    ranking: of the features; None where there are none to shuffle.
    explained_rows: how many rows an explanation may predict each time.
    """

    choice: ChampionChoice
    members: Members
    champions: dict[int, Blend]
    threshold: float | None
    ranking: Ranking | None
    explained_rows: int

    @property
    def champion(self) -> Blend:
        """The champion itself."""
        return next(iter(self.champions.values()))


def select(experiment: Experiment, progress: Callable[[str], None]) -> Selection:
    """Choose the champion among the candidates on validation rows, and settle all that is measured of it later.

    Raises
    ------
    EvaluationError: no trivial candidate, an unknown metric, answers that are no numbers, or rows on which the metric
        is undefined.
    """
    choice = _choice(experiment, progress)
    by_name = {candidate.name: candidate for candidate in experiment.candidates}
    members = {name: (by_name[name], weight) for name, weight in choice.members.items()}
    champions = _champions(members, experiment, progress)
    progress("ranking features")
    table = experiment.features.valid.table
    rows = affordable_rows(len(table.names), len(champions), predictions_per_second(members))
    shuffled = experiment.task.by_row and len(table.names) > 1 and not table.content.width
    return Selection(
        choice=choice,
        members=members,
        champions=champions,
        threshold=_threshold(experiment, choice),
        ranking=rank(list(champions.values()), table, experiment.metric, rows) if shuffled else None,
        explained_rows=rows,
    )


def predictions_per_second(members: Members) -> float:
    """Of all members, one after the other."""
    return 1 / sum(1 / candidate.cost.predictions_per_second for candidate, _ in members.values())


def _choice(experiment: Experiment, progress: Callable[[str], None]) -> ChampionChoice:
    task, learners, metric = experiment.task, experiment.learners, experiment.metric
    if task.trivial not in learners:
        raise EvaluationError(
            f"the candidates {list(learners)} lack {task.trivial!r}, which every use case is compared with"
        )
    progress(f"choosing among {len(learners)} candidates by {metric.title}")
    valid = experiment.features.valid
    answers = {name: task.answers(learner, valid) for name, learner in learners.items()}
    return choose(answers, task.units(valid), experiment.metrics, metric, trivial=task.trivial, blends=task.blends)


def _threshold(experiment: Experiment, choice: ChampionChoice) -> float | None:
    if experiment.outcome != "binary":
        return None
    truth = experiment.task.units(experiment.features.valid).truth
    return cheapest_threshold(truth, choice.predicted, experiment.use_case.costs)


def _champions(members: Members, experiment: Experiment, progress: Callable[[str], None]) -> dict[int, Blend]:
    """The champion, and as it would be with other seeds: same parameters, same weights."""
    train, tune = experiment.features.train, experiment.features.tune
    weights = {name: weight for name, (_, weight) in members.items()}
    first = next(iter(members.values()))[0].fitting.seed
    champions = {first: Blend({name: candidate.learner for name, (candidate, _) in members.items()}, weights)}
    for seed in range(first + 1, first + SEEDS):
        progress(f"training {', '.join(members)} again with seed {seed}")
        again = {name: _again(candidate, seed, train, tune) for name, (candidate, _) in members.items()}
        champions[seed] = Blend(again, weights)
    return champions


def _again(candidate: Candidate, seed: int, train: Rows, tune: Rows) -> Learner:
    learner = type(candidate.learner)()
    fitting = replace(candidate.fitting, seed=seed, parameters=candidate.summary.parameters, fixed=True, scratch=None)
    learner.fit(train.table, tune.table, fitting)
    return learner
