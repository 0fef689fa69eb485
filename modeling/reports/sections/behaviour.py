"""Sections on how the champion behaves beyond its score.

Belongs here: curves, confusion, residuals. Does not belong here: its scores and what it is compared with (`champion`),
its probabilities (`calibration`), acting on them (`decision`), what it relies on (`importance`), or whom it works for
(`slices`).
"""

from altair.typing import ChartType

from modeling.core.record import Evaluation
from modeling.reports import charts
from modeling.reports.document import Block, Columns, Paragraph, Section, TableBlock
from modeling.reports.sections.figures import figure
from modeling.reports.wording import NOT_MEASURED, count, number, share

_CLASSES_IN_A_TABLE = 12
_BANDS = {"residual_p50": "median", "residual_p10": "10% are below", "residual_p90": "10% are above"}


def curves(evaluation: Evaluation) -> Section:
    """ROC and precision-recall curves on the sealed test, where they were measured."""
    drawn: dict[str, ChartType] = {}
    if "roc" in evaluation.curves:
        drawn["ROC"] = charts.roc(evaluation.curves["roc"])
    if "precision_recall" in evaluation.curves:
        drawn["Precision and recall"] = charts.precision_recall(
            evaluation.curves["precision_recall"], event_share(evaluation)
        )
    blocks: list[Block] = []
    if drawn:
        text = f"{' and '.join(drawn)} of the champion on the sealed test, beside guessing."
        caption = (
            "The further the solid line keeps above the dotted one, the better. "
            "ROC: events found against false alarms. Precision and recall: of those flagged, the share that are events."
        )
        blocks.append(figure(evaluation, charts.panels(drawn, columns=2), text, caption))
    blocks.append(_decision_curve(evaluation))
    return Section(
        id="curves",
        title="Curves",
        reading="How the champion trades finding events against raising false alarms, over every threshold one could "
        "set.",
        term="ROC, precision-recall and decision curve (net benefit, Vickers & Elkin 2006) on the sealed test.",
        blocks=blocks or [Paragraph(f"Curves: {NOT_MEASURED}.")],
    )


def event_share(evaluation: Evaluation) -> float | None:
    """The share of events among the test rows, by the confusion matrix; None where it was not measured."""
    if evaluation.confusion is None:
        return None
    return sum(evaluation.confusion[-1]) / sum(map(sum, evaluation.confusion))


def _decision_curve(evaluation: Evaluation) -> Block:
    model = evaluation.curves.get("net_benefit")
    if model is None:
        return Paragraph(f"Decision curve: {NOT_MEASURED}.")
    chart = charts.net_benefit(model, evaluation.curves.get("net_benefit_all"))
    text = "Net benefit of acting on the model, of always acting and of never acting, by threshold probability."
    caption = "Where the solid line is the highest of the three, using the model is worth more than a fixed policy."
    return figure(evaluation, chart, text, caption)


def confusion(evaluation: Evaluation) -> Section:
    """The confusion matrix of the sealed test."""
    return Section(
        id="confusion",
        title="Which classes are confused",
        reading="Each row is what a case really was, each column what the champion called it; the diagonal is right.",
        term="Counts on the sealed test, the most probable class predicted.",
        blocks=[confusion_table(evaluation)],
    )


def confusion_table(evaluation: Evaluation) -> Block:
    """The whole matrix; with many classes, the pairs confused most."""
    matrix, classes = evaluation.confusion, evaluation.called
    if matrix is None:
        return Paragraph(f"Confusion: {NOT_MEASURED}.")
    if len(classes) > _CLASSES_IN_A_TABLE:
        return _confused_most(matrix, classes)
    rows = [
        [f"truly {name}", *map(count, row), share(row[index], sum(row))]
        for index, (name, row) in enumerate(zip(classes, matrix, strict=True))
    ]
    columns: Columns = {"Test rows": "text", **{f"called {name}": "number" for name in classes}, "Right": "number"}
    return TableBlock("Confusion: true class by predicted class", columns, rows)


def _confused_most(matrix: list[list[int]], classes: list[str]) -> TableBlock:
    pairs = [
        (rows, true, called)
        for true, row in zip(classes, matrix, strict=True)
        for called, rows in zip(classes, row, strict=True)
        if true != called and rows
    ]
    rows = [[true, called, count(rows)] for rows, true, called in sorted(pairs, reverse=True)[:_CLASSES_IN_A_TABLE]]
    caption = f"The {len(rows)} confusions seen most, of {len(classes)} classes"
    return TableBlock(caption, {"Truly": "text", "Called": "text", "Test rows": "number"}, rows)


def residuals(evaluation: Evaluation) -> Section:
    """How large errors are, over all rows and by the predicted number."""
    curve = evaluation.curves.get("residual_quantiles")
    bands = {name: evaluation.curves[key] for key, name in _BANDS.items() if key in evaluation.curves}
    drawn: dict[str, ChartType] = {}
    if curve is not None:
        drawn["All test rows, sorted by residual"] = charts.residual_quantiles(curve)
    if bands:
        drawn["By predicted value"] = charts.residual_bands(bands)
    blocks: list[Block] = [Paragraph(f"Residuals: {NOT_MEASURED}.")]
    if drawn:
        spread = f", from {number(curve.y[0])} to {number(curve.y[-1])}" if curve else ""
        text = f"Residuals on the test rows, target minus prediction{spread}."
        caption = (
            "Close to the dashed zero line: small errors. Steep ends: a few rows are missed by far. By predicted "
            "value, a median away from zero means that the model promises too little (above) or too much (below) there."
        )
        blocks = [figure(evaluation, charts.panels(drawn, columns=2), text, caption)]
    return Section(
        id="residuals",
        title="Residuals",
        reading="How far the predictions are from what happened, from the largest error in one direction to the "
        "largest in the other, in the target's unit.",
        term="Residual = target − prediction on the sealed test; its quantile function, and its 10, 50 and 90% "
        "quantiles in bins of equal count by prediction.",
        blocks=blocks,
    )
