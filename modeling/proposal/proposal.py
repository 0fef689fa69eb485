"""What a `use_case.yaml` should say about a table.

Belongs here: putting together what target, columns and contract say, and trying it on the rows: the split is made, the
features are fitted, and the leakage audit is asked, as in a run. Does not belong here: any of the parts.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from catalogue.definition import TimeSplit, UseCase
from catalogue.errors import suggestion
from modeling.core import leakage, splits
from modeling.core.features import FeatureError, FeatureRecipe, feature_columns
from modeling.core.row_task import RowTask
from modeling.problems import tasks
from modeling.proposal import columns, series
from modeling.proposal.columns import Roles, roles
from modeling.proposal.contract import contract
from modeling.proposal.target import ProposalError, TargetProposal, answer
from modeling.proposal.writing import Place

FORECASTING = "forecasting"
MIN_ROWS = 50
"""With fewer rows nothing can be learned and judged."""
FEW_ROWS = 1000
"""Below this, deep learners have too little to learn from."""
MANY_ROWS = 200_000
"""Above this, a deep learner's time budget sees a part only; one is enough."""
TRIED_ROWS = 20_000
SHARES = {"valid": 0.15, "test": 0.25}
_BY_TIME = {"by": "time", **SHARES}, "a forecast learns from the past"
ORDER = (
    *("title", "task", "source", "target", "positive", "settings", "columns", "split", "contract", "metric"),
    *("learners", "gates", "limits"),
)
"""The keys of a definition, as people write them."""
SMALLEST_ROLE = 0.05
"""Share of the rows below which a role tells nothing."""
RARE_CLASS = 0.05
SAME_ORDER = 0.995
"""Rank correlation from which on a feature is a function of the target."""
KNOWN_THEN = "is it known at the moment of prediction? If not, move it to columns.drop"
UNKNOWN_SOURCE = "licence and citation are not known: write them down before a report is shown to anybody"
LIMIT = "Proposed from the data alone: nobody who knows it has confirmed what the columns mean and when they are known."


@dataclass
class Proposal:
    """The content of a `use_case.yaml`, what speaks for each place in it, and what should be looked at."""

    definition: dict[str, Any]
    evidence: dict[Place, str] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)


def propose(table: pl.DataFrame, target: str, *, source: dict[str, Any], title: str, task: str | None) -> Proposal:
    """A definition for `table`, whose column `target` is to be predicted.

    `source` is how the definition names the data; `task` is asked for, or told from the target where it is None.

    Raises
    ------
    ProposalError: there is no such target, too few rows, or nothing that could be learned.
    """
    if target not in table.columns:
        raise ProposalError(f"the data has no column {target!r}; {suggestion(target, table.columns)}")
    found = answer(table[target], "regression" if task == FORECASTING else task)
    rows = table.filter(table[target].is_not_null())
    if rows.height < MIN_ROWS:
        raise ProposalError(f"{rows.height} rows have a target, {MIN_ROWS} are needed: deliver more")
    meant = roles(table.drop(target))
    if settings := _forecast(rows, target, found, meant, asked=task == FORECASTING):
        draft = _Draft(_of_series(found, settings), meant, *_BY_TIME)
    else:
        meant = _cut_or_not(rows, target, found, meant)
        draft = _Draft(found, meant, *_split(found, meant))
        _leave_out_restating(rows, UseCase.model_validate(draft.definition(table, target, source, title)), draft)
    definition = draft.definition(table, target, source, title)
    clauses = list(contract(table, target, is_classes=found.is_classes, columns=meant))
    definition["contract"] = [clause.rule for clause in clauses]
    evidence = draft.evidence(definition, table.height)
    evidence |= {("contract", place): clause.evidence for place, clause in enumerate(clauses)}
    return Proposal(definition, evidence, [*columns.doubts(meant), *draft.found.doubts, UNKNOWN_SOURCE])


