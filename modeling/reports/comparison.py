"""What the reports on several use cases share.

Belongs here: the table and the picture of use cases side by side, and their summary as data. Does not belong here:
what an industry or a market concludes from it.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from altair.typing import ChartType

from modeling.core.record import Evaluation, Gate, Lift
from modeling.reports import charts, drawing
from modeling.reports.document import Cell, Columns, Figure, Link, Section, Status, TableBlock
from modeling.reports.judgements import decisive, evidence_badge, failed_gates, outcome
from modeling.reports.wording import count, is_simple, lift_over_simple, metric_title, seconds, with_interval


def linked(text: str, key: str, links: Mapping[str, str]) -> Cell:
    """`text`, as a link where the use case `key` has a report among `links`."""
    return Link(text, links[key]) if key in links else text


def summary(evaluation: Evaluation, retired: str | None) -> dict[str, Any]:
    """The headline of a use case as JSON types. `retired`: since when, or why."""
    champion, metric = evaluation.champion, evaluation.metric
    over_simple = evaluation.lift_over_simple
    return {
        "title": evaluation.title,
        "task": evaluation.task,
        "metric": metric,
        "evidence": evaluation.evidence,
        "data_version": evaluation.data_version,
        "rows": evaluation.rows.model_dump(),
        "champion": {"learner": champion.learner, "test": {metric: champion.test[metric].model_dump()}},
        "lift": evaluation.lift.model_dump(),
        "lift_over_simple": over_simple and over_simple.model_dump(),
        "published": evaluation.published,
        "verdict": evaluation.verdict.model_dump(),
        "retired": retired,
        "failed_gates": [gate.name for gate in failed_gates(evaluation)],
        "seconds": evaluation.seconds,
        "run_id": evaluation.provenance.run_id,
    }


def overview(evaluations: Mapping[str, Evaluation], links: Mapping[str, str], retired: Mapping[str, str]) -> TableBlock:
    """Use cases, one a row: the question of each and where it stands. `retired`: key -> since when, or why."""
    columns: Columns = {
        "Use case": "text",
        "Question": "text",
        "Verdict": "text",
        "Evidence": "text",
        "Champion": "text",
        "Test rows": "number",
        "Compute time": "number",
    }
    rows: list[list[Cell]] = [
        [
            linked(key, key, links),
            item.title,
            Status(f"retired: {retired[key]}", "caution") if key in retired else outcome(item),
            evidence_badge(item),
            item.champion.learner,
            count(item.rows.test),
            seconds(item.seconds),
        ]
        for key, item in evaluations.items()
    ]
    return TableBlock("Use cases", columns, rows)


def scores(evaluations: Mapping[str, Evaluation], links: Mapping[str, str]) -> TableBlock:
    """What the champions reached. Metrics differ from row to row, so each row names its own."""
    columns: Columns = {
        "Use case": "text",
        "Metric": "text",
        "Champion": "number",
        "Lift over baseline": "number",
        "Baseline": "text",
        "Lift over simple model": "number",
        "Simple model": "text",
    }
    rows: list[list[Cell]] = [
        [
            linked(name(key, item), key, links),
            f"{metric_title(item.metric)} {'↑' if item.greater_is_better else '↓'}",
            with_interval(item.champion.test[item.metric]),
            with_interval(item.lift),
            _verdict(item.lift),
            *_over_simple(item),
        ]
        for key, item in evaluations.items()
    ]
    return TableBlock("On the sealed test, with 95% intervals (↑ higher is better, ↓ lower is better)", columns, rows)


def _over_simple(evaluation: Evaluation) -> list[Cell]:
    if is_simple(evaluation):
        return ["–", f"{evaluation.champion.learner}: the champion"]
    lift = lift_over_simple(evaluation)
    return [with_interval(lift), _verdict(lift)]


def _verdict(lift: Lift | None) -> Status:
    """Which learner the champion is compared with, and whether it is decisively better."""
    verdict = decisive(lift)
    return verdict if lift is None else Status(f"{lift.over}: {verdict.text}", verdict.tone)


def lifts(evaluations: Mapping[str, Evaluation]) -> list[Figure]:
    """Lift over the baseline, a panel with its own scale for every metric."""
    metrics = list(dict.fromkeys(evaluation.metric for evaluation in evaluations.values()))
    panels = {metric_title(metric): _panel(metric, evaluations) for metric in metrics}
    if not panels:
        return []
    text = "Lift over the trivial baseline: " + ", ".join(
        f"{name(key, item)} {with_interval(item.lift)} {metric_title(item.metric)}" for key, item in evaluations.items()
    )
    caption = "Each panel has its own metric and scale: lengths are comparable within a panel, never between panels."
    label = _label(evaluations)
    return [Figure(drawing.svg(charts.panels(panels), text, label), text, caption, label)]


def _panel(metric: str, evaluations: Mapping[str, Evaluation]) -> ChartType:
    estimates = [
        charts.Estimate(name(key, item), item.lift, main=item.evidence == "real")
        for key, item in evaluations.items()
        if item.metric == metric
    ]
    return charts.forest(estimates, f"lift over the trivial baseline, {metric_title(metric)}", reference=0)


def name(key: str, evaluation: Evaluation) -> str:
    """A use case as a figure names it, with its evidence unless that is real."""
    return key if evaluation.evidence == "real" else f"{key} ({evaluation.evidence})"


def _label(evaluations: Mapping[str, Evaluation]) -> str | None:
    kinds = sorted({item.evidence for item in evaluations.values()} - {"real"})
    return f"INCLUDES {' AND '.join(kind.upper() for kind in kinds)} DATA" if kinds else None


def closest_gate(evaluations: Iterable[Evaluation]) -> Gate | None:
    """The gate with the least room: a failed one first, else the bound (`min_…`, `max_…`) whose distance to what was
    measured is smallest, relative to the larger of the two. Yes-or-no gates that passed have no distance."""
    gates = [gate for evaluation in evaluations for gate in evaluation.gates]
    deciding = [gate for gate in gates if not gate.passed or gate.name.startswith(("min_", "max_"))]
    return min(deciding, key=lambda gate: (gate.passed, _room(gate)), default=None)


def _room(gate: Gate) -> float:
    if gate.measured is None:
        return 0.0
    size = max(abs(gate.bound), abs(gate.measured))
    return abs(gate.measured - gate.bound) / size if size else 0.0


def gate_in_words(gate: Gate | None) -> str:
    """What the gate found, and whether it passed."""
    return f"{gate.message} ({'passed' if gate.passed else 'failed'})" if gate else "no bound set"


def left_out(unreadable: Mapping[str, str]) -> list[Section]:
    """The evaluations and reports that can't be read, each with the reason; nothing where all can."""
    if not unreadable:
        return []
    columns: Columns = {"Of": "text", "Why": "text"}
    return [
        Section(
            id="left-out",
            title="Left out",
            reading="What could not be read. No figure of this report counts an evaluation that is named here.",
            blocks=[TableBlock("Not read", columns, [list(one) for one in unreadable.items()])],
        )
    ]
