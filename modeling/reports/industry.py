"""The report on one industry: its use cases side by side.

Belongs here: what an industry's use cases say together. Does not belong here: one use case in depth (`use_case`), or
other industries (`market_entry`).
"""

import json
from collections.abc import Mapping

from modeling.core.record import Evaluation
from modeling.core.report import Report
from modeling.reports import comparison
from modeling.reports.document import Block, Bullets, Columns, Document, Measure, Paragraph, Section, Status, TableBlock
from modeling.reports.rendering import render as render_document
from modeling.reports.wording import NOT_MEASURED, evidence_badge, failed_gates, lift_over_simple, seconds


def render(
    title: str,
    description: str,
    evaluations: Mapping[str, Evaluation],
    links: Mapping[str, str] | None = None,
    retired: Mapping[str, str] | None = None,
    unreadable: Mapping[str, str] | None = None,
) -> Report:
    """The use cases of one industry.

    `evaluations` is keyed by use case (`industry/use_case`), `links` holds the path of a use case's report relative to
    this one, `retired` since when, or why, one is,
    `unreadable` why an evaluation is left out. `json` sums the industry up.
    """
    links, retired = links or {}, retired or {}
    published = [item for item in evaluations.values() if item.published]
    document = Document(
        kind="Industry report",
        title=title,
        lead=description,
        badges=_evidence_badges(evaluations),
        verdict=_verdict(len(published), len(evaluations)),
        verdict_reasons=[_decisive_in_words(evaluations)],
        measures=_measures(evaluations, len(published)),
        summary=[],
        sections=[
            *comparison.left_out(unreadable or {}),
            _use_cases(evaluations, links, retired),
            _held_back(evaluations),
            _limits(evaluations),
            _provenance(evaluations),
        ],
        footer=f"Made from {len(evaluations)} evaluation records.",
    )
    return render_document(document, _json(title, evaluations, retired))


def _evidence_badges(evaluations: Mapping[str, Evaluation]) -> list[Status]:
    return list(dict.fromkeys(evidence_badge(item) for item in evaluations.values()))


def _verdict(published: int, total: int) -> Status:
    if not total:
        return Status("No use case has been evaluated")
    tone = "good" if published == total else "caution" if published else "bad"
    return Status(f"{published} of {total} use cases published", tone)


def _decisive_in_words(evaluations: Mapping[str, Evaluation]) -> str:
    gains = sum(item.lift.decisive and item.lift.value > 0 for item in evaluations.values())
    over = [lift for item in evaluations.values() if (lift := lift_over_simple(item)) is not None]
    over_simple = sum(lift.decisive and lift.value > 0 for lift in over)
    return (
        f"The champion is decisively better than the trivial baseline in {gains} of {len(evaluations)} use cases, and "
        f"than a simple model in {over_simple} of the {len(over)} where that was measured."
    )


def _measures(evaluations: Mapping[str, Evaluation], published: int) -> list[Measure]:
    time = sum(item.seconds for item in evaluations.values())
    return [
        Measure("Use cases", str(len(evaluations))),
        Measure("Published", str(published)),
        Measure("Compute time, all use cases", seconds(time) if evaluations else NOT_MEASURED),
    ]


def _use_cases(evaluations: Mapping[str, Evaluation], links: Mapping[str, str], retired: Mapping[str, str]) -> Section:
    blocks: list[Block] = [
        comparison.overview(evaluations, links, retired),
        comparison.scores(evaluations),
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


def _held_back(evaluations: Mapping[str, Evaluation]) -> Section:
    rows = [
        [key, gate.name.replace("_", " "), gate.message]
        for key, item in evaluations.items()
        for gate in failed_gates(item)
    ]
    columns: Columns = {"Use case": "text", "Gate": "text", "Why": "text"}
    return Section(
        id="held-back",
        title="What is held back, and why",
        reading="A champion that misses a bound set beforehand is not published.",
        blocks=[TableBlock("Failed gates", columns, rows) if rows else Paragraph("No gate failed.")],
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