@dataclass
class _Draft:
    """What the parts have found so far."""

    found: TargetProposal
    meant: Roles
    split: dict[str, Any]
    why_split: str

    def definition(self, table: pl.DataFrame, target: str, source: dict[str, Any], title: str) -> dict[str, Any]:
        """In the order in which people write it; the contract is still empty."""
        task = self.found.task
        keys = {"title": title, "task": task, "source": source, "target": target, **self.found.keys}
        keys |= {"columns": self.meant.keys(), "split": self.split, "contract": []}
        keys |= {"learners": _learners(task, table.height), "limits": [LIMIT]}
        return {key: keys[key] for key in ORDER if keys.get(key, {}) != {}}

    def evidence(self, definition: dict[str, Any], rows: int) -> dict[Place, str]:
        """What speaks for each place in it, but for the contract."""
        evidence: dict[Place, str] = {(key,): because for key, because in self.found.evidence.items()}
        evidence[("source", "licence")] = "who may use the data, and for what?"
        evidence[("split",)] = self.why_split
        evidence[("limits", 0)] = "take this out once somebody has"
        if len(definition["learners"]) < len(tasks.task_type(self.found.task).learners):
            evidence[("learners",)] = f"those of the task that {rows:,} rows are right for"
        for role, held in definition.get("columns", {}).items():
            named = {("columns", role): held} if isinstance(held, str) else {}
            named = named or {("columns", role, place): name for place, name in enumerate(held)}
            evidence |= {place: self.meant.evidence[name] for place, name in named.items()}
        return evidence


def _learners(task: str, rows: int) -> list[str]:
    learners = list(tasks.task_type(task).learners)
    if task == FORECASTING:
        return learners
    return learners[:2] if rows < FEW_ROWS else learners[:3] if rows > MANY_ROWS else learners


# --- series -----------------------------------------------------------------------------------------------------------


def _forecast(
    rows: pl.DataFrame, target: str, found: TargetProposal, meant: Roles, *, asked: bool
) -> dict[str, Any] | None:
    """The settings of a forecast where that is asked for, or nothing but the past could tell the target. Settles which
    column names the series.

    Raises
    ------
    ProposalError: a forecast is asked for, and these are no regular series.
    """
    rest = [name for name in rows.columns if name != target and name not in meant.taken]
    if found.task != "regression" or not (asked or (meant.time and len(rest) <= 1)):
        return None
    for group in (*rest, meant.group, None):
        settings = series.settings(rows, meant.time, group) if meant.time else None
        if settings is not None and (asked or rest in ([], [group])):
            meant.group = group
            if group is not None:
                meant.evidence[group] = f"{rows[group].n_unique():,} series"
            return settings
    if asked:
        raise ProposalError(
            "a forecast needs a column of dates or moments in regular steps, each once in a series: "
            f"{'no column is one' if meant.time is None else f'{meant.time!r} is not'}"
        )
    return None


def _of_series(found: TargetProposal, settings: dict[str, Any]) -> TargetProposal:
    series_of = TargetProposal(FORECASTING, doubts=found.doubts)
    series_of.evidence["task"] = "a number in regular steps of time; only its own past can tell it"
    rhythm = f"steps of {settings['frequency']}; the usual seasons of such steps that the history holds twice"
    series_of.add("settings", settings, rhythm)
    series_of.doubts.append(f"forecasts reach {settings['horizon']} steps ahead: set `horizon` to what is needed")
    return series_of


# --- tables -----------------------------------------------------------------------------------------------------------


def _cut_or_not(rows: pl.DataFrame, target: str, found: TargetProposal, meant: Roles) -> Roles:
    """The roles of columns where the time can't part the rows: it is a feature then, and units are kept together."""
    if meant.time is None or not (why := _no_cut(rows, target, found, meant.time)):
        return meant
    orderless = roles(rows.drop(target), ordered=False)
    orderless.doubts.append(f"{meant.time!r} is a feature and does not part the rows: {why}")
    return orderless


def _split(found: TargetProposal, meant: Roles) -> tuple[dict[str, Any], str]:
    """How to part the rows, and why."""
    if meant.time is not None:
        return {"by": "time", **SHARES}, f"{meant.time!r} orders the rows: the future is predicted"
    if meant.group is not None:
        return {"by": "group", **SHARES}, f"rows of one {meant.group!r} are alike"
    if found.is_classes:
        because = "nothing orders or groups the rows; every role gets its share of every class"
        return {"by": "random", "stratify": "target", **SHARES}, because
    return {"by": "random", **SHARES}, "nothing orders or groups the rows"


