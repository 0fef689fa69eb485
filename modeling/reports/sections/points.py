"""The short lists beside the verdict: what it rests on, what could sink it, what it does not show, what to do next.

Belongs here: what a reader of two screens needs of the sections below. Does not belong here: the verdict and its
numbers (`use_case`), or anything that no section shows in full.
"""

from collections.abc import Mapping

from catalogue.definition import ColumnDescription
from modeling.core.record import Evaluation
from modeling.reports.judgements import failed_gates
from modeling.reports.wording import count, percent

_MOST = 3
"""Limits and features that are named; their sections have all."""


def points(evaluation: Evaluation, dictionary: Mapping[str, ColumnDescription]) -> dict[str, list[str]]:
    """Each list under its heading; one that would be empty is left out."""
    lists = {
        "What it rests on": [
            *_rows(evaluation),
            _rules(evaluation),
            *_audit(evaluation),
            *_features(evaluation, dictionary),
        ],
        "What could sink it": evaluation.verdict.facts,
        "What it does not show": _limits(evaluation),
        "What to do next": _next(evaluation),
    }
    return {heading: items for heading, items in lists.items() if items}


def _rows(evaluation: Evaluation) -> list[str]:
    rows = evaluation.rows
    groups = f", in {count(evaluation.groups)} groups that stay together" if evaluation.groups else ""
    learned = f"{count(rows.train + rows.tune + rows.valid)} rows to learn and choose from"
    times = "once" if evaluation.test_accesses == 1 else f"{evaluation.test_accesses} times"
    return [f"{learned}, {count(rows.test)} sealed test rows{groups}, opened {times}."]


def _rules(evaluation: Evaluation) -> str:
    broken = sum(not result.passed for result in evaluation.contract)
    if not broken:
        return f"Data that meet all {len(evaluation.contract)} rules of their contract."
    aside = f"; {count(evaluation.rows.quarantined)} rows are set aside" if evaluation.rows.quarantined else ""
    return f"Data that break {broken} of {len(evaluation.contract)} rules of their contract{aside}."


def _audit(evaluation: Evaluation) -> list[str]:
    if not evaluation.leakage:
        return []
    found = [finding.name.replace("_", " ") for finding in evaluation.leakage if not finding.passed]
    if not found:
        return [f"A leakage audit that found nothing in {len(evaluation.leakage)} points."]
    return [
        f"A leakage audit that found something in {len(found)} of {len(evaluation.leakage)} points: {', '.join(found)}."
    ]


def _features(evaluation: Evaluation, dictionary: Mapping[str, ColumnDescription]) -> list[str]:
    """The features that lead, where their order means something."""
    explanation = evaluation.explanation
    if explanation is None or not explanation.holds or not explanation.importances:
        return []
    leading = sorted(explanation.importances, key=lambda feature: -feature.loss)[:_MOST]
    names = [
        one.feature + (f" ({dictionary[one.feature].means})" if one.feature in dictionary else "") for one in leading
    ]
    return [f"Among the features, most of all: {', '.join(names)}."]


def _limits(evaluation: Evaluation) -> list[str]:
    more = len(evaluation.limits) - _MOST
    return [*evaluation.limits[:_MOST], *([f"And {more} more, in the section of that name."] if more > 0 else [])]


def _next(evaluation: Evaluation) -> list[str]:
    simple = evaluation.simple.learner if evaluation.simple else "a simple model"
    failed = [gate.name.replace("_", " ") for gate in failed_gates(evaluation)]
    steps = {
        "published": ["Let it serve, and watch the report on drift with each delivery."],
        "gain not shown": [
            f"Decide whether {simple} is enough: it is cheaper, and nothing shows yet that it is worse.",
            "More test rows narrow the interval; they decide it if anything does.",
        ],
        "held back": [
            f"Meet what is not met ({', '.join(failed)}) with better data, features or learners, then "
            f"sectorforge run {evaluation.use_case}; a bound is not moved to be met."
        ],
    }[evaluation.verdict.outcome]
    if evaluation.evidence != "real":
        steps = [*steps, f"Judge it on real data before anything is decided: these are {evaluation.evidence}."]
    aside = evaluation.rows.quarantined
    share = f" ({percent(aside / evaluation.rows.raw)})" if evaluation.rows.raw else ""
    return [*steps, *([f"Look at the {count(aside)} rows{share} that the contract set aside."] if aside else [])]
