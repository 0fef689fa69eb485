"""What a `use_case.yaml` should say about a table.

Belongs here: putting together what target, columns, split and contract say. Does not belong here: any of the parts.
"""

from dataclasses import dataclass, field
from typing import Any

import polars as pl
import polars.selectors as cs

from catalogue.definition import UseCase
from catalogue.errors import suggestion
from modeling.core.spellings import alike
from modeling.problems import tasks
from modeling.proposal import columns, contract, series
from modeling.proposal.columns import Roles, roles
from modeling.proposal.restatement import leave_out_restating
from modeling.proposal.split import SHARES, cut_or_not, split
from modeling.proposal.target import ProposalError, TargetProposal, answer
from modeling.proposal.writing import Place

FORECASTING = "forecasting"
MIN_ROWS = 50
"""With fewer rows nothing can be learned and judged."""
FEW_ROWS = 1000
"""Below this, deep learners have too little to learn from."""
MANY_ROWS = 200_000
"""Above this, a deep learner sees a part of the rows only, on a CPU; one is enough."""
_BY_TIME = {"by": "time", **SHARES}, "a forecast learns from the past"
ORDER = (
    *("title", "task", "source", "target", "positive", "settings", "columns", "split", "contract", "metric"),
    *("learners", "gates", "limits"),
)
"""The keys of a definition, as people write them."""
UNKNOWN_SOURCE = "licence and citation are not known: write them down before a report is shown to anybody"
LIMIT = "Proposed from the data alone: nobody who knows it has confirmed what the columns mean and when they are known."


@dataclass
class Proposal:
    """The content of a `use_case.yaml`, the evidence for each place in it, and what should be checked."""

    definition: dict[str, Any]
    evidence: dict[Place, str] = field(default_factory=dict)
    doubts: list[str] = field(default_factory=list)


def propose(table: pl.DataFrame, target: str, *, source: dict[str, Any], title: str, task: str | None) -> Proposal:
    """A definition for `table`, whose column `target` is to be predicted.

    `source` is how the definition names the data; `task` is the requested one, or None: the target decides.

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
    meant = roles(table.drop(cs.by_name(target)))
    if settings := _forecast(rows, target, found, meant, requested=task == FORECASTING):
        draft = _Draft(_of_series(found, settings), meant, *_BY_TIME)
    else:
        meant = cut_or_not(rows, target, found, meant)
        draft = _Draft(found, meant, *split(found, meant))
        use_case = UseCase.model_validate(draft.definition(table, target, source, title))
        leave_out_restating(rows, use_case, found, meant)
    definition = draft.definition(table, target, source, title)
    clauses = list(contract.clauses(table, target, is_classes=found.is_classes, columns=meant))
    definition["contract"] = [clause.rule for clause in clauses]
    evidence = draft.evidence(definition, table.height)
    evidence |= {("contract", place): clause.evidence for place, clause in enumerate(clauses)}
    unsure = *columns.doubts(meant), *alike(table.drop(cs.by_name(*meant.taken))), *draft.found.doubts
    unsure = *unsure, *contract.doubts(table, target, meant)
    return Proposal(definition, evidence, [*unsure, UNKNOWN_SOURCE])


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
            if role == "drop":  # says why itself, a line each
                evidence |= {("columns", role, name): "" for name in held}
                continue
            named = {("columns", role): held} if isinstance(held, str) else {}
            named = named or {("columns", role, place): name for place, name in enumerate(held)}
            evidence |= {place: self.meant.evidence[name] for place, name in named.items()}
        return evidence


def _learners(task: str, rows: int) -> list[str]:
    learners = list(tasks.task_type(task).learners)
    if task == FORECASTING:
        return learners
    return learners[:2] if rows < FEW_ROWS else learners[:3] if rows > MANY_ROWS else learners


def _forecast(
    rows: pl.DataFrame, target: str, found: TargetProposal, meant: Roles, *, requested: bool
) -> dict[str, Any] | None:
    """The settings of a forecast, where that is requested or nothing but the past could predict the target; settles
    which column names the series.

    Raises
    ------
    ProposalError: a forecast is requested, and these are no regular series.
    """
    unread = {target, *meant.taken}
    rest = [name for name in rows.columns if name not in unread]
    if found.task != "regression" or not (requested or (meant.time and len(rest) <= 1)):
        return None
    groups = [*rest, meant.group, None] if meant.time else []
    tried = {group: series.found(rows, target, str(meant.time), group) for group in groups}
    for group, one in tried.items():
        if one.settings and (requested or (rest in ([], [group]) and one.filled >= series.EMPTIEST)):
            meant.group = group
            if group is not None:
                meant.evidence[group] = f"{rows[group].n_unique():,} series"
            meant.doubts += one.doubts
            return one.settings
    reasons = [one.why_not for one in tried.values() if one.why_not]
    if requested or (rest == [] and reasons):
        raise ProposalError(_no_forecast(meant.time, reasons))
    if rest and (why := tried[rest[0]].why_not):
        found.doubts.append(f"rows of one {rest[0]!r} look like a series, which can't be forecast as it is: {why}")
    return None


def _no_forecast(time: str | None, reasons: list[str]) -> str:
    column = "no column is one" if time is None else f"{time!r} is not"
    return (
        "a forecast needs a column of dates or moments in regular steps, each once in a series: "
        f"{reasons[0] if reasons else column}"
    )


def _of_series(found: TargetProposal, settings: dict[str, Any]) -> TargetProposal:
    series_of = TargetProposal(FORECASTING, doubts=found.doubts)
    series_of.evidence["task"] = "a number in regular steps of time; only its own past can predict it"
    rhythm = f"steps of {settings['frequency']}; the usual seasons of such steps that the history holds twice"
    series_of.add("settings", settings, rhythm)
    series_of.doubts.append(f"forecasts reach {settings['horizon']} steps ahead: set `horizon` to what is needed")
    return series_of
