"""The first comparison of all industries.

Belongs here: what the evaluations of all industries say about entering, and what they do not. Does not belong here:
value or risk, which nothing measures yet: they print as missing, and without them there is no GO.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from modeling.core.record import Evaluation
from modeling.core.report import Report
from modeling.reports import comparison
from modeling.reports.document import Cell, Columns, Document, Link, Measure, Section, Status, TableBlock
from modeling.reports.judgements import evidence_badge, outcomes, outcomes_in_words
from modeling.reports.rendering import render as render_document
from modeling.reports.wording import NOT_MEASURED, seconds

_MISSING = Status("missing", "caution")
_RULE = (
    "Model evidence is sufficient when the model of at least one use case may serve (it was published, if only without "
    "a gain over the simple model), is made from real data, and is decisively better than its trivial baseline."
)
_UNDECIDED = (
    "An entry decision also needs value (who pays how much) and risk (privacy, fairness, rules). Neither has been "
    "measured, so this report gives no verdict on entering and ranks no industry."
)


@dataclass(frozen=True)
class _Standing:
    """An industry and its evaluations, `industry/use_case` -> record."""

    name: str
    title: str
    evaluations: dict[str, Evaluation]

    @property
    def published(self) -> list[Evaluation]:
        """Those whose champion may serve."""
        return [item for item in self.evaluations.values() if item.published]

    @property
    def gaps(self) -> list[str]:
        """Why the evidence is insufficient; empty where it suffices."""
        if not self.evaluations:
            return ["no use case evaluated"]
        if not self.published:
            return ["no use case published"]
        real = [item for item in self.published if item.evidence == "real"]
        if not real:
            return ["no published use case is made from real data"]
        if not any(item.lift.decisive and item.lift.value > 0 for item in real):
            return ["no published use case on real data is decisively better than its baseline"]
        return []

    @property
    def evidence(self) -> Status:
        return Status("insufficient", "bad") if self.gaps else Status("sufficient", "good")


def _standings(industries: Mapping[str, str], evaluations: Mapping[str, Evaluation]) -> list[_Standing]:
    return [
        _Standing(name, title, {key: item for key, item in evaluations.items() if item.industry == name})
        for name, title in sorted(industries.items())
    ]


def render(
    industries: Mapping[str, str],
    evaluations: Mapping[str, Evaluation],
    links: Mapping[str, str] | None = None,
    retired: Mapping[str, str] | None = None,
    unreadable: Mapping[str, str] | None = None,
    trail: Sequence[Link] = (),
) -> Report:
    """All industries side by side.

    `industries` maps an industry to its title; one without evaluations is listed as such. `evaluations` is keyed by
    `industry/use_case`, `links` holds the relative paths of reports by either key, `retired` since when, or why,
    a use case is, `unreadable` why an evaluation is left out, `trail` the reports above this one. `json` sums
    all up.
    """
    links, retired = links or {}, retired or {}
    standings = _standings(industries, evaluations)
    sufficient = sum(not standing.gaps for standing in standings)
    document = Document(
        kind="Market entry report, first comparison",
        title="Which industries could we enter?",
        lead="What the models of each industry have shown on rows they had not seen.",
        badges=list(dict.fromkeys(evidence_badge(item) for item in evaluations.values())),
        verdict=Status("Insufficient evidence to decide: value and risk are missing", "caution"),
        verdict_reasons=[f"Model evidence is sufficient in {sufficient} of {len(standings)} industries. {_UNDECIDED}"],
        measures=[
            Measure("Industries", str(len(standings))),
            Measure("Use cases evaluated", str(len(evaluations))),
            *(Measure(name.capitalize(), str(number)) for name, number in outcomes(evaluations.values()).items()),
            Measure("Sufficient model evidence", f"{sufficient} of {len(standings)}"),
        ],
        summary=[],
        sections=[
            *comparison.left_out(unreadable or {}),
            _industries(standings, links),
            _inputs(standings, links),
            _use_cases(evaluations, links, retired),
        ],
        trail=trail,
        footer=f"Made from {len(evaluations)} evaluation records.",
    )
    return render_document(document, _json(standings, retired))


def _industries(standings: list[_Standing], links: Mapping[str, str]) -> Section:
    columns: Columns = {
        "Industry": "text",
        "Use cases": "number",
        "Verdicts": "text",
        "Decisive lift": "number",
        "Evidence": "text",
        "Closest gate": "text",
        "Compute time": "number",
        "Model evidence": "text",
        "Because": "text",
    }
    rows = [_industry_row(standing, links) for standing in standings]
    return Section(
        id="industries",
        title="Industries side by side",
        reading=f"{_RULE} The closest gate is the bound the industry's champions come nearest to missing, or missed.",
        term="Counts only. Metrics of different tasks are different scales and are neither averaged nor ranked.",
        blocks=[TableBlock("Industries", columns, rows)],
    )


def _industry_row(standing: _Standing, links: Mapping[str, str]) -> list[Cell]:
    items = list(standing.evaluations.values())
    total = len(items)
    decisive = sum(item.lift.decisive and item.lift.value > 0 for item in items)
    return [
        comparison.linked(standing.title, standing.name, links),
        str(total),
        outcomes_in_words(items) or NOT_MEASURED,
        f"{decisive} of {total}" if total else NOT_MEASURED,
        ", ".join(sorted({item.evidence for item in items})) or NOT_MEASURED,
        comparison.gate_in_words(comparison.closest_gate(items)),
        seconds(sum(item.seconds for item in items)) if total else NOT_MEASURED,
        standing.evidence,
        "; ".join(standing.gaps) or "may serve, real and decisive",
    ]


def _inputs(standings: list[_Standing], links: Mapping[str, str]) -> Section:
    columns: Columns = {
        "Industry": "text",
        "Feasibility": "text",
        "Value": "text",
        "Risk": "text",
        "Entry verdict": "text",
    }
    insufficient = Status("insufficient evidence", "caution")
    rows: list[list[Cell]] = [
        [
            comparison.linked(standing.title, standing.name, links),
            Status("measured", "good") if standing.evaluations else _MISSING,
            _MISSING,
            _MISSING,
            insufficient,
        ]
        for standing in standings
    ]
    return Section(
        id="inputs",
        title="What is measured and what is missing",
        reading="Entering takes three answers: can it be built (feasibility), is it worth it (value), what could go "
        "wrong (risk). Only the first has been measured; a missing answer is not a zero.",
        blocks=[TableBlock("Inputs of the entry decision", columns, rows)],
    )


def _use_cases(evaluations: Mapping[str, Evaluation], links: Mapping[str, str], retired: Mapping[str, str]) -> Section:
    return Section(
        id="use-cases",
        title="The use cases behind it",
        reading="How each champion does, and how much better that is than doing without a model (baseline) or with a "
        "simple one. A range that includes zero is not decisive.",
        term="Paired bootstrap, 95% intervals.",
        blocks=[
            comparison.overview(evaluations, links, retired),
            comparison.scores(evaluations, links),
            *comparison.lifts(evaluations),
        ],
    )


def _json(standings: list[_Standing], retired: Mapping[str, str]) -> str:
    industries = {
        standing.name: {
            "title": standing.title,
            "evidence": standing.evidence.text,
            "gaps": standing.gaps,
            "published": len(standing.published),
            "verdicts": outcomes(standing.evaluations.values()),
            "value": None,
            "risk": None,
            "use_cases": {
                key: comparison.summary(item, retired.get(key)) for key, item in standing.evaluations.items()
            },
        }
        for standing in standings
    }
    return json.dumps({"industries": industries}, indent=2, ensure_ascii=False)
