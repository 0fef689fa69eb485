"""The leakage audit: do test rows repeat training rows, or features the target?

Belongs here: checks of rows and roles together and report findings. Does not belong here: making the split
(`splits`), or deciding what a failed finding means for publication (`evaluation.gates`).
"""

from dataclasses import dataclass

import numpy as np
import polars as pl
import polars.selectors as cs

from catalogue.definition import UseCase
from modeling.core.features import Derive, derived, feature_columns
from modeling.core.leakage.likeness import Keys, Likeness
from modeling.core.record import LeakageFinding
from modeling.core.splits import distinguishing
from modeling.core.table import Table

SOLVED = 0.99
"""ROC AUC, or R², above which one feature alone is suspected to be the target in disguise."""
SAMPLE = 20_000
EXAMPLES = 5
_NUMBER, _ROLE = "row number in the snapshot", "role of the row"


@dataclass(frozen=True)
class Audited:
    """What the audit reads: ``n`` rows each.

    Attributes
    ----------
    validated: the rows as the contract let them pass; `derive` turns them into `derived`.
    derived: the same rows with the use case's own columns; the recipe was fitted on its training rows.
    numbers: ``[n]`` row numbers in the raw snapshot. roles: ``[n]``.
    train, valid: the features of those two roles. classes: the target's, empty for regression.
    likeness: by what rows could be near duplicates, where the task knows better than their features.
    """

    validated: pl.DataFrame
    derived: pl.DataFrame
    derive: Derive | None
    numbers: np.ndarray
    roles: pl.Series
    train: Table
    valid: Table
    classes: list[str]
    likeness: Likeness | None


def audit(rows: Audited, use_case: UseCase) -> list[LeakageFinding]:
    """Every finding, passed or not."""
    columns = feature_columns(rows.derived.columns, use_case)
    numbered = _numbered(rows.derived, rows)
    return [
        _exact_duplicates(rows, use_case),
        _near_duplicates(numbered, columns, rows.likeness),
        _groups(numbered, use_case),
        _time(numbered, use_case),
        _single_feature(rows.train, rows.valid, rows.classes),
        _row_wise(rows.validated.head(200).drop(use_case.target), rows.derive, columns),
    ]


def _numbered(frame: pl.DataFrame, rows: Audited) -> pl.DataFrame:
    return frame.with_columns(pl.Series(_NUMBER, rows.numbers), rows.roles.alias(_ROLE))


def _exact_duplicates(rows: Audited, use_case: UseCase) -> LeakageFinding:
    """Rows alike in every column of the snapshot but the identifier."""
    content = distinguishing(rows.validated.columns, use_case)
    crossing, repeated = _crossing(_numbered(rows.validated, rows), pl.struct([*content, use_case.target]).hash())
    return LeakageFinding(
        name="duplicates_across_roles",
        passed=not crossing,
        severity="error",
        message=f"{repeated:,} validation and test rows repeat a row of another role"
        if crossing
        else "no row of one role is repeated in another",
        examples=crossing,
    )


def _near_duplicates(frame: pl.DataFrame, columns: list[str], likeness: Likeness | None) -> LeakageFinding:
    """Rows alike to the task; else rows equal after rounding every number to two significant digits and folding the
    case of text."""
    if isinstance(likeness, Keys):
        return _near(frame, *_crossing(frame, pl.lit(likeness.values)), "by what the task compares")
    among = frame.select(columns)
    folded = frame.with_columns(
        pl.col(among.select(cs.numeric()).columns).cast(pl.Float64).round_sig_figs(2),
        pl.col(among.select(cs.string()).columns).str.to_lowercase().str.strip_chars(),
    )
    return _near(frame, *_crossing(folded, pl.struct(columns).hash()), "numbers to two digits")


def _near(frame: pl.DataFrame, crossing: list[str], rows: int, how: str) -> LeakageFinding:
    return LeakageFinding(
        name="near_duplicates_across_roles",
        passed=rows <= 0.01 * frame.height,
        severity="warning",
        message=f"{rows:,} of {frame.height:,} rows have a near twin in another role ({how})",
        examples=crossing,
    )


def _crossing(frame: pl.DataFrame, content: pl.Expr) -> tuple[list[str], int]:
    """Bounded examples of contents seen in more than one role, and how many validation and test rows hold one."""
    seen = frame.select(_NUMBER, _ROLE, content=content)
    twins = seen.filter(pl.col(_ROLE).n_unique().over("content") > 1)
    examples = twins.group_by("content", maintain_order=True).agg(_NUMBER).head(EXAMPLES)[_NUMBER].to_list()
    return [f"rows {numbers[:4]}" for numbers in examples], twins.filter(pl.col(_ROLE) != "train").height


