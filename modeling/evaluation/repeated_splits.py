"""How much of a score is this one division of the rows?

Belongs here: the champion, the trivial and the simple learner trained and scored on the unsealed rows divided anew,
with the parameters they were chosen with. Does not belong here: dividing rows (`modeling.core.resampling`), or adding
up what rows, seeds and splits contribute (`spreads`).
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from modeling.core.calibrator import Calibrator
from modeling.core.intervals import scored
from modeling.core.learner import LearnerError
from modeling.core.record import Advantage, Estimate, Repeated, RepeatedSplit
from modeling.core.resampling import Division, can_be_dealt, repeats
from modeling.core.table import Rows
from modeling.evaluation.experiment import Experiment
from modeling.evaluation.refit import Members, again, cannot_be_stacked

RESAMPLES = 200
CHAMPION, TRIVIAL, SIMPLE = "champion", "trivial", "simple"


class _UndefinedError(ValueError):
    """The metric is undefined on the rows held out."""


def repeated(
    experiment: Experiment,
    members: Members,
    calibrator: Calibrator | None,
    progress: Callable[[str], None],
    *,
    with_tuning: bool,
) -> Repeated:
    """The champion of these `members`, trained and scored on each division of the unsealed rows beside what it is
    compared with; `with_tuning`: it learns from tuning rows too."""
    why_not = _why_not(experiment)
    if why_not:
        return Repeated(note=f"not repeated: {why_not}")
    recipes = _recipes(experiment, members)
    divisions = repeats(experiment.features, experiment.use_case)
    splits, lost = [], []
    for number, division in enumerate(divisions, start=1):
        progress(f"training on split {number} of {len(divisions)}")
        rows = Rows.stacked([division.train, division.tune]) if with_tuning else division.train
        try:
            splits.append(_split(experiment, recipes, calibrator, replace(division, train=rows)))
        except (LearnerError, _UndefinedError) as error:
            lost.append(f"split {number}: {error}")
    none = "" if divisions else "not repeated: before an earlier origin too few rows are left to learn from"
    return Repeated(splits=splits, note=none or "; ".join(lost))


def _why_not(experiment: Experiment) -> str:
    features = experiment.features
    if experiment.use_case.split.by == "column":
        return "the split is the data's own"
    if not can_be_dealt(features):
        return f"{experiment.task.unit} are made of rows that can't be dealt anew"
    return cannot_be_stacked([features.train, features.tune, features.valid])


def _recipes(experiment: Experiment, members: Members) -> dict[str, Members]:
    """What is trained: the champion, and what it is compared with where that is another."""
    by_name = {candidate.name: candidate for candidate in experiment.candidates}
    beside = {TRIVIAL: experiment.task.trivial, SIMPLE: experiment.simple}
    others = {role: name for role, name in beside.items() if name and list(members) != [name]}
    return {CHAMPION: members} | {role: {name: (by_name[name], 1.0)} for role, name in others.items()}


def _split(
    experiment: Experiment, recipes: Mapping[str, Members], calibrator: Calibrator | None, division: Division
) -> RepeatedSplit:
    task, metric, held = experiment.task, experiment.metric, division.held_out
    models = {role: again(members, division.train, division.tune) for role, members in recipes.items()}
    models[CHAMPION] = replace(models[CHAMPION], calibrator=calibrator)
    answers, units = {role: task.answers(model, held) for role, model in models.items()}, task.units(held)
    scores = scored({metric.name: metric}, units.truth, answers, units.group, RESAMPLES)
    if not all(np.isfinite(scores.value[role, metric.name]) for role in answers):
        raise _UndefinedError(f"{metric.title} is undefined on the {len(units):,} {task.unit} held out")

    def lift(over: str) -> Advantage | None:
        if over not in answers:
            return None
        error = scores.standard_error(CHAMPION, over, metric.name)
        return Advantage(value=scores.lift(CHAMPION, over, metric.name).value, standard_error=error)

    draws = scores.draws[CHAMPION, metric.name]
    error = float(np.nanstd(draws) * scores.sampling.inflation) if np.isfinite(draws).any() else None
    return RepeatedSplit(
        learned=len(division.train),
        held_out=len(units),
        score=Estimate(value=scores.value[CHAMPION, metric.name], standard_error=error),
        lift=lift(TRIVIAL),
        lift_over_simple=lift(SIMPLE),
    )
