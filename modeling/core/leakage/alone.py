"""Does one feature alone nearly solve the task?

Belongs here: the finding, and the score of each feature alone. Does not belong here: several features together
(`formulas`), or what a champion leans on (`modeling.evaluation.suspicion`).
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from modeling.core.digits import number
from modeling.core.leakage.known import Known
from modeling.core.record import LeakageFinding
from modeling.core.table import Table

SOLVED = 0.99
"""ROC AUC, or R², above which one feature alone is suspected to be the target in disguise."""
SAMPLE = 20_000
FEWEST = 5
"""Rows of a class, and of the others, from which on it is scored against them."""
LEAVES = 4
"""Of the tree, for each class; eight for a number."""
EXAMPLES = 5

Solving = tuple[float, str]
"""The best score of a feature, and of what: role and class."""


def single_feature(tables: Mapping[str, Table], classes: list[str], known: Known) -> LeakageFinding:
    """Every feature alone, fitted on training rows and scored on each other role, class by class.

    An error, unless the use case says of every feature that nearly solves the task that it is known in time.
    """
    name, scores = "single_feature", scores_alone(tables, classes)
    if not scores:
        return LeakageFinding(name=name, passed=True, severity="error", message="there are no plain features")
    solved = {feature: found for feature, found in scores.items() if found[0] > SOLVED}
    best = max(scores, key=lambda feature: scores[feature][0])
    return LeakageFinding(
        name=name,
        passed=not solved,
        severity=known.severity(solved),
        message=f"nearly solved by one feature alone (above {SOLVED}): {known.question(solved)}"
        if solved
        else f"no feature alone nearly solves the task; the best, {best!r}, scores {number(scores[best][0])}",
        examples=[f"{feature}: {number(score)} ({of})" for feature, (score, of) in solved.items()][:EXAMPLES],
    )


def scores_alone(tables: Mapping[str, Table], classes: list[str]) -> dict[str, Solving]:
    """How well each feature alone solves the task: the best R², or ROC AUC of a class against the others, of a small
    tree on the rows of a role other than training."""
    from sklearn import config_context
    from sklearn.utils.class_weight import compute_sample_weight

    train, *_ = tables.values()
    if len(train) > SAMPLE:
        train = train.rows(np.random.default_rng(0).choice(len(train), SAMPLE, replace=False))
    others = {role: table for role, table in tables.items() if role != "train" and len(table)}
    weights = compute_sample_weight("balanced", train.target) if classes else None
    with config_context(skip_parameter_validation=True):
        return {feature: _alone(train, weights, others, feature, classes) for feature in train.names}


def _alone(
    train: Table, weights: np.ndarray | None, others: Mapping[str, Table], feature: str, classes: list[str]
) -> Solving:
    """By arrays as a tree wants them: checking them again would take most of the time of a wide table."""
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    x, y = _column(train, feature), train.target.reshape(-1, 1).astype(np.float64)
    tree = (
        DecisionTreeClassifier(max_leaf_nodes=LEAVES * len(classes))
        if classes
        else DecisionTreeRegressor(max_leaf_nodes=8)
    )
    tree.fit(x, y, sample_weight=weights, check_input=False)
    score = _of_classes if classes else _of_numbers
    found = [score(tree, _column(table, feature), table.target, role, classes) for role, table in others.items()]
    return max(found, default=(0.0, ""))


def _column(table: Table, feature: str) -> np.ndarray:
    return np.nan_to_num(table.column(feature).astype(np.float32), nan=-1e30).reshape(-1, 1)


def _of_numbers(tree: Any, x: np.ndarray, target: np.ndarray, role: str, classes: list[str]) -> Solving:
    """R²."""
    from sklearn.metrics import r2_score

    return float(r2_score(target, tree.predict(x, check_input=False))), role


def _of_classes(tree: Any, x: np.ndarray, target: np.ndarray, role: str, classes: list[str]) -> Solving:
    """The best ROC AUC of a class against the others."""
    _, first, leaf = np.unique(tree.apply(x, check_input=False), return_index=True, return_inverse=True)
    probability = np.asarray(tree.predict_proba(x[first], check_input=False))
    counts = np.zeros((len(first), len(classes)))
    np.add.at(counts, (leaf, target.astype(np.int64)), 1)
    scores = [(0.0, "")]
    for place, code in enumerate(np.asarray(tree.classes_, dtype=np.int64)):
        within, beyond = counts[:, code], counts.sum(axis=1) - counts[:, code]
        if min(within.sum(), beyond.sum()) >= FEWEST:
            scores.append((_area(probability[:, place], within, beyond), _named(role, code, classes)))
    return max(scores)


def _named(role: str, code: int, classes: list[str]) -> str:
    return f"{role} rows" if len(classes) == 2 else f"class {classes[code]!r} of {role} rows"


def _area(score: np.ndarray, within: np.ndarray, beyond: np.ndarray) -> float:
    """ROC AUC of leaves with a score, and so many rows of a class and of others each."""
    rank = np.unique(score, return_inverse=True)[1]
    inside, outside = np.bincount(rank, within), np.bincount(rank, beyond)
    below = np.cumsum(outside) - outside / 2
    return float(inside @ below / (inside.sum() * outside.sum()))
