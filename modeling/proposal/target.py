"""Which task suits a target.

Belongs here: what the target column alone shows: task, event, metric, the gate in the metric's unit. Does not belong
here: the other columns (`modeling.proposal.columns`), or reading a target to learn from it (`modeling.problems`).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl

from modeling.core.target_classes import named
from modeling.core.task import TargetError
from modeling.proposal.names import EVENTS, YEAR, says

MOST_CLASSES = 50
MOST_NUMBERED_CLASSES = 10
"""Whole numbers of more values than this are amounts."""
FEWEST_ROWS = 5
"""Of a class: with fewer, a role has none of it."""
FEW_ROWS = 20
"""Of a class: too few to score it."""
FEWEST_COUNTS = 5
"""Different whole numbers from 0 on, from which on they may be counts."""
TAIL_OF_COUNTS = 0.2
"""Share of the rows of the commonest count that the largest one has at most: classes are more evenly spread."""
MOSTLY = 0.9
"""Share of the rows of one number from which on there is little else to learn."""
YEARS = (1800, 2200)
MOST_MISSING = 0.5
"""Share of the rows without a target that a contract lets pass."""
RARE = 0.05
"""An event with a smaller share of the rows is rare: average precision says more than ROC AUC."""
TRIMMED = 0.99
"""Quantile of the errors beyond which a few rows would decide what guessing costs."""
HEAVY_TAIL = 20
"""Largest value in units of the 99 % quantile, or that in units of the median: a few rows decide the RMSE."""
WORTH_SHARE = 0.05
"""Of what guessing costs: the least lift over it that is worth a model."""


class ProposalError(ValueError):
    """Nothing can be proposed for this table; the message says why, and what to do."""


@dataclass
class TargetProposal:
    """What the target says: keys of the definition with their evidence, and doubts."""

    task: str
    keys: dict[str, Any] = field(default_factory=dict)
    evidence: dict[str, str] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)

    @property
    def is_classes(self) -> bool:
        """Whether the task is one of classification."""
        return self.task.endswith("classification")

    def add(self, key: str, value: Any, because: str) -> None:
        """Propose `key: value` for the definition, with the reason."""
        self.keys[key], self.evidence[key] = value, because


def answer(target: pl.Series, task: str | None) -> TargetProposal:
    """The task that suits a target, or what `task` says about it.

    Raises
    ------
    ProposalError: the target holds one value, a date, too many classes, classes of hardly any row, or nothing the task
    can predict; or most rows have none.
    """
    target = target.cast(pl.Float64) if target.dtype.is_decimal() else target
    known = target.fill_nan(None).drop_nulls() if target.dtype.is_float() else target.drop_nulls()
    distinct = known.n_unique()
    if distinct < 2:
        held = f"is {known[0]!r} in all {len(known):,} rows" if distinct else f"is empty in all {len(target):,} rows"
        raise ProposalError(f"the target {target.name!r} {held}: nothing can be learned; name another column")
    if not (known.dtype.is_numeric() or known.dtype in (pl.Boolean, pl.String, pl.Categorical, pl.Enum)):
        raise ProposalError(
            f"the target {target.name!r} is {known.dtype}: derive a number or a class from it, such as the days until "
            "then, and name that column"
        )
    if (missing := len(target) - len(known)) > MOST_MISSING * len(target):
        raise ProposalError(
            f"the target {target.name!r} is empty in {missing:,} of {len(target):,} rows, more than a contract sets "
            "aside: if an empty cell means something, write the word for it there, else take those rows out"
        )
    if known.dtype.is_numeric() and len(infinite := known.filter(~known.is_finite())):
        raise ProposalError(f"the target {target.name!r} is infinite in {len(infinite):,} rows: take those rows out")
    task = task or _task(known, distinct)
    if task not in _ANSWERS:
        raise ProposalError(f"{task!r} can't be proposed: choose {', '.join(_ANSWERS)}, or write the folder by hand")
    try:
        found = _ANSWERS[task](known, distinct)
    except TargetError as error:
        raise ProposalError(str(error)) from error
    if missing:
        found.doubts.append(f"the target is empty in {missing:,} of {len(target):,} rows, which are quarantined")
    return found


def _task(known: pl.Series, distinct: int) -> str:
    fractions = known.dtype.is_float() and bool((known != known.round()).any())
    amounts = fractions or (known.dtype.is_numeric() and distinct > MOST_NUMBERED_CLASSES)
    if amounts or _are_counts(known):
        return "regression"
    return "binary_classification" if distinct == 2 else "multiclass_classification"


def _are_counts(known: pl.Series) -> bool:
    """Whole numbers from 0 on, of which large ones are rare."""
    if not known.dtype.is_numeric() or known.min() != 0 or known.n_unique() < FEWEST_COUNTS:
        return False
    rows = known.alias("value").value_counts(name="rows").sort("value")["rows"]
    return int(rows[-1]) <= TAIL_OF_COUNTS * int(str(rows.max())) and int(str(rows.arg_max())) < len(rows) / 2


def _binary(known: pl.Series, distinct: int) -> TargetProposal:
    if distinct != 2:
        raise ProposalError(f"the target {known.name!r} holds {distinct:,} values: a binary target holds two")
    names = named(known)
    counts = dict(names.alias("name").value_counts(sort=True).iter_rows())
    _refuse_single(known.name, counts)
    found = TargetProposal("binary_classification")
    found.evidence["task"] = f"two values: {_counted(counts)}"
    events = [name for name in counts if name.strip().lower() in EVENTS]
    event = events[0] if len(events) == 1 else min(counts, key=lambda name: counts[name])
    why = "the name of an event" if len(events) == 1 else "the rarer of two"
    if event.lower() not in ("1", "true"):
        found.add("positive", known.filter(names == event)[0], why)
    if len(events) != 1 or set(counts) == {"1", "2"}:
        found.doubts.append(f"is {event!r} the event to predict? It is {why}: correct `positive` if not")
    share = counts[event] / len(known)
    if share < RARE:
        found.add("metric", "average_precision", f"{event!r} is rare, {share:.1%} of the rows")
        lift = share
    else:
        found.add("metric", "roc_auc", f"{event!r} makes up {share:.0%} of the rows")
        lift = WORTH_SHARE
    found.add("gates", {"min_lift_over_baseline": _rounded(lift)}, "less than that over guessing is no model")
    found.doubts += _few_rows(counts)
    return found


def _multiclass(known: pl.Series, distinct: int) -> TargetProposal:
    if distinct > MOST_CLASSES:
        raise ProposalError(
            f"the target {known.name!r} holds {distinct:,} different values, more than the {MOST_CLASSES} classes that "
            f"are proposed ({_listed(known.unique())}): name another column, or derive fewer classes"
        )
    counts = dict(named(known).alias("name").value_counts(sort=True).iter_rows())
    _refuse_single(known.name, counts)
    found = TargetProposal("multiclass_classification")
    found.evidence["task"] = f"{distinct} values: {_counted(counts)}"
    if known.dtype.is_numeric():
        found.doubts.append(
            f"the target holds {distinct} whole numbers, read as classes: if they are amounts, say `--task regression`"
        )
    found.add("metric", "macro_f1", "every class counts the same")
    found.add("gates", {"min_lift_over_baseline": WORTH_SHARE}, "less than that over guessing is no model")
    found.doubts += _few_rows(counts)
    return found


def _regression(known: pl.Series, distinct: int) -> TargetProposal:
    if not known.dtype.is_numeric():
        raise ProposalError(f"the target {known.name!r} is {known.dtype}, not a number: regression needs one")
    values = known.cast(pl.Float64).to_numpy()
    middle, high, most = np.quantile(np.abs(values), (0.5, 0.99, 1))
    found = TargetProposal("regression")
    found.evidence["task"] = f"{distinct:,} numbers from {values.min():,.6g} to {values.max():,.6g}"
    if most > HEAVY_TAIL * high or high > HEAVY_TAIL * middle:
        errors = np.abs(values - np.median(values))
        cost = float(np.minimum(errors, np.quantile(errors, TRIMMED)).mean()) or float(errors.mean())
        found.add("metric", "mae", f"half are below {middle:,.4g}, the largest is {most:,.4g}: a few decide an RMSE")
    else:
        cost = float(values.std())
        found.add("metric", "rmse", "large errors count more")
    lift = _rounded(WORTH_SHARE * cost)
    found.add("gates", {"min_lift_over_baseline": lift}, f"a twentieth of what guessing costs, {cost:,.4g}")
    found.doubts += _doubts_about_amounts(known, distinct)
    return found


def _doubts_about_amounts(known: pl.Series, distinct: int) -> Iterator[str]:
    common, rows = next(known.alias("value").value_counts(sort=True).iter_rows())
    if rows >= MOSTLY * len(known):
        yield (
            f"the target is {common:,} in {rows:,} of {len(known):,} rows: {len(known) - rows:,} others are few to "
            "learn from; is the question rather whether it differs? Then derive a class, and name that column"
        )
    if says(known.name, YEAR) and known.is_between(*YEARS).all():
        yield f"the target {known.name!r} holds years, read as amounts: a span, such as an age, says more"
    if _are_counts(known):
        yield (
            f"the target holds {distinct} whole numbers from 0, read as counts: if they name classes, say "
            "`--task multiclass_classification`"
        )
    if len(beyond := _beyond(known)):
        yield (
            f"the target holds {_listed(beyond)} where nearly all are far smaller: if these are mistakes, quarantine "
            "them by the rule about its range"
        )


def _beyond(known: pl.Series) -> pl.Series:
    """The values that would decide every squared error."""
    size = known.cast(pl.Float64).abs()
    usual = float(size.quantile(TRIMMED) or 0.0)
    return known.filter(size > HEAVY_TAIL * usual) if usual else known.clear()


_ANSWERS: dict[str, Callable[[pl.Series, int], TargetProposal]] = {
    "binary_classification": _binary,
    "multiclass_classification": _multiclass,
    "regression": _regression,
}


def _counted(counts: dict[str, int], most: int = 5) -> str:
    shown = ", ".join(f"{name!r} ({rows:,})" for name, rows in list(counts.items())[:most])
    return f"{shown}, …" if len(counts) > most else shown


def _listed(values: pl.Series, most: int = 3) -> str:
    shown = ", ".join(repr(value) for value in values.sort().head(most))
    return f"{shown} and {len(values) - most:,} more" if len(values) > most else shown


def _refuse_single(target: str, counts: dict[str, int]) -> None:
    """Refuse classes that can't be both learned and judged."""
    single = {name: rows for name, rows in counts.items() if rows < FEWEST_ROWS}
    if not single:
        return
    remedy = "deliver more of them" if len(counts) == 2 else "merge them into one such as 'other', or take them out"
    raise ProposalError(
        f"the target {target!r} holds classes of hardly any row, {_counted(single)}: a class needs {FEWEST_ROWS} rows "
        f"to be learned, chosen and tested by, and {FEW_ROWS} to be judged: {remedy}"
    )


def _few_rows(counts: dict[str, int]) -> list[str]:
    few = {name: rows for name, rows in counts.items() if rows < FEW_ROWS}
    return [f"classes with fewer than {FEW_ROWS} rows can't be judged: {_counted(few)}"] if few else []


def _rounded(value: float) -> float:
    return float(f"{value:.2g}")
