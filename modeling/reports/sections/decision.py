"""The section on acting on predictions.

Belongs here: the threshold, what it promised and kept, what it costs. Does not belong here: choosing it
(`modeling.evaluation.decision`), or what the probabilities are worth by themselves (`calibration`).
"""

from modeling.core.record import Evaluation, OperatingPoint
from modeling.reports import charts
from modeling.reports.document import Block, Cell, Columns, FactList, Paragraph, Section, Status, TableBlock
from modeling.reports.sections.behaviour import confusion_table
from modeling.reports.sections.figures import figure
from modeling.reports.wording import NOT_MEASURED, number, with_interval

_SHARES = {"recall": "Recall (events found)", "specificity": "Specificity (others left alone)"}


def decision(evaluation: Evaluation) -> Section:
    """The threshold, what it promised and kept, and what acting always or never would cost."""
    made = evaluation.decision
    blocks: list[Block] = [Paragraph(f"Decision threshold: {NOT_MEASURED}.")]
    if made is not None:
        text = (
            f"Cost per 1,000 rows: model {with_interval(made.cost_per_1000)}, always acting "
            f"{number(made.cost_per_1000_always)}, never acting {number(made.cost_per_1000_never)}."
        )
        caption = "Cost of the three policies on the sealed test, in the unit the costs are stated in; less is better."
        blocks = [_facts(evaluation, made), *_promises(made), figure(evaluation, charts.costs(made), text, caption)]
    return Section(
        id="decision",
        title="The decision and what it costs",
        reading="A probability becomes an action at a threshold. This one is the cheapest on validation rows for the "
        "stated costs of a false alarm and of a missed event; other costs move it.",
        term="Threshold chosen on validation rows, measured on the sealed test, 95% intervals.",
        blocks=[*blocks, confusion_table(evaluation)],
    )


def _facts(evaluation: Evaluation, made: OperatingPoint) -> FactList:
    return FactList(
        {
            "The event": evaluation.called[-1],
            "Threshold": number(made.threshold),
            "A false alarm costs": number(made.cost_false_positive),
            "A missed event costs": number(made.cost_false_negative),
            _SHARES["recall"]: with_interval(made.recall),
            _SHARES["specificity"]: with_interval(made.specificity),
            "Precision (alarms right)": with_interval(made.precision),
            "Cost per 1,000 rows": with_interval(made.cost_per_1000),
        }
    )


def _promises(made: OperatingPoint) -> list[Block]:
    """What the threshold had on validation rows beside what it has on the test; nothing of older records."""
    on_test = {"recall": made.recall, "specificity": made.specificity}
    rows: list[list[Cell]] = [
        [
            _SHARES[name],
            with_interval(promise.validation),
            with_interval(on_test[name]),
            with_interval(promise.change, sign="+"),
            Status("moved", "caution") if promise.moved else Status("kept", "good"),
        ]
        for name, promise in made.promises.items()
    ]
    columns: Columns = {
        "At the threshold": "text",
        "Validation rows": "number",
        "Sealed test": "number",
        "Change": "number",
        "Promise": "text",
    }
    caption = "What the threshold promised and what the test gave: moved where the change is more than chance"
    return [TableBlock(caption, columns, rows)] if rows else []
