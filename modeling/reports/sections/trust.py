"""Sections on how far to trust the judgement.

Belongs here: gates, limits and provenance. Does not belong here: any measurement of the model itself.
"""

from modeling.core.record import Evaluation, Gate, Interval
from modeling.reports.document import Bullets, Columns, FactList, Paragraph, Section, TableBlock
from modeling.reports.judgements import passed
from modeling.reports.wording import NOT_MEASURED, listing, number, with_interval


def gates(evaluation: Evaluation) -> Section:
    """Every gate with its bound and what was measured."""
    rows = [
        [gate.name.replace("_", " "), number(gate.bound), _measured(gate), passed(gate.passed), gate.message]
        for gate in evaluation.gates
    ]
    columns: Columns = {"Gate": "text", "Bound": "number", "Measured": "number", "Result": "text", "In words": "text"}
    return Section(
        id="gates",
        title="Gates",
        reading="Bounds that were set before the judgement. One that fails holds the champion back.",
        term="Measured on the sealed test. Where there is an interval, its unfavourable end must meet the bound.",
        blocks=[TableBlock("Gates", columns, rows) if rows else Paragraph("No gate was set for this use case.")],
    )


def _measured(gate: Gate) -> str:
    if gate.measured is None or gate.low is None:
        return number(gate.measured)
    return with_interval(Interval(value=gate.measured, low=gate.low, high=gate.high))


def limits(evaluation: Evaluation) -> Section:
    """What the figures can't show."""
    return Section(
        id="limits",
        title="What this does not show",
        reading="Questions these numbers cannot answer. They belong to any decision that is based on them.",
        blocks=[
            Bullets(evaluation.limits)
            if evaluation.limits
            else Paragraph("No limits were written down for this use case.")
        ],
    )


def provenance(evaluation: Evaluation) -> Section:
    """What one needs to make the figures again."""
    made = evaluation.provenance
    versions = [[name, version] for name, version in sorted(made.versions.items())]
    facts = FactList(
        {
            "Use case": evaluation.use_case,
            "Task": evaluation.task.replace("_", " "),
            "Snapshot": made.snapshot,
            "Definition": made.definition,
            "Code": made.code,
            "Seeds": listing(made.seeds, most=10) or NOT_MEASURED,
            "Run": made.run_id,
            "Finished (UTC)": made.finished_at,
            "Record schema": str(evaluation.schema_version),
        }
    )
    return Section(
        id="provenance",
        title="Provenance",
        reading="What it takes to make these numbers again.",
        term="Content digests of snapshot, definition and code; versions of the libraries that computed.",
        blocks=[facts, TableBlock("Versions", {"Library": "text", "Version": "text"}, list(versions))],
    )
