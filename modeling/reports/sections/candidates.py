"""Sections on all candidates: how they did on validation rows, and what they cost.

Belongs here: validation scores, how far each is behind the best, learning curves, settings, costs. Does not belong
here: the sealed test (`champion`).
"""

from modeling.core.record import CandidateResult, Evaluation
from modeling.reports import charts
from modeling.reports.document import (
    Block,
    Bullets,
    Cell,
    Columns,
    FactList,
    Figure,
    Paragraph,
    Section,
    Status,
    TableBlock,
)
from modeling.reports.sections.figures import figure
from modeling.reports.wording import (
    NOT_MEASURED,
    count,
    listing,
    metric_title,
    number,
    numbers,
    primary_first,
    seconds,
    with_error,
)


def candidates(evaluation: Evaluation) -> Section:
    """Every candidate with its validation scores, and how far it is from the best."""
    rows = evaluation.candidates
    reasons = [f"Device {row.device}: {row.device_reason}." for row in rows]
    cuts = [f"{row.learner} was cut short by a clock: {row.cut}" for row in rows if row.cut]
    notes = [f"{row.learner}: {note}" for row in rows for note in row.notes]
    remarks = list(dict.fromkeys(cuts + reasons + notes))
    return Section(
        id="candidates",
        title="All candidates",
        reading="Every model that was tried. The champion was chosen here, on validation rows, before the sealed test "
        "was opened.",
        term="Learning curves show the loss each learner minimises; their scales differ.",
        blocks=[
            Paragraph(f"Chosen: {evaluation.champion.chosen_by}."),
            _validation_scores(evaluation),
            *_standing(evaluation),
            _costs(evaluation),
            *([Bullets(remarks)] if remarks else []),
            *_learning(evaluation),
            *_parameters(rows),
        ],
    )


def _validation_scores(evaluation: Evaluation) -> TableBlock:
    rows = evaluation.candidates
    metrics = primary_first(evaluation, {name for row in rows for name in row.validation})
    return TableBlock(
        "Candidates on the validation rows",
        {"Candidate": "text", "Family": "text", **{metric_title(name): "number" for name in metrics}},
        [[_name(row), row.family, *scores] for row, scores in zip(rows, _validation(rows, metrics), strict=True)],
    )


def _standing(evaluation: Evaluation) -> list[Block]:
    """How far each candidate is behind the best; nothing in records made before that was asked."""
    compared = [row for row in evaluation.candidates if row.best_ahead is not None]
    if not compared:
        return []
    title, best = metric_title(evaluation.metric), evaluation.champion.best
    rows: list[list[Cell]] = [
        [
            _name(row),
            "–" if row.learner == best else with_error(row.best_ahead),
            _rank(row, best),
        ]
        for row in compared
    ]
    columns: Columns = {"Candidate": "text", f"Behind by, {title}": "number", "Standing": "text"}
    caption = f"How far each is behind the best, {best}: paired difference ± one standard error, the cheapest first"
    return [TableBlock(caption, columns, rows)]


def _rank(candidate: CandidateResult, best: str) -> Status:
    if candidate.learner == best:
        return Status("best expected score", "good")
    if candidate.best_ahead is None or candidate.best_ahead.standard_error is None:
        return Status("not told apart")
    return Status("behind") if candidate.best_ahead.shown else Status("as good, within one standard error", "good")


def _name(candidate: CandidateResult) -> str:
    return f"★ {candidate.learner} (champion)" if candidate.champion else candidate.learner


def _validation(rows: list[CandidateResult], metrics: list[str]) -> list[list[str]]:
    """Scores as text, a list a candidate; a metric's decimals agree between candidates."""
    columns = [numbers([row.validation.get(name) for row in rows]) for name in metrics]
    return [[column[index] for column in columns] for index in range(len(rows))]


def _costs(evaluation: Evaluation) -> TableBlock:
    columns: Columns = {
        "Candidate": "text",
        "Time": "number",
        "Peak memory": "number",
        "Predictions a second": "number",
        "Device": "text",
    }
    rows = [
        [
            _name(row),
            seconds(row.seconds),
            f"{count(round(row.peak_memory_mb))} MB",
            number(row.predictions_per_second),
            f"{row.device}, {row.precision}",
        ]
        for row in evaluation.candidates
    ]
    return TableBlock("What fitting them took", columns, rows)


def _learning(evaluation: Evaluation) -> list[Figure]:
    curves = {row.learner: charts.learning(row.curve) for row in evaluation.candidates if row.curve}
    if not curves:
        return []
    text = f"Loss on training rows and on those held out to stop by, while {listing(list(curves))} learned."
    caption = (
        "Loss while learning, lower is better. Loss on held-out rows that rises while training loss falls is "
        "overfitting; the best point is the one kept."
    )
    return [figure(evaluation, charts.panels(curves, columns=3), text, caption)]


def _parameters(rows: list[CandidateResult]) -> list[TableBlock]:
    listed = [
        [row.learner, ", ".join(f"{name} = {value}" for name, value in row.parameters.items())]
        for row in rows
        if row.parameters
    ]
    columns: Columns = {"Candidate": "text", "Settings it was fitted with": "text"}
    return [TableBlock("Parameters", columns, listed)] if listed else []


def cost(evaluation: Evaluation) -> Section:
    """Seconds, memory and speed of the fits."""
    memory = [row.peak_memory_mb for row in evaluation.candidates]
    facts = FactList(
        {
            "All fits and the evaluation": seconds(evaluation.seconds),
            "Highest peak memory of a fit": f"{count(round(max(memory)))} MB" if memory else NOT_MEASURED,
            "Champion's throughput": f"{number(evaluation.champion.predictions_per_second)} predictions a second",
            "Energy": NOT_MEASURED,
            "Price per 1,000": NOT_MEASURED,
        }
    )
    return Section(
        id="cost",
        title="Cost and time",
        reading="What training and using the model takes on the machine it was made on.",
        term="Wall-clock seconds; throughput on batches, without network or storage.",
        blocks=[facts],
    )
