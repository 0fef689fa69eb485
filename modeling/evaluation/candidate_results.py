"""What the record says of every candidate.

Belongs here: cost, circumstances and scores of the learners and of their ensemble. Does not belong here: the scores
themselves (`choice` on validation rows, `judgement` on test rows).
"""

from collections.abc import Mapping

import numpy as np

from modeling.core.candidate import Candidate
from modeling.core.record import CandidateResult, Interval
from modeling.evaluation.choice import ENSEMBLE, ChampionChoice
from modeling.evaluation.experiment import Experiment
from modeling.evaluation.selection import predictions_per_second

ScoresOnTest = Mapping[str, dict[str, Interval]]
"""Candidate -> its metrics on the sealed test, of those that were scored there."""


def candidate_results(experiment: Experiment, choice: ChampionChoice, on_test: ScoresOnTest) -> list[CandidateResult]:
    """Every candidate, the cheapest first, and the ensemble where there is one."""
    results = {candidate.name: _of(candidate, choice, on_test) for candidate in experiment.candidates}
    if ENSEMBLE in choice.weights:
        results[ENSEMBLE] = _of_ensemble(experiment, choice, on_test)
    return [results[name] for name in choice.contest.ahead]


def _of(one: Candidate, choice: ChampionChoice, on_test: ScoresOnTest) -> CandidateResult:
    return CandidateResult(
        learner=one.name,
        family=one.family,
        champion=one.name == choice.champion,
        validation=choice.validation[one.name],
        best_ahead=choice.contest.ahead[one.name],
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
        cut=one.summary.cut,
    )


def _of_ensemble(experiment: Experiment, choice: ChampionChoice, on_test: ScoresOnTest) -> CandidateResult:
    """It costs what its members cost."""
    weights = choice.weights[ENSEMBLE]
    members = [candidate for candidate in experiment.candidates if candidate.name in weights]
    compute = max(members, key=lambda member: weights[member.name]).compute
    return CandidateResult(
        learner=ENSEMBLE,
        family=ENSEMBLE,
        champion=choice.champion == ENSEMBLE,
        validation=choice.validation[ENSEMBLE],
        best_ahead=choice.contest.ahead[ENSEMBLE],
        test=on_test.get(ENSEMBLE),
        seconds=sum(member.cost.seconds for member in members),
        peak_memory_mb=max(member.cost.peak_memory_mb for member in members),
        predictions_per_second=predictions_per_second({one.name: (one, weights[one.name]) for one in members}),
        device=compute.device,
        precision=compute.precision,
        device_reason=compute.reason,
        parameters=dict(weights),
        notes=["weights found on the units that chose; its score there is cross-fitted"],
    )
