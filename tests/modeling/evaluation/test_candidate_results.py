"""What a record says of the candidates that were compared."""

import numpy as np
import pytest

from modeling.core.candidate import Candidate, Cost
from modeling.core.learner import FitSummary, Fitting
from modeling.core.record import Advantage
from modeling.evaluation.candidate_results import candidate_results
from modeling.evaluation.choice import ENSEMBLE, ChampionChoice
from modeling.evaluation.experiment import Experiment
from modeling.evaluation.parsimony import Contest
from modeling.problems import learners, tasks

from ..small_data import parts, prepared, use_case, validated

NAMES = ["bayes", "forest"]


def candidate(name: str) -> Candidate:
    cost = Cost(seconds=1.0, peak_memory_mb=100.0, predictions_per_second=1000.0)
    return Candidate(name, "boosting", learners.learner("trivial"), FitSummary({}), cost, Fitting("binary", 2))


@pytest.mark.parametrize("champion", [*NAMES, ENSEMBLE])
def test_one_candidate_is_marked_as_champion_whatever_the_others_are_called(champion: str):
    definition = use_case()
    experiment = Experiment(
        definition, tasks.task(definition), validated(parts()), prepared(), [candidate(name) for name in NAMES]
    )
    weights = {name: {name: 1.0} for name in NAMES} | {ENSEMBLE: dict.fromkeys(NAMES, 0.5)}
    held = Contest(champion, champion, dict.fromkeys(weights, Advantage(value=0.0)))
    validation = {name: {"roc_auc": 0.7} for name in weights}
    choice = ChampionChoice(champion, validation, weights, np.zeros(80), held, "by the test")
    results = candidate_results(experiment, choice, {})
    assert [result.learner for result in results] == [*NAMES, ENSEMBLE]
    assert [result.learner for result in results if result.champion] == [champion]
