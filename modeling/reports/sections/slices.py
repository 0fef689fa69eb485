"""The section on whom the champion works for.

Belongs here: the score of each group of people or things, and the gaps between groups. Does not belong here: finding
groups and scoring them (`modeling.evaluation.slices`).
"""

from itertools import groupby

from modeling.core.record import Evaluation, Slice
from modeling.reports import charts
from modeling.reports.document import Block, Columns, FactList, Figure, Paragraph, Section, TableBlock
from modeling.reports.sections.figures import figure
from modeling.reports.wording import NOT_MEASURED, count, metric_title, number, with_interval

_SLICES_IN_THE_FIGURE = 30


def slices(evaluation: Evaluation) -> Section:
    """The metric by group of test rows, with the gaps between groups."""
    title = metric_title(evaluation.metric)
    blocks: list[Block] = [Paragraph(f"Slices: {NOT_MEASURED}.")]
    if evaluation.slices:
        events: Columns = {f"Of these {evaluation.called[-1]}": "number"} if len(evaluation.classes) == 2 else {}
        columns: Columns = {
            "Group": "text",
            "Test rows": "number",
            **events,
            f"{title} (95% interval)": "number",
            "Note": "text",
        }
        rows = [_slice_row(evaluation, part) for part in evaluation.slices]
        blocks = [*_slices_figure(evaluation), _gaps(evaluation), TableBlock("Groups", columns, rows)]
    return Section(
        id="slices",
        title="Who it works for",
        reading="The same score for groups of people or things. Wide ranges mean few rows: a difference between groups "
        "counts only where the ranges barely overlap.",
        term=f"{title} on the sealed test by slice, 95% bootstrap intervals; slices with too few rows are not scored.",
        blocks=blocks,
    )


def _group(part: Slice) -> str:
    return f"{part.column} = {part.level}"


def _slice_row(evaluation: Evaluation, part: Slice) -> list[str]:
    positives = [count(part.positives)] if len(evaluation.classes) == 2 else []
    return [_group(part), count(part.rows), *positives, with_interval(part.metric), part.note]


def _slices_figure(evaluation: Evaluation) -> list[Figure]:
    measured = [part for part in evaluation.slices if part.metric is not None]
    largest = {id(part) for part in sorted(measured, key=lambda part: -part.rows)[:_SLICES_IN_THE_FIGURE]}
    estimates = [charts.Estimate(_group(part), part.metric) for part in measured if part.metric and id(part) in largest]
    if not estimates:
        return []
    overall, title = evaluation.champion.test[evaluation.metric], metric_title(evaluation.metric)
    chart = charts.forest(estimates, f"{title} on the sealed test", reference=overall.value)
    text = f"{title} by group: " + ", ".join(f"{e.name} {with_interval(e.interval)}" for e in estimates[:6])
    rest = len(measured) - len(estimates)
    caption = "The dashed line is the champion on all test rows." + (
        f" The {len(estimates)} groups with most rows are drawn; {rest} more are in the table." if rest else ""
    )
    return [figure(evaluation, chart, text, caption)]


def _gaps(evaluation: Evaluation) -> Block:
    """The largest gap of all; in older records, that of every column, without an interval."""
    gap = evaluation.largest_slice_gap
    if gap is None:
        return FactList(_gaps_by_column(evaluation.slices))
    beyond = gap.gap.low is not None and gap.gap.low > 0
    return Paragraph(
        f"The largest gap: {gap.column} = {gap.better} is served better than {gap.worse} by {with_interval(gap.gap)} "
        f"{metric_title(evaluation.metric)}. Its interval allows for the {gap.pairs:,} pairs of groups that were "
        f"compared: {'it is more than chance' if beyond else 'it may be chance'}."
    )


def _gaps_by_column(parts: list[Slice]) -> dict[str, str]:
    """Column -> largest difference of the metric between two of its measured groups."""
    gaps = dict[str, str]()
    for column, members in groupby(sorted(parts, key=lambda part: part.column), key=lambda part: part.column):
        values = [part.metric.value for part in members if part.metric is not None]
        gaps[f"Largest gap, {column}"] = number(max(values) - min(values)) if len(values) > 1 else NOT_MEASURED
    return gaps
