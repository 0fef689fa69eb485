"""Do groups or moments cross from one role to another?

Belongs here: the two findings. Does not belong here: how groups and moments are kept apart (`modeling.core.splits`), or
the scores of rows whose group was seen (`modeling.evaluation.seen_groups`).
"""

import polars as pl
import polars.selectors as cs

from catalogue.definition import UseCase
from modeling.core.record import LeakageFinding

EXAMPLES = 5


def groups(frame: pl.DataFrame, roles: pl.Series, use_case: UseCase) -> LeakageFinding:
    """Values of the group in more than one role: an error, but for a split by time, in which they may return."""
    group, name = use_case.columns.group, "groups_across_roles"
    if group is None:
        return LeakageFinding(name=name, passed=True, severity="error", message="no group is declared")
    seen = frame.select(cs.by_name(group), _learning(roles).alias("role of the row"))
    spread = (
        seen.group_by(cs.by_name(group)).agg(pl.col("role of the row").n_unique()).filter(pl.col("role of the row") > 1)
    )
    returning = use_case.split.by == "time"
    return LeakageFinding(
        name=name,
        passed=spread.is_empty(),
        severity="warning" if returning else "error",
        message=f"every value of {group!r} stays in one role"
        if spread.is_empty()
        else _returning(seen, group)
        if returning
        else f"{spread.height:,} values of {group!r} appear in more than one role",
        examples=[str(value) for value in spread[group].sort().head(EXAMPLES)],
    )


def _learning(roles: pl.Series) -> pl.Series:
    """With the rows that tune among those that train, from which they are drawn."""
    return roles.replace({"tune": "train"})


def _returning(seen: pl.DataFrame, group: str) -> str:
    role = pl.col("role of the row")
    known = seen.filter(role != "test")[group].unique()
    test = seen.filter(role == "test")[group]
    share = test.is_in(known.implode()).sum() / len(test)
    return (
        f"{share:.0%} of the test rows are of a {group!r} that was seen before the test: the score is mostly of such, "
        "and new ones are scored apart"
    )


def moments(frame: pl.DataFrame, roles: pl.Series, use_case: UseCase) -> LeakageFinding:
    """Whether each role ends before the next begins: an error where the split is by time."""
    time = use_case.columns.time
    if time is None:
        return LeakageFinding(name="time_across_roles", passed=True, severity="warning", message="no time is declared")
    of_role = frame.select(cs.by_name(time), role=_learning(roles)).group_by("role")
    spans = of_role.agg(first=cs.by_name(time).min(), last=cs.by_name(time).max()).sort("role")
    ordered = bool((spans["first"] > spans["last"].shift(1)).fill_null(True).all())
    spelled = "; ".join(f"{role} {first} to {last}" for role, first, last in spans.iter_rows())
    said = "each role ends before the next begins" if ordered else "the roles overlap in time"
    return LeakageFinding(
        name="time_across_roles",
        passed=ordered,
        severity="error" if use_case.split.by == "time" else "warning",
        message=f"{said}: {spelled}",
    )