def _groups(frame: pl.DataFrame, use_case: UseCase) -> LeakageFinding:
    group = use_case.columns.group
    if group is None:
        return LeakageFinding(name="groups_across_roles", passed=True, severity="error", message="no group is declared")
    spread = frame.group_by(group).agg(pl.col(_ROLE).n_unique()).filter(pl.col(_ROLE) > 1)
    return LeakageFinding(
        name="groups_across_roles",
        passed=spread.is_empty(),
        severity="error",
        message=f"{spread.height:,} values of {group!r} appear in more than one role"
        if spread.height
        else f"every value of {group!r} stays in one role",
        examples=[str(value) for value in spread[group].sort().head(EXAMPLES)],
    )


def _time(frame: pl.DataFrame, use_case: UseCase) -> LeakageFinding:
    time = use_case.columns.time
    if time is None:
        return LeakageFinding(name="time_across_roles", passed=True, severity="warning", message="no time is declared")
    spans = frame.group_by(_ROLE).agg(first=pl.col(time).min(), last=pl.col(time).max()).sort(_ROLE)
    ordered = bool((spans["first"] > spans["last"].shift(1)).fill_null(True).all())
    spelled = "; ".join(f"{role} {first} to {last}" for role, first, last in spans.iter_rows())
    said = "training ends before validation, validation before test" if ordered else "the roles overlap in time"
    return LeakageFinding(
        name="time_across_roles",
        passed=ordered,
        severity="error" if use_case.split.by == "time" else "warning",
        message=f"{said}: {spelled}",
    )


def _single_feature(train: Table, valid: Table, classes: list[str]) -> LeakageFinding:
    """A tree of depth three on one feature, fitted on training rows and scored on validation rows."""
    if not train.names:
        return LeakageFinding(
            name="single_feature", passed=True, severity="error", message="there are no plain features"
        )
    scores = scores_alone(train, valid, classes)
    solved = {name: score for name, score in scores.items() if score > SOLVED}
    best = max(scores, key=lambda name: scores[name])
    return LeakageFinding(
        name="single_feature",
        passed=not solved,
        severity="error",
        message=f"nearly solved by one feature alone (above {SOLVED}): drop it if it is known only after the event"
        if solved
        else f"no feature alone nearly solves the task; the best, {best!r}, scores {scores[best]:.3f}",
        examples=[f"{name}: {score:.4f}" for name, score in solved.items()][:EXAMPLES],
    )


def scores_alone(train: Table, valid: Table, classes: list[str]) -> dict[str, float]:
    """How well each feature alone solves the task: ROC AUC, or R², of the tree on validation rows."""
    if len(train) > SAMPLE:
        train = train.rows(np.random.default_rng(0).choice(len(train), SAMPLE, replace=False))
    return {name: _alone(train, valid, name, classes) for name in train.names}


def _alone(train: Table, valid: Table, name: str, classes: list[str]) -> float:
    from sklearn.metrics import roc_auc_score
    from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

    x, z = (np.nan_to_num(table.column(name).astype(np.float64), nan=-1e30).reshape(-1, 1) for table in (train, valid))
    if not classes:
        return float(DecisionTreeRegressor(max_depth=3).fit(x, train.target).score(z, valid.target))
    tree = DecisionTreeClassifier(max_depth=3).fit(x, train.target)
    if set(np.unique(valid.target)) != set(tree.classes_):
        return 0.0
    probability = np.asarray(tree.predict_proba(z))
    if len(classes) == 2:
        return float(roc_auc_score(valid.target, probability[:, 1]))
    return float(roc_auc_score(valid.target, probability, multi_class="ovr"))


def _row_wise(sample: pl.DataFrame, derive: Derive | None, columns: list[str]) -> LeakageFinding:
    """Derived columns of half of a few rows must equal those computed among all of them."""
    half = sample.height // 2
    alone, among = derived(sample.tail(half), derive), derived(sample, derive).tail(half)
    changed = [name for name in columns if not alone[name].equals(among[name], null_equal=True)]
    return LeakageFinding(
        name="row_wise_features",
        passed=not changed,
        severity="error",
        message="`features` looks across rows: a row's features change with the rows around it"
        if changed
        else "a row's features depend on that row alone",
        examples=changed[:EXAMPLES],
    )
