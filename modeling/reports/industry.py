"""The report on one industry: its use cases side by side.

Belongs here: what an industry's use cases say together. Does not belong here: one use case in depth (`use_case`), or
other industries (`market_entry`).
"""

import json
from collections.abc import Mapping, Sequence

from modeling.core.record import Evaluation
from modeling.core.report import Report
from modeling.reports import comparison
from modeling.reports.document import (
    Block,
    Bullets,
    Cell,
    Columns,
    Document,
    Link,
    Measure,
    Paragraph,
    Section,
    Status,
    TableBlock,
)
from modeling.reports.judgements import evidence_badge, failed_gates, outcome, outcomes, outcomes_in_words
from modeling.reports.rendering import render as render_document
from modeling.reports.wording import NOT_MEASURED, lift_over_simple, seconds


def render(
    title: str,
    description: str,
    evaluations: Mapping[str, Evaluation],
    links: Mapping[str, str] | None = None,
    retired: Mapping[str, str] | None = None,
    unreadable: Mapping[str, str] | None = None,
    trail: Sequence[Link] = (),
) -> Report:
    """The use cases of one industry.

    `evaluations` is keyed by use case (`industry/use_case`), `links` holds the path of a use case's report relative to
    this one, `retired` since when, or why, one is,
    `unreadable` why an evaluation is left out, `trail` the reports above this one. `json` sums the industry up.
    """
    links, retired = links or {}, retired or {}
    document = Document(
        kind="Industry report",
        title=title,
        lead=description,
        badges=_evidence_badges(evaluations),
        verdict=_verdict(list(evaluations.values())),
        verdict_reasons=[_decisive_in_words(evaluations)],
        measures=_measures(evaluations),
        summary=[],
        sections=[
            *comparison.left_out(unreadable or {}),
            _use_cases(evaluations, links, retired),
            _held_back(evaluations, links),
            _limits(evaluations),
            _provenance(evaluations),
        ],
        trail=trail,
        footer=f"Made from {len(evaluations)} evaluation records.",
    )
    return render_document(document, _json(title, evaluations, retired))


def _evidence_badges(evaluations: Mapping[str, Evaluation]) -> list[Status]:
    return list(dict.fromkeys(evidence_badge(item) for item in evaluations.values()))


def _verdict(evaluations: list[Evaluation]) -> Status:
    if not evaluations:
        return Status("No use case has been evaluated")
    counts = outcomes(evaluations)
    all_published, none_serves = len(evaluations) == counts["published"], len(evaluations) == counts["held back"]
    tone = "good" if all_published else "bad" if none_serves else "caution"
    return Status(f"{len(evaluations)} use cases: {outcomes_in_words(evaluations)}", tone)


def _decisive_in_words(evaluations: Mapping[str, Evaluation]) -> str:
    gains = sum(item.lift.decisive and item.lift.value > 0 for item in evaluations.values())
    over = [lift for item in evaluations.values() if (lift := lift_over_simple(item)) is not None]
    over_simple = sum(lift.decisive and lift.value > 0 for lift in over)
    return (
        f"The champion is decisively better than the trivial baseline in {gains} of {len(evaluations)} use cases, and "
        f"than a simple model in {over_simple} of the {len(over)} where that was measured."
    )


def _measures(evaluations: Mapping[str, Evaluation]) -> list[Measure]:
    time = sum(item.seconds for item in evaluations.values())
    return [
        Measure("Use cases", str(len(evaluations))),
        *(Measure(name.capitalize(), str(number)) for name, number in outcomes(evaluations.values()).items()),
        Measure("Compute time, all use cases", seconds(time) if evaluations else NOT_MEASURED),
    ]


def _use_cases(evaluations: Mapping[str, Evaluation], links: Mapping[str, str], retired: Mapping[str, str]) -> Section:
    blocks: list[Block] = [
        comparison.overview(evaluations, links, retired),
        comparison.scores(evaluations, links),
        *comparison.lifts(evaluations),
    ]
    return Section(
        id="use-cases",
        title="Use cases side by side",
        reading="How each champion does on rows no model had seen, and how much better that is than doing without a "
        "model (baseline) or with a simple one. A range that includes zero is not decisive.",
        term="Paired bootstrap, 95% intervals. Different metrics are different scales and are not ranked.",
        blocks=blocks if evaluations else [Paragraph(f"Use cases: {NOT_MEASURED}.")],
    )


def _held_back(evaluations: Mapping[str, Evaluation], links: Mapping[str, str]) -> Section:
    rows: list[list[Cell]] = [
        [
            comparison.linked(key, key, links),
            outcome(item),
            item.verdict.reason,
            "; ".join(gate.message for gate in failed_gates(item)),
        ]
        for key, item in evaluations.items()
        if item.verdict.outcome != "published"
    ]
    columns: Columns = {"Use case": "text", "Verdict": "text", "Why": "text", "Gates that failed": "text"}
    return Section(
        id="held-back",
        title="What is held back or gains nothing, and why",
        reading="A champion that misses a bound set beforehand, or is decisively worse than the simple model, may not "
        "serve. One whose gain over the simple model is not decisive may, but nothing shows that it is worth more.",
        blocks=[TableBlock("Verdicts", columns, rows) if rows else Paragraph("Every champion was published.")],
    )


def _limits(evaluations: Mapping[str, Evaluation]) -> Section:
    items = [f"{key}: {limit}" for key, item in evaluations.items() for limit in item.limits]
    return Section(
        id="limits",
        title="What this does not show",
        reading="Questions these numbers cannot answer.",
        blocks=[Bullets(items) if items else Paragraph("No limits were written down.")],
    )


def _provenance(evaluations: Mapping[str, Evaluation]) -> Section:
    rows = [
        [key, f"{item.data_version[:12]}…", item.provenance.run_id, item.provenance.finished_at]
        for key, item in evaluations.items()
    ]
    columns: Columns = {"Use case": "text", "Data version": "text", "Run": "text", "Finished (UTC)": "text"}
    return Section(
        id="provenance",
        title="Provenance",
        reading="The records this report was made from.",
        blocks=[TableBlock("Evaluations", columns, rows)],
    )


def _json(title: str, evaluations: Mapping[str, Evaluation], retired: Mapping[str, str]) -> str:
    use_cases = {key: comparison.summary(item, retired.get(key)) for key, item in evaluations.items()}
    return json.dumps({"title": title, "use_cases": use_cases}, indent=2, ensure_ascii=False)
