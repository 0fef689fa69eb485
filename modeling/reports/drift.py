"""The report on one delivery: has the data changed since the model learned?

Belongs here: what is said of a comparison, and in which order. Does not belong here: any measure (`modeling.drift`), or
the pictures (`drift_charts`).
"""

from modeling.core.report import Report
from modeling.drift.record import CHECKS, NEW_ROWS, Column, DriftComparison
from modeling.reports import drawing, drift_charts
from modeling.reports.document import (
    Block,
    Bullets,
    Cell,
    Columns,
    Document,
    FactList,
    Figure,
    Measure,
    Paragraph,
    Section,
    Status,
    TableBlock,
)
from modeling.reports.judgements import passed
from modeling.reports.rendering import render as render_document
from modeling.reports.wording import NOT_MEASURED, count, number, value_and_bounds, with_interval

_CAME = {
    "append": "Rows were added; those that the model's snapshot did not hold are compared.",
    "replace": "The table was replaced; its rows that the model's snapshot did not hold are compared.",
    "nothing new": "No row is new since the model learned: there is nothing to compare.",
    "no reference": "There is no model yet that says which rows it learned from: there is nothing to compare with.",
}
_FOLLOWS = {
    "warn": "the delivery goes through with a warning",
    "retrain": "the delivery goes through, and new models are requested",
    "block": "the delivery is refused",
}


def render(drift: DriftComparison) -> Report:
    """The comparison as a page; `json` is the record itself."""
    document = Document(
        kind="DriftComparison report",
        title=drift.title,
        lead="Has the data changed since the model learned?",
        badges=[],
        verdict=_verdict(drift),
        verdict_reasons=[f"✗ {check.message}." for check in drift.checks if not check.passed],
        measures=_measures(drift),
        summary=[_came(drift)],
        sections=_sections(drift),
        footer=f"{drift.use_case}, snapshot {drift.snapshot[:12]}.",
    )
    return render_document(document, drift.model_dump_json(indent=2))


def _came(drift: DriftComparison) -> str:
    unknown = drift.not_measured.get(NEW_ROWS)
    return f"The table was replaced; {unknown}." if unknown else _CAME[drift.delivery]


def _verdict(drift: DriftComparison) -> Status:
    if drift.delivery in ("nothing new", "no reference"):
        return Status("Nothing to compare")
    return Status("✗ Changed", "bad") if drift.drifted else Status("✓ As before", "good")


def _measures(drift: DriftComparison) -> list[Measure]:
    if not drift.compared:
        return []
    auc, bounds = value_and_bounds(drift.told_apart.auc if drift.told_apart else None)
    worst = drift.columns[0] if drift.columns else None
    return [
        Measure("New rows", count(drift.delivered), f"{count(drift.compared)} of them compared"),
        Measure("Column that moved most", number(worst.effect) if worst else NOT_MEASURED, worst.name if worst else ""),
        Measure("Told from old rows (AUC)", auc, bounds and f"95% interval {bounds}"),
        Measure("Label moved by", number(drift.label.effect) if drift.label else NOT_MEASURED),
    ]


def _sections(drift: DriftComparison) -> list[Section]:
    if not drift.compared:
        return [_bounds(drift)]
    return [_bounds(drift), _columns(drift), _whole(drift), _labels(drift), _performance(drift), _provenance(drift)]


def _bounds(drift: DriftComparison) -> Section:
    rows = [
        [CHECKS[check.name], number(check.bound), number(check.measured), passed(check.passed), check.message]
        for check in drift.checks
    ]
    columns: Columns = {"Check": "text", "Bound": "number", "Measured": "number", "Result": "text", "In words": "text"}
    return Section(
        id="bounds",
        title="Bounds",
        reading=f"How far new rows may differ. Beyond a bound, {_FOLLOWS[drift.on_drift]}.",
        term="A bound counts as passed only where chance alone does not explain it.",
        blocks=[TableBlock("Bounds", columns, rows)],
    )


