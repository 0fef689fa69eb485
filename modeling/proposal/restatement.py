"""Features that are the target in disguise, such as what is only known after the event.

Belongs here: finding them, as the leakage audit does and by comparing values, and leaving them out. Does not belong
here: the audit of a run (`modeling.core.leakage`).
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import polars as pl
import polars.selectors as cs

from catalogue.definition import UseCase
from modeling.core import leakage, splits
from modeling.core.features import FeatureError, FeatureRecipe, feature_columns
from modeling.core.row_task import RowTask
from modeling.problems import tasks
from modeling.proposal.columns import Roles
from modeling.proposal.target import ProposalError, TargetProposal

TRIED_ROWS = 20_000
SAME_ORDER = 0.995
"""Rank correlation from which on a feature is a function of the target."""
KNOWN_THEN = "is it known at the moment of prediction? If not, move it to columns.drop"


def leave_out_restating(rows: pl.DataFrame, use_case: UseCase, found: TargetProposal, meant: Roles) -> None:
    """Drop the features that are the target in disguise, unless nothing else is left.

    Raises
    ------
    ProposalError: there is nothing to learn from.
    """
    use_case = use_case.placed("proposed", Path())
    features = feature_columns(rows.columns, use_case)
    if rows.width == 1:
        raise ProposalError(f"there is no column beside the target {use_case.target!r}: nothing tells its values apart")
    if not features:
        left_out = "; ".join(f"{name!r} ({meant.evidence[name]})" for name in sorted(meant.taken))
        raise ProposalError(f"no column is left to learn from: {left_out}. Name the features in a folder by hand")
    sample = rows if rows.height <= TRIED_ROWS else rows.sample(TRIED_ROWS, seed=0)
    if meant.time:
        sample = sample.filter(sample[meant.time].is_not_null())
    scores = _scores(sample, use_case, features)
    measure = "ROC AUC" if found.is_classes else "R²"
    restating = {name: f"alone {measure} {score:.3f}" for name, score in scores.items() if score > leakage.SOLVED}
    restating |= _restating(sample, use_case.target, features, found)
    restating |= _in_formula(sample, use_case.target, restating, found, meant)
    if rest := [name for name in scores if name not in restating]:
        best = max(rest, key=lambda name: scores[name])
        meant.doubts.append(f"{best!r} alone predicts best ({measure} {scores[best]:.2f}): {KNOWN_THEN}")
    if not restating:
        return
    listed = ", ".join(f"{name!r} ({because})" for name, because in restating.items())
    if set(restating) == set(features):
        meant.doubts.append(f"every feature nearly is the target: {listed}. Are they known before?")
        return
    for name, because in restating.items():
        meant.leave_out(name, f"{because}: known only afterwards?")
    meant.doubts.append(f"left out for nearly being the target: {listed}. If known before, take them back")


def _restating(sample: pl.DataFrame, target: str, features: list[str], found: TargetProposal) -> dict[str, str]:
    """Features that are the target in other words: one value a class, or the same order of the rows."""
    if found.is_classes:
        varied = [name for name in features if sample[name].drop_nulls().n_unique() > 1]
        values = sample.group_by(cs.by_name(target)).agg(cs.by_name(name).drop_nulls().n_unique() for name in varied)
        return {name: "the same in all rows of a class" for name in varied if (values[name] <= 1).all()}
    schema = sample.schema
    numbers = [name for name in features if schema[name].is_numeric()]
    ranks = sample.select(
        pl.corr(cs.by_name(name), cs.by_name(target), method="spearman").abs().fill_nan(0) for name in numbers
    )
    return {name: "orders the rows alike" for name in numbers if (ranks[name].item() or 0) > SAME_ORDER}


def _in_formula(
    sample: pl.DataFrame, target: str, restating: Mapping[str, str], found: TargetProposal, meant: Roles
) -> dict[str, str]:
    """The features of a formula that gives the target, such as a price and a quantity; it may use the time, too."""
    unread = {target, *restating, *meant.identifier, *meant.drop}
    names = [name for name in sample.columns if name not in unread]
    formula = leakage.find(sample, names, target, is_classes=found.is_classes)
    if formula is None:
        return {}
    taken = meant.taken
    return {name: f"in {formula.words}" for name in formula.columns if name not in taken}


def _scores(sample: pl.DataFrame, use_case: UseCase, features: list[str]) -> dict[str, float]:
    """How well each feature alone solves the task, as the leakage audit measures it.

    Raises
    ------
    ProposalError: a role would be empty, or the features are all constant.
    """
    task = tasks.task(use_case)
    assert isinstance(task, RowTask), "only tasks that read rows are proposed here"
    classes = task.classes(sample[use_case.target], use_case.positive)
    try:
        role = splits.assign(sample, use_case)
        recipe = FeatureRecipe.fit(sample.filter(role == "train"), use_case)
    except (splits.SplitError, FeatureError) as error:
        raise ProposalError(f"the rows can't be parted into training, validation and test: {error}") from error
    parts = [sample.filter(role == name) for name in ("train", "valid")]
    train, valid = (
        replace(recipe.transform(part), target=task.encode(part[use_case.target], classes)) for part in parts
    )
    scores = leakage.scores_alone({"train": train, "valid": valid}, classes)
    return {name: scores[name][0] for name in features if name in scores}