def _no_cut(rows: pl.DataFrame, target: str, found: TargetProposal, time: str) -> str:
    """Why a split by time would not do; empty where it does."""
    cut = TimeSplit(by="time", **SHARES)
    known = rows.filter(rows[time].is_not_null())
    try:
        part = splits.by_time(known[time], cut)
    except splits.SplitError as error:
        return str(error)
    sizes = part.value_counts(name="rows")["rows"]
    if len(sizes) < len(splits.ROLES) or int(str(sizes.min())) < SMALLEST_ROLE * known.height:
        return "too many rows are of one moment"
    if found.is_classes and (lacking := _lacking(known[target], part)):
        return f"the class {lacking!r} is missing in a part of the time"
    return ""


def _lacking(target: pl.Series, part: pl.Series) -> str | None:
    """A class that a role lacks; of many classes the rare ones may."""
    classes = target.value_counts(name="rows").filter(pl.col("rows") >= RARE_CLASS * len(target))[target.name]
    held = pl.DataFrame({"class": target, "role": part}).unique().group_by("class").len()
    whole = held.filter(pl.col("len") == len(splits.ROLES))["class"]
    least = target.unique() if target.n_unique() == 2 else classes
    return next((str(name) for name in least if name not in whole), None)


def _leave_out_restating(rows: pl.DataFrame, use_case: UseCase, draft: _Draft) -> None:
    """Drop the features that are the target in disguise, unless nothing else is left.

    Raises
    ------
    ProposalError: there is nothing to learn from.
    """
    meant, use_case = draft.meant, use_case.placed("proposed", Path())
    features = feature_columns(rows.columns, use_case)
    if not features:
        left_out = "; ".join(f"{name!r} ({meant.evidence[name]})" for name in sorted(meant.taken))
        raise ProposalError(f"no column is left to learn from: {left_out}. Name the features in a folder by hand")
    sample = rows if rows.height <= TRIED_ROWS else rows.sample(TRIED_ROWS, seed=0)
    if meant.time:
        sample = sample.filter(sample[meant.time].is_not_null())
    scores = _scores(sample, use_case, features)
    measure = "ROC AUC" if draft.found.is_classes else "R²"
    told = {name: f"alone {measure} {score:.3f}" for name, score in scores.items() if score > leakage.SOLVED}
    told |= _restating(sample, use_case.target, features, draft.found)
    if rest := [name for name in scores if name not in told]:
        best = max(rest, key=lambda name: scores[name])
        meant.doubts.append(f"{best!r} tells most alone ({measure} {scores[best]:.2f}): {KNOWN_THEN}")
    if not told:
        return
    listed = ", ".join(f"{name!r} ({because})" for name, because in told.items())
    if set(told) == set(features):
        meant.doubts.append(f"every feature nearly is the target: {listed}. Are they known before?")
        return
    for name, because in told.items():
        meant.leave_out(name, f"{because}: known only afterwards?")
    meant.doubts.append(f"left out for nearly being the target: {listed}. If known before, take them back")


def _restating(sample: pl.DataFrame, target: str, features: list[str], found: TargetProposal) -> dict[str, str]:
    """Features that are the target in other words: one value a class, or the same order of the rows."""
    if found.is_classes:
        varied = [name for name in features if sample[name].drop_nulls().n_unique() > 1]
        values = sample.group_by(target).agg(pl.col(name).drop_nulls().n_unique() for name in varied)
        return {name: "the same in all rows of a class" for name in varied if (values[name] <= 1).all()}
    numbers = [name for name in features if sample.schema[name].is_numeric()]
    ranks = sample.select(pl.corr(name, target, method="spearman").abs().fill_nan(0) for name in numbers)
    return {name: "orders the rows alike" for name in numbers if (ranks[name].item() or 0) > SAME_ORDER}


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
    scores = leakage.scores_alone(train, valid, classes)
    return {name: score for name, score in scores.items() if name in features}