def _columns(drift: DriftComparison) -> Section:
    bound = drift_charts.bound(drift, "columns_drifted")
    new = [Paragraph(f"New columns, of which nothing can be said: {', '.join(drift.new_columns)}.")]
    return Section(
        id="columns",
        title="Column by column",
        reading="A number's effect is how many standard deviations its distribution moved, any other's the share "
        "of rows that would have to change. Where the share of missing values moved more, that is the effect.",
        term="Wasserstein distance on normal scores (van der Waerden 1952; Ramdas et al. 2017); total variation; share "
        "of dates out of range. Chance: 1.3 times the largest effect between 300 pairs of samples of the "
        "reference, whole groups drawn. Never seen: out of range, or a new level. Stability index: Siddiqi 2006.",
        blocks=[*_measured(drift.columns, bound), *(new if drift.new_columns else [])],
    )


def _measured(columns: list[Column], bound: float) -> list[Block]:
    if not columns:
        return [Paragraph("No column is compared.")]
    text = f"Effects of the columns that moved most: {', '.join(column.name for column in columns[:3])}."
    caption = "How far each column moved; the tick is what chance alone stays below, the dashed line the bound."
    headings: Columns = {
        "Column": "text",
        "Kind": "text",
        "Effect": "number",
        "Chance": "number",
        "Missing": "number",
        "Missing before": "number",
        "Never seen": "number",
        "Stability index": "number",
        "Drifted": "text",
    }
    return [
        Figure(drawing.svg(drift_charts.effects(columns, bound), text), text, caption),
        _distributions(drift_charts.worst_columns(columns)),
        TableBlock("Columns", headings, [_row(column) for column in columns]),
    ]


def _row(column: Column) -> list[Cell]:
    return [
        column.name,
        column.kind,
        number(column.effect),
        number(column.chance),
        f"{column.missing:.1%}",
        f"{column.missing_before:.1%}",
        f"{column.unseen:.1%}",
        number(column.stability),
        Status("yes", "bad") if column.drifted else "no",
    ]


def _distributions(columns: list[Column]) -> Figure:
    names = ", ".join(column.name for column in columns)
    text = f"Shares of values of {names}, when the model learned and in the new rows."
    return Figure(drawing.svg(drift_charts.distributions(columns), text), text, text)


def _whole(drift: DriftComparison) -> Section:
    apart = drift.told_apart
    separated = f"A classifier tells new rows from old with an AUC of {with_interval(apart.auc)}." if apart else ""
    return Section(
        id="whole",
        title="As a whole",
        reading="A classifier is asked whether a row is new. At 0.5 it can only guess: the rows are alike, also in how "
        "their columns hang together. At 1 it is always right. Dates are kept from it.",
        term="Classifier two-sample test (Lopez-Paz & Oquab 2017): boosted trees, five folds of whole groups, "
        "bootstrap over groups.",
        blocks=[Paragraph(separated or f"Not measured: {drift.not_measured['told_apart']}.")],
    )


def _labels(drift: DriftComparison) -> Section:
    label = drift.label
    return Section(
        id="labels",
        title="Labels",
        reading="Whether the outcome that is predicted has become more or less frequent, larger or smaller.",
        blocks=[_distributions([label]) if label else Paragraph(f"Not measured: {drift.not_measured['label']}.")],
    )


def _performance(drift: DriftComparison) -> Section:
    measured = drift.performance
    blocks: list[Block]
    if measured is None:
        blocks = [Paragraph(f"Not measured: {drift.not_measured['performance']}.")]
    else:
        now, before = with_interval(measured.now), with_interval(measured.on_record)
        text = f"{measured.metric}: {now} on new rows, {before} on record"
        lost = f"Share of its lift over the trivial baseline that is lost: {with_interval(measured.lost)}."
        blocks = [Figure(drawing.svg(drift_charts.scores(drift), text), text, f"{text}."), Bullets([lost])]
    return Section(
        id="performance",
        title="The model on the new rows",
        reading="The model that serves predicts the new rows, whose labels are known, and is scored as it was on the "
        "sealed test.",
        term="Bootstrap over groups; the two samples are independent.",
        blocks=blocks,
    )


def _provenance(drift: DriftComparison) -> Section:
    facts = {
        "Snapshot": drift.snapshot,
        "Compared with the rows of": drift.reference or NOT_MEASURED,
        "Rows the model learned from": count(drift.learned),
        "New rows": count(drift.delivered),
        "New rows compared": count(drift.compared),
    }
    return Section(
        id="provenance",
        title="Provenance",
        reading="Which rows were compared.",
        blocks=[FactList(facts)],
    )
